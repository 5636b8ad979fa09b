/** Chunks and frames from nested numbers, as the service makes them. */
import type { Chunk, Frame } from "../src/api/frames.ts";
import type { Nested } from "../src/api/wire.ts";
import { flatten } from "../src/state/trace.ts";

/** A chunk as the page reads it: of every variable a list over the steps. */
export function chunk(
  event: Chunk["event"],
  from: number,
  to: number,
  values: Record<string, Nested[]>,
): Chunk {
  const flat = Object.entries(values).map(([name, steps]) => [name, flatten(steps)]);
  return { event, domain: "time", from, to, values: Object.fromEntries(flat) };
}

/** An event as bytes of the wire; each step counts as one row. */
export function frame(event: Frame): Uint8Array {
  const isChunk = event.event === "steps" || event.event === "gradients";
  const arrays = isChunk ? Object.entries(event.values) : [];
  const steps = isChunk ? Math.abs(event.to - event.from) + 1 : 1;
  const shapes = arrays.map(([name, each]) => [name, [steps, each.length / steps]]);
  const numbers = arrays.map(([, each]) => new Uint8Array(each.slice().buffer));
  const bytes = numbers.reduce((total, each) => total + each.length, 0);
  const header = isChunk ? { ...event, values: Object.fromEntries(shapes), bytes } : event;
  return joined([new TextEncoder().encode(`${JSON.stringify(header)}\n`), ...numbers]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, each) => total + each.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
