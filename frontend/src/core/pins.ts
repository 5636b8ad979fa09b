/** Several selections at once: one is inspected, the others are pinned where they stand. */

import type { Selection } from "./types.ts";

export function isSame(a: Selection | null, b: Selection | null): boolean {
  if (a === null || b === null) return a === b;
  const steps = [a, b].map((one) => ("step" in one ? one.step : null));
  return a.kind === b.kind && a.id === b.id && steps[0] === steps[1];
}

export interface Chosen {
  selection: Selection | null;
  pins: readonly Selection[];
}

/** A selection keeps its step once another is looked at: without one it follows the page's. */
function fixed(selection: Selection, step: number): Selection {
  return selection.kind === "parameter" || selection.step !== null
    ? selection
    : { ...selection, step };
}

/** One more: what was inspected is pinned. What is chosen already is given up instead. */
export function added(chosen: Chosen, next: Selection, step: number): Chosen {
  const now = chosen.selection && fixed(chosen.selection, step);
  const wanted = fixed(next, step);
  if (isSame(now, wanted)) {
    return { selection: chosen.pins.at(-1) ?? null, pins: chosen.pins.slice(0, -1) };
  }
  const others = chosen.pins.filter((pin) => !isSame(pin, wanted));
  if (others.length < chosen.pins.length) return { selection: chosen.selection, pins: others };
  return { selection: next, pins: now ? [...others, now] : others };
}

/** A pin is inspected, and what was inspected is pinned in its place. */
export function turnedTo(chosen: Chosen, pin: Selection, step: number): Chosen {
  const now = chosen.selection && fixed(chosen.selection, step);
  const pins = chosen.pins.flatMap((one) => (isSame(one, pin) ? (now ? [now] : []) : [one]));
  return { selection: pin, pins };
}

/** "h@3,parameter:W_f,edge:h-f-W_f@2", as links hold them. */
export function writePins(pins: readonly Selection[]): string {
  return pins
    .map((pin) => {
      const name = pin.kind === "node" ? pin.id : `${pin.kind}:${pin.id}`;
      return "step" in pin && pin.step !== null ? `${name}@${pin.step}` : name;
    })
    .join(",");
}

export function readPins(text: string): Selection[] | undefined {
  const pins = text.split(",").flatMap((one): Selection[] => {
    const [, kind = "node", id = "", at] =
      /^(?:(parameter|edge):)?(.+?)(?:@(-?\d+))?$/u.exec(one) ?? [];
    if (!id) return [];
    if (kind === "parameter") return [{ kind, id }];
    const step = at === undefined ? null : Number(at);
    return [{ kind: kind === "edge" ? "edge" : "node", id, step }];
  });
  return pins.length > 0 ? pins : undefined;
}
