/** What lies under a place of the world: found by arithmetic among the few columns around it. */

import {
  type Box,
  boxOf,
  columnOf,
  endsOf,
  exists,
  isSingle,
  type NodeIndex,
  type Pose,
  railSpan,
  singleStep,
  stands,
  stepAt,
  wayOf,
} from "./pose.ts";
import type { PlacedEdge } from "./template.ts";
import type { Selection } from "./types.ts";

const scratch = new Float64Array(64);

function contains(box: Box, x: number, y: number, margin: number): boolean {
  return (
    x >= box.x - margin &&
    x <= box.x + box.width + margin &&
    y >= box.y - margin &&
    y <= box.y + box.height + margin
  );
}

/** `reach` is how near to a line counts as on it, in units of the world. */
export function hit(
  pose: Pose,
  nodes: NodeIndex,
  x: number,
  y: number,
  reach: number,
): Selection | null {
  const near = stepAt(pose, x);
  return hitNode(pose, x, y, near, reach) ?? hitEdge(pose, nodes, x, y, near, reach);
}

function hitNode(pose: Pose, x: number, y: number, near: number, reach: number): Selection | null {
  for (const node of pose.template.nodes) {
    const tree = pose.trees[node.band];
    if (!tree && Math.abs(y - node.y) > node.extent.height / 2 + reach) continue;
    const isOnce = node.place !== "step";
    const spread = pose.progress === 0 ? 0 : 1;
    const [first, last] = tree ? [1, tree.size] : [near - spread, near + spread];
    for (let step = first; step <= last; step++) {
      const column = isOnce ? columnOf(pose, node, null) : step;
      if (!isOnce && !exists(pose, node, column) && pose.progress > 0) continue;
      if (!contains(boxOf(pose, node, column), x, y, Math.min(reach, 3))) continue;
      return { kind: "node", id: node.id, step: isOnce ? null : step };
    }
  }
  return null;
}

function hitEdge(
  pose: Pose,
  nodes: NodeIndex,
  x: number,
  y: number,
  near: number,
  reach: number,
): Selection | null {
  let best = reach;
  let found: Selection | null = null;
  const consider = (edge: PlacedEdge, step: number): void => {
    if (!stands(pose, edge, step, nodes)) return;
    const count = wayOf(pose, edge, step, scratch);
    const distance = distanceToWay(scratch, count, x, y);
    if (distance >= best) return;
    best = distance;
    const [source, target] = endsOf(pose, edge, step);
    const at = typeof target === "number" ? target : typeof source === "number" ? source : null;
    found = { kind: "edge", id: edge.ids[0] ?? edge.key, step: at };
  };
  for (const edge of pose.template.edges) {
    if (isSingle(edge)) {
      consider(edge, singleStep(pose, edge));
      continue;
    }
    const before = pose.progress === 0 ? 0 : 1 + Math.max(0, -edge.delay);
    const after = pose.progress === 0 ? 0 : 1 + Math.max(0, edge.delay);
    const tree = pose.trees[edge.band];
    const [first, last] = tree ? [1, tree.size] : [near - before, near + after];
    for (let step = first; step <= last; step++) consider(edge, step);
  }
  for (const rail of pose.template.rails) {
    const { from, to, y: railY } = railSpan(pose, rail);
    const distance = Math.abs(y - railY) + Math.max(0, from - x, x - to);
    if (distance >= best) continue;
    best = distance;
    found = { kind: "edge", id: rail.ids[0] ?? rail.key, step: null };
  }
  return found;
}

export function distanceToWay(way: Float64Array, count: number, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 1; index < count; index++) {
    const [x1, y1] = [way[index * 2 - 2] ?? 0, way[index * 2 - 1] ?? 0];
    const [x2, y2] = [way[index * 2] ?? 0, way[index * 2 + 1] ?? 0];
    const [dx, dy] = [x2 - x1, y2 - y1];
    const length = dx * dx + dy * dy;
    const share = length === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / length;
    const t = Math.min(Math.max(share, 0), 1);
    least = Math.min(least, Math.hypot(x - x1 - t * dx, y - y1 - t * dy));
  }
  return least;
}
