/** Pointer, wheel and pinch on the stage: hover points, a click selects, a drag pans, wheel and pinch zoom. */

import { hit } from "../core/hit.ts";
import { columnX } from "../core/pose.ts";
import type { Selection } from "../core/types.ts";
import { toScreen, toWorld } from "../core/view.ts";
import type { Stage } from "./stage.ts";

export interface Gestured {
  onPoint(focus: Selection | null): void;
  /** With Shift, or the key that stands for it, beside what is selected. */
  onSelect(focus: Selection | null, isAdding: boolean): void;
  onStep(step: number): void;
  /** A black square was pressed: the loop opens. */
  onUnfold(): void;
  /** A node was pressed twice: it opens into its operations, with Shift at this step alone. */
  onOpen(id: string, isAlone: boolean): void;
}

const CLICK = 5;
const TWICE = 500; // milliseconds between the two clicks of a double click
const REACH = 7;

function focusAt(stage: Stage, x: number, y: number): Selection | null {
  const camera = stage.camera();
  const [worldX, worldY] = toWorld(camera, stage.size, x, y);
  return hit(stage.pose(), stage.nodes, worldX, worldY, REACH / camera.scale);
}

function isOnSquare(stage: Stage, x: number, y: number): boolean {
  const pose = stage.pose();
  if (pose.progress > 0) return false;
  const camera = stage.camera();
  return stage.template.edges.some((edge) => {
    if (!edge.square) return false;
    const world = columnX(pose, edge.band, pose.anchor) + edge.square.x;
    const [middleX, middleY] = toScreen(camera, stage.size, world, edge.square.y);
    return Math.abs(middleX - x) < 9 && Math.abs(middleY - y) < 9;
  });
}

/** The step whose number stands at a place under the columns, if any. */
function numberAt(stage: Stage, x: number, y: number): number | null {
  const pose = stage.pose();
  if (pose.progress < 1) return null;
  const camera = stage.camera();
  const [worldX, worldY] = toWorld(camera, stage.size, x, y);
  if (worldY < pose.template.height && y < stage.size.height - 26) return null;
  const step = Math.round(worldX / pose.template.pitch) + 1;
  const isNear = Math.abs(worldX / pose.template.pitch + 1 - step) < 0.4;
  return isNear && step >= 1 && step <= Math.max(...pose.lengths) ? step : null;
}

/** Whether a press adds to what is chosen. */
export function isAdding(event: MouseEvent | KeyboardEvent): boolean {
  return event.shiftKey || event.ctrlKey || event.metaKey;
}

/** Listens until the signal aborts. */
export function listen(
  element: HTMLElement,
  stage: () => Stage | null,
  act: () => Gestured,
  signal: AbortSignal,
): void {
  const pressed = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let pinch = 0;
  let first: { id: string; x: number; y: number; at: number } | null = null;
  let isSecond = false;

  const place = (event: MouseEvent): [number, number] => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  // The first click selects, and what then opens beside the figure moves it: a second one at that
  // place is for the node that the first has hit, whatever lies there now.
  window.addEventListener(
    "pointerdown",
    (event) => {
      const { clientX: x, clientY: y, timeStamp } = event;
      isSecond =
        first !== null &&
        event.button === 0 &&
        timeStamp - first.at < TWICE &&
        Math.hypot(x - first.x, y - first.y) <= CLICK;
      if (isSecond) event.stopPropagation();
      else first = null;
    },
    { signal, capture: true },
  );
  const swallow = (event: MouseEvent): void => {
    if (!isSecond || event.detail === 0) return; // a key that presses a button has no detail
    event.stopPropagation();
    event.preventDefault();
  };
  window.addEventListener(
    "pointerup",
    (event) => {
      if (!isSecond || !first) return;
      event.stopPropagation();
      act().onOpen(first.id, event.shiftKey);
      first = null;
    },
    { signal, capture: true },
  );
  for (const kind of ["mousedown", "mouseup", "click", "dblclick"] as const) {
    window.addEventListener(kind, swallow, { signal, capture: true });
  }

  element.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
      travelled = pressed.size > 1 ? CLICK + 1 : 0;
      pinch = 0;
    },
    { signal },
  );

  element.addEventListener(
    "pointermove",
    (event) => {
      const now = stage();
      if (!now) return;
      const last = pressed.get(event.pointerId);
      if (!last) {
        if (event.pointerType !== "touch") {
          const focus = focusAt(now, ...place(event));
          element.style.cursor = focus || isOnSquare(now, ...place(event)) ? "pointer" : "grab";
          act().onPoint(focus);
        }
        return;
      }
      const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
      pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (pressed.size === 2) {
        const [a, b] = [...pressed.values()];
        if (!a || !b) return;
        const spread = Math.hypot(a.x - b.x, a.y - b.y);
        const box = element.getBoundingClientRect();
        if (pinch > 0) {
          const [x, y] = [(a.x + b.x) / 2 - box.left, (a.y + b.y) / 2 - box.top];
          now.zoom(spread / pinch, x, y);
          now.pan(dx / 2, dy / 2);
        }
        pinch = spread;
        return;
      }
      travelled += Math.hypot(dx, dy);
      if (travelled <= CLICK) return;
      element.setPointerCapture(event.pointerId);
      element.style.cursor = "grabbing";
      now.pan(dx, dy);
    },
    { signal },
  );

  const release = (event: PointerEvent): void => {
    const was = pressed.delete(event.pointerId);
    pinch = 0;
    const now = stage();
    element.style.cursor = "grab";
    if (!was || !now || event.type !== "pointerup" || travelled > CLICK) return;
    const at = place(event);
    const step = numberAt(now, ...at);
    if (isOnSquare(now, ...at)) act().onUnfold();
    else if (step !== null) act().onStep(step);
    else {
      const focus = focusAt(now, ...at);
      if (focus?.kind === "node") {
        first = { id: focus.id, x: event.clientX, y: event.clientY, at: event.timeStamp };
      }
      act().onSelect(focus, isAdding(event));
    }
  };
  element.addEventListener("pointerup", release, { signal });
  element.addEventListener("pointercancel", release, { signal });
  element.addEventListener("pointerleave", () => act().onPoint(null), { signal });

  element.addEventListener(
    "wheel",
    (event) => {
      const now = stage();
      if (!now) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
      const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
      if (event.shiftKey || (Math.abs(dx) > Math.abs(dy) && !event.ctrlKey)) {
        now.pan(-(dx || dy), 0);
      } else {
        const speed = event.ctrlKey ? 0.01 : 0.0018;
        now.zoom(Math.exp(-dy * speed), ...place(event));
      }
    },
    { signal, passive: false },
  );

  element.addEventListener(
    "dblclick",
    (event) => {
      const now = stage();
      if (now && !focusAt(now, ...place(event))) now.fit();
    },
    { signal },
  );
}
