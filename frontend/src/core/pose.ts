/**
 * The template at one moment: folded (0), unfolded (1) or anywhere between, as a pure function. Answers where a
 * node stands at a step, which way a line takes, and which steps a window shows, each by arithmetic.
 */

import { laneOffset } from "./route.ts";
import type { PlacedEdge, PlacedNode, Rail, Template } from "./template.ts";
import { balancedTree, type Children, isLeaf, type Tree, treeOf } from "./tree.ts";
import type { Position } from "./types.ts";

export interface Pose {
  template: Template;
  /** 0 folded, 1 unfolded; eased by the caller. */
  progress: number;
  /** The step whose column stays where it is while the others slide out of it and back. */
  anchor: number;
  /** Steps of each band. */
  lengths: readonly number[];
  /** How each band branches; null where it is a chain. */
  trees: readonly (Tree | null)[];
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A column: a step (boundary positions included), or what stands once. */
export type ColumnAt = number | "head" | "tail";

/** Steps that are drawn before a run has said how many there are. */
const UNKNOWN = 5;

export function poseOf(
  template: Template,
  lengths: Readonly<Record<string, number>>,
  progress: number,
  anchor: number,
  branches: Readonly<Record<string, Children>> = {},
): Pose {
  const trees = template.bands.map(({ domain, levelHeight }) => {
    if (levelHeight === 0) return null;
    const children = branches[domain.name];
    return children ? grown(children) : balancedTree(lengths[domain.name] ?? UNKNOWN);
  });
  const own = template.bands.map((band, index) => {
    if (band.domain.name === "") return 1;
    return trees[index]?.size ?? Math.max(1, lengths[band.domain.name] ?? UNKNOWN);
  });
  return { template, progress, anchor, lengths: own, trees };
}

const shapes = new WeakMap<Children, Tree>();

/** A pose is made for every frame, a tree once. */
function grown(children: Children): Tree {
  const found = shapes.get(children) ?? treeOf(children);
  shapes.set(children, found);
  return found;
}

export function mix(folded: number, unfolded: number, progress: number): number {
  return folded + (unfolded - folded) * progress;
}

/** Middle of a step's column. Step 1 of the unfolded graph stands at 0. */
export function stepX(pose: Pose, step: number, band?: number): number {
  const { pitch } = pose.template;
  const tree = band === undefined ? null : pose.trees[band];
  const own = tree ? (tree.x[step] ?? 0) : step - 1;
  return mix(pose.anchor - 1, own, pose.progress) * pitch;
}

/** By how much a column stands off the lowest level: not at all, on a chain. */
export function columnY(pose: Pose, band: number, column: ColumnAt): number {
  const tree = pose.trees[band];
  if (!tree || typeof column !== "number") return 0;
  const height = pose.template.bands[band]?.levelHeight ?? 0;
  return -(tree.level[column] ?? 0) * height * pose.progress;
}

export function columnX(pose: Pose, band: number, column: ColumnAt): number {
  if (typeof column === "number") return stepX(pose, column, band);
  const placed = pose.template.bands[band];
  if (!placed) return 0;
  if (column === "tail") {
    const offset = placed.tail ?? { folded: 0, unfolded: 0 };
    const last = pose.progress === 0 ? pose.anchor : (pose.lengths[band] ?? 1);
    return stepX(pose, last) + mix(offset.folded, offset.unfolded, pose.progress);
  }
  const offset = placed.head ?? { folded: 0, unfolded: 0 };
  const first = pose.progress === 0 ? pose.anchor : 1 - placed.before;
  const shift = placed.before > 0 ? placed.beforeShift * pose.progress : 0;
  return stepX(pose, first) + shift + mix(offset.folded, offset.unfolded, pose.progress);
}

/** The last step a crown stands above: in the folded drawing the only one. */
export function crownStep(pose: Pose, band: number): number {
  return pose.progress === 0 ? pose.anchor : (pose.lengths[band] ?? 1);
}

/** The column of a place: boundary values stand before the first step and after the last. */
export function columnAt(pose: Pose, band: number, { position, anchor }: Position): number {
  return anchor === "start" ? position : (pose.lengths[band] ?? 1) + position;
}

/** Boundary values stand closer to the steps than a whole column: nothing else is in theirs. */
export function boundaryShift(pose: Pose, band: number, column: ColumnAt): number {
  if (typeof column !== "number") return 0;
  const placed = pose.template.bands[band];
  if (!placed) return 0;
  if (column < 1) return placed.beforeShift * pose.progress;
  return column > (pose.lengths[band] ?? 1) ? placed.beyondShift * pose.progress : 0;
}

export function boxOf(pose: Pose, node: PlacedNode, column: ColumnAt): Box {
  const { width, height } = node.extent;
  const middle = columnX(pose, node.band, column) + node.x + boundaryShift(pose, node.band, column);
  const y = node.y - height / 2 + columnY(pose, node.band, column);
  return { x: middle - width / 2, y, width, height };
}

/** Where a node stands for a step: steps' nodes in that column, the others wherever they stand once. */
export function columnOf(pose: Pose, node: PlacedNode, step: number | null): ColumnAt {
  if (node.place === "head" || node.place === "tail") return node.place;
  if (node.place === "crown") return crownStep(pose, node.band);
  return step ?? pose.anchor;
}

/** The columns of both ends of an edge's copy that ends (or, for what leaves to a rail, begins) at a step. */
export function endsOf(pose: Pose, edge: PlacedEdge, step: number): [ColumnAt, ColumnAt] {
  const fixed = (place: PlacedEdge["sourcePlace"]): ColumnAt | null => {
    if (place === "head" || place === "tail") return place;
    return place === "crown" ? crownStep(pose, edge.band) : null;
  };
  const target = fixed(edge.targetPlace);
  const source = fixed(edge.sourcePlace);
  switch (edge.kind) {
    case "arrive": {
      const from = edge.position ? columnAt(pose, edge.band, edge.position) : 1;
      return [pose.progress === 0 ? pose.anchor : from, target ?? "tail"];
    }
    case "depart":
      return [source ?? "head", edge.position ? columnAt(pose, edge.band, edge.position) : 0];
    case "over":
      return [source ?? "head", target ?? "tail"];
    case "spring":
      return [source ?? "head", source ?? "head"];
    case "sink":
      return [target ?? "tail", target ?? "tail"];
    default: {
      const to = target ?? step;
      const tree = pose.trees[edge.band];
      if (tree && edge.child && typeof to === "number") {
        return [tree[edge.child][to] ?? 0, to];
      }
      return [source ?? (typeof to === "number" ? to - edge.delay : to), to];
    }
  }
}

/** Whether a position of a node is a step of the run or a boundary value that is drawn. */
export function exists(pose: Pose, node: PlacedNode, column: ColumnAt): boolean {
  if (typeof column !== "number") return node.place === column;
  const length = pose.lengths[node.band] ?? 1;
  const tree = pose.trees[node.band];
  // Inputs of a tree are given at its leaves.
  const isGiven = node.place === "step" && node.node.kind === "input";
  if (tree && isGiven && !isLeaf(tree, column)) return false;
  if (column >= 1 && column <= length) return true;
  return node.boundary.some((one) => columnAt(pose, node.band, one) === column);
}

/** Whether an edge's copy for a step is drawn: both its ends are. */
export function stands(pose: Pose, edge: PlacedEdge, step: number, nodes: NodeIndex): boolean {
  if (pose.progress === 0) return !isAmongBoundaries(edge);
  const [source, target] = endsOf(pose, edge, step);
  const length = pose.lengths[edge.band] ?? 1;
  const isIn = (column: ColumnAt): boolean =>
    typeof column !== "number" || (column >= 1 && column <= length);
  const from = nodes.get(edge.source);
  const to = nodes.get(edge.target);
  if (edge.kind === "depart" || (edge.kind === "fan" && edge.position !== null)) {
    return to !== undefined && exists(pose, to, target);
  }
  const isBoundary = (edge.position ? [edge.position] : edge.also).some(
    (one) => edge.sourcePlace === "step" && columnAt(pose, edge.band, one) === target,
  );
  if (isBoundary && edge.targetPlace === "step")
    return from !== undefined && exists(pose, from, source);
  if (edge.targetPlace !== "rail" && !isIn(target)) return false;
  if (edge.sourcePlace === "rail" || from === undefined) return true;
  return exists(pose, from, source) && (edge.kind === "delayed" || isIn(source));
}

/** Only between boundary values: the folded drawing has none. */
function isAmongBoundaries(edge: PlacedEdge): boolean {
  const isOwn = edge.kind === "within" || edge.kind === "delayed";
  return isOwn && edge.position !== null && edge.targetPlace === "step";
}

/** Whether an edge leads to a value before the first step or after the last, and only there. */
export function isInitial(edge: PlacedEdge): boolean {
  return edge.position !== null && (edge.kind === "depart" || edge.kind === "fan");
}

export type NodeIndex = ReadonlyMap<string, PlacedNode>;

export function indexNodes(template: Template): NodeIndex {
  return new Map(template.nodes.map((node) => [node.id, node]));
}

/** Whether an edge stands once instead of at every step. */
export function isSingle(edge: PlacedEdge): boolean {
  if (edge.kind === "join" || edge.kind === "fan") return edge.position !== null;
  if (edge.kind === "delayed") return edge.position !== null;
  if (edge.kind === "inner") return false;
  if (edge.kind !== "within") return true;
  return edge.position !== null || edge.sourcePlace !== "step" || edge.targetPlace !== "step";
}

/** The only step at which a single edge stands, where that is a step. */
export function singleStep(pose: Pose, edge: PlacedEdge): number {
  if (edge.position && pose.progress > 0) return columnAt(pose, edge.band, edge.position);
  return crownStep(pose, edge.band);
}

/**
 * Writes the corners of an edge's copy into `into` as x, y pairs and returns how many there are.
 * Corners that lie on one another are left out.
 */
export function wayOf(pose: Pose, edge: PlacedEdge, step: number, into: Float64Array): number {
  const [source, target] = endsOf(pose, edge, step);
  const from = columnX(pose, edge.band, source);
  const to = columnX(pose, edge.band, target);
  const fromY = columnY(pose, edge.band, source);
  const toY = columnY(pose, edge.band, target);
  const fromShift = boundaryShift(pose, edge.band, source);
  const toShift = boundaryShift(pose, edge.band, target);
  const lane = laneOffset(edge.delay, step) * pose.progress;
  let count = 0;
  for (const point of edge.points) {
    let x = mix(point.folded.x, point.unfolded.x, pose.progress);
    x += point.end === "source" ? from : to;
    if (point.isAtBox || edge.kind === "within") x += point.end === "source" ? fromShift : toShift;
    let y = mix(point.folded.y, point.unfolded.y, pose.progress);
    y += point.level === "source" ? fromY : toY;
    if (point.isInLane) y += lane;
    if (count > 0) {
      const isSame =
        Math.abs((into[count * 2 - 2] ?? 0) - x) < 0.05 &&
        Math.abs((into[count * 2 - 1] ?? 0) - y) < 0.05;
      if (isSame) continue;
    }
    into[count * 2] = x;
    into[count * 2 + 1] = y;
    count++;
  }
  return count;
}

/** From where to where a rail runs, and how high. */
export function railSpan(pose: Pose, rail: Rail): { from: number; to: number; y: number } {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const include = (x: number): void => {
    from = Math.min(from, x);
    to = Math.max(to, x);
  };
  const isFolded = pose.progress === 0;
  for (const join of rail.joins) {
    const x = mix(join.x.folded, join.x.unfolded, pose.progress);
    if (join.place === "step") {
      const length = pose.lengths[rail.band] ?? 1;
      const only = join.position && columnAt(pose, rail.band, join.position);
      for (const step of isFolded ? [pose.anchor] : [only ?? 1, only ?? length]) {
        include(stepX(pose, step) + x + boundaryShift(pose, rail.band, step));
      }
    } else {
      const column = join.place === "crown" ? crownStep(pose, join.band) : join.place;
      include(columnX(pose, join.band, column) + x);
    }
  }
  if (rail.partner !== null) include(partnerX(pose, rail));
  return { from, to, y: mix(rail.y.folded, rail.y.unfolded, pose.progress) };
}

/** Where two rails of one wire meet, to the left of every column. */
export function partnerX(pose: Pose, rail: Rail): number {
  const { bands, left } = pose.template;
  const before = Math.max(...bands.map((band) => band.before));
  const first = pose.progress === 0 ? pose.anchor : 1 - before;
  const reach = Math.max(...bands.map((band) => (band.head ? 0 : band.foldedLeft - left)));
  return stepX(pose, first) - left - reach * (1 - pose.progress) - rail.partnerOffset;
}

/** The steps whose columns touch a stretch of the world, boundary positions included. */
export function visibleSteps(
  pose: Pose,
  from: number,
  to: number,
): { first: number; last: number } {
  const { template, anchor } = pose;
  const longest = Math.max(...pose.lengths);
  const before = Math.max(0, ...template.bands.map((band) => band.before));
  const beyond = Math.max(0, ...template.bands.map((band) => band.beyond));
  const [low, high] = [1 - before, longest + beyond];
  if (pose.progress <= 0) return { first: anchor, last: anchor };
  if (pose.trees.some((tree) => tree !== null)) return { first: low, last: high };
  const pitch = template.pitch * pose.progress;
  const base = (anchor - 1) * template.pitch;
  const reach = Math.max(template.left, template.right) + 8;
  const first = Math.ceil(anchor + (from - reach - base) / pitch);
  const last = Math.floor(anchor + (to + reach - base) / pitch);
  return { first: Math.max(low, first), last: Math.min(high, last) };
}

/** The step whose column is nearest to a place in the world. */
export function stepAt(pose: Pose, x: number): number {
  if (pose.progress === 0) return pose.anchor;
  const { pitch } = pose.template;
  return Math.round(pose.anchor + (x - (pose.anchor - 1) * pitch) / (pitch * pose.progress));
}

/** What the whole drawing reaches, folded or unfolded over all steps, names included. */
export function boundsOf(pose: Pose): Box {
  const { template } = pose;
  const isFolded = pose.progress === 0;
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  template.bands.forEach((band, index) => {
    const length = pose.lengths[index] ?? 1;
    const widest = pose.trees[index] ? (length + 1) / 2 : length;
    const [left, right] = isFolded
      ? [band.foldedLeft, band.foldedRight]
      : [template.left, template.right];
    from = Math.min(from, stepX(pose, isFolded ? pose.anchor : 1) - left);
    to = Math.max(to, stepX(pose, isFolded ? pose.anchor : widest) + right);
    from = Math.min(from, columnX(pose, index, crownStep(pose, index)) - band.crownLeft);
    to = Math.max(to, columnX(pose, index, crownStep(pose, index)) + band.crownRight);
    if (!isFolded && band.before > 0) {
      from = Math.min(from, stepX(pose, 1 - band.before) + band.beforeShift - band.beforeReach);
    }
    if (!isFolded && band.beyond > 0) {
      to = Math.max(to, stepX(pose, length + band.beyond) + band.beyondShift + band.beyondReach);
    }
    if (band.head) from = Math.min(from, columnX(pose, index, "head") - band.headReach);
    if (band.tail) to = Math.max(to, columnX(pose, index, "tail") + band.tailReach);
  });
  for (const rail of template.rails) {
    const span = railSpan(pose, rail);
    from = Math.min(from, span.from);
    to = Math.max(to, span.to);
  }
  const rise = Math.max(
    ...pose.trees.map((tree, band) => (tree ? -columnY(pose, band, tree.size) : 0)),
  );
  return { x: from, y: -rise, width: to - from, height: template.height + rise };
}
