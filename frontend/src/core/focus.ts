/** Moving from variable to variable and from step to step by keyboard. */

import { exists, type Pose } from "./pose.ts";
import type { PlacedNode } from "./template.ts";
import type { Selection } from "./types.ts";

type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** The next focus, or null at the edge of the drawing. Without a focus the lowest variable of the step is first. */
export function moveFocus(
  pose: Pose,
  focus: Selection | null,
  step: number,
  arrow: Arrow,
): Selection | null {
  const { nodes } = pose.template;
  const current = focus?.kind === "node" ? nodes.find((node) => node.id === focus.id) : undefined;
  if (!current || focus?.kind !== "node") {
    const first = [...nodes].sort((a, b) => b.y - a.y || a.x - b.x)[0];
    return first ? focusOn(first, step) : null;
  }
  const at = focus.step ?? step;
  if (arrow === "ArrowLeft" || arrow === "ArrowRight") {
    const by = arrow === "ArrowRight" ? 1 : -1;
    const length = pose.lengths[current.band] ?? 1;
    if (current.place !== "step") return null;
    const next = at + by;
    const isStep = next >= 1 && next <= length;
    return isStep || (pose.progress === 1 && exists(pose, current, next))
      ? focusOn(current, next)
      : null;
  }
  const ordered = [...nodes].sort((a, b) => b.y - a.y || a.x - b.x);
  const index = ordered.indexOf(current) + (arrow === "ArrowUp" ? 1 : -1);
  const next = ordered[index];
  return next ? focusOn(next, at) : null;
}

function focusOn(node: PlacedNode, step: number): Selection {
  return { kind: "node", id: node.id, step: node.place === "step" ? step : null };
}
