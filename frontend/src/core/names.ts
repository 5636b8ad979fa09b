/**
 * Where the names of parameters stand beside their lines: at the first place, in a fixed order of preference,
 * that touches no box, no name and no line. A name without such a place is left out.
 */

import { runsOfLatex, widthOfRuns } from "./label.ts";
import { MEASURE } from "./measures.ts";
import {
  type Box,
  boxOf,
  columnOf,
  columnX,
  columnY,
  endsOf,
  exists,
  indexNodes,
  isSingle,
  type Pose,
  poseOf,
  railSpan,
  singleStep,
  stands,
  wayOf,
} from "./pose.ts";
import type { Mark, PlacedEdge, PlacedNode, Template } from "./template.ts";

/** A step in the middle of a run long enough that the period shows. */
const MIDDLE = 6;
const LENGTH = 11;
const NEIGHBOURHOOD = [MIDDLE - 1, MIDDLE, MIDDLE + 1];

interface Segment {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export function placeNames(template: Template, latexOf: (parameter: string) => string): void {
  for (const mode of ["folded", "unfolded"] as const) {
    const lengths = Object.fromEntries(
      template.bands.map((band) => [band.domain.name, LENGTH] as const),
    );
    const pose = poseOf(template, lengths, mode === "folded" ? 0 : 1, MIDDLE);
    const root = Math.max(0, ...pose.trees.map((tree) => tree?.size ?? 0));
    const around = root > 0 ? Array.from({ length: root }, (_, index) => index + 1) : NEIGHBOURHOOD;
    const steps = mode === "folded" ? [MIDDLE] : around;
    const boxes = template.nodes.flatMap((node) =>
      steps.flatMap((step) => taken(pose, node, step)),
    );
    const segments = segmentsOf(pose, steps);
    for (const edge of inOrder(template.edges)) {
      if (edge.parameter === null || edge.kind === "spring" || edge.kind === "join") continue;
      const width = widthOfRuns(runsOfLatex(latexOf(edge.parameter))) * MEASURE.parameter;
      // A step in the middle of a tree may be a leaf: its root is a parent.
      const usual = edge.child && root > 0 && mode === "unfolded" ? root : MIDDLE;
      const step = isSingle(edge) ? singleStep(pose, edge) : usual;
      const mark = candidates(pose, edge, step).find((candidate) => {
        const box = boxOfMark(candidate, width);
        return (
          !boxes.some((other) => overlap(box, other)) && !segments.some((one) => cuts(one, box))
        );
      });
      if (!mark) continue;
      const [, target] = endsOf(pose, edge, step);
      const own = boxOfMark(mark, width);
      for (const shift of root > 0 ? [step] : steps) {
        boxes.push({ ...own, x: own.x + (shift - step) * template.pitch });
      }
      edge.name[mode] = {
        ...mark,
        x: mark.x - columnX(pose, edge.band, target),
        y: mark.y - columnY(pose, edge.band, target),
      };
    }
    if (mode === "unfolded") placeBeyond(pose, latexOf);
  }
}

/** Names at the end of a run, beside lines from values after the last step: these stand closer than a column. */
function placeBeyond(pose: Pose, latexOf: (parameter: string) => string): void {
  const { template } = pose;
  const nodes = indexNodes(template);
  const furthest = Math.max(0, ...template.bands.map((band) => band.beyond));
  if (furthest === 0 || pose.trees.some((tree) => tree !== null)) return;
  const steps = Array.from({ length: 2 * furthest + 1 }, (_, index) => LENGTH - furthest + index);
  const boxes = template.nodes.flatMap((node) =>
    (node.place === "step" ? steps.filter((step) => exists(pose, node, step)) : [LENGTH]).flatMap(
      (step) => taken(pose, node, step),
    ),
  );
  const segments = segmentsOf(pose, steps, (edge, step) => stands(pose, edge, step, nodes));
  const widthOf = (parameter: string): number =>
    widthOfRuns(runsOfLatex(latexOf(parameter))) * MEASURE.parameter;
  const standing = (mark: Mark, edge: PlacedEdge, step: number): Mark => {
    const [, target] = endsOf(pose, edge, step);
    return { ...mark, x: mark.x + columnX(pose, edge.band, target) };
  };
  const isFromBeyond = (edge: PlacedEdge): boolean => edge.kind === "delayed" && edge.delay < 0;
  for (const edge of template.edges) {
    const mark = edge.name.unfolded;
    if (!mark || edge.parameter === null) continue;
    const width = widthOf(edge.parameter);
    for (const step of isSingle(edge) ? [singleStep(pose, edge)] : steps) {
      const [source] = endsOf(pose, edge, step);
      if (isFromBeyond(edge) && typeof source === "number" && source > LENGTH) continue;
      if (stands(pose, edge, step, nodes)) boxes.push(boxOfMark(standing(mark, edge, step), width));
    }
  }
  for (const edge of template.edges) {
    if (edge.parameter === null || !isFromBeyond(edge)) continue;
    const width = widthOf(edge.parameter);
    const own = steps.filter((step) => step > LENGTH + edge.delay && step <= LENGTH);
    const isFree = (mark: Mark): boolean =>
      own.every((step) => {
        const box = boxOfMark(standing(mark, edge, step), width);
        return !boxes.some((one) => overlap(one, box)) && !segments.some((one) => cuts(one, box));
      });
    const base = columnX(pose, edge.band, LENGTH);
    const places = candidates(pose, edge, LENGTH).map((mark) => ({ ...mark, x: mark.x - base }));
    const usual = edge.name.unfolded ? [edge.name.unfolded] : [];
    const mark = [...usual, ...places].find(isFree);
    if (!mark) continue;
    edge.name.beyond = mark;
    for (const step of own) boxes.push(boxOfMark(standing(mark, edge, step), width));
  }
}

/** Lines that run straight have fewest places, then loops, then the rest. */
function inOrder(edges: readonly PlacedEdge[]): PlacedEdge[] {
  const rank = (edge: PlacedEdge): number => (edge.kind === "delayed" ? 0 : 1);
  return [...edges].sort((a, b) => rank(a) - rank(b));
}

/** A node's box and the room of its name. */
function taken(pose: Pose, node: PlacedNode, step: number): Box[] {
  const box = boxOf(pose, node, columnOf(pose, node, step));
  const named: Box = {
    x:
      node.name.side === "left"
        ? box.x - nameGap(node) - node.name.width
        : box.x + box.width + nameGap(node),
    y: nameY(node) + columnY(pose, node.band, columnOf(pose, node, step)) - MEASURE.name / 2,
    width: node.name.width,
    height: MEASURE.name,
  };
  return [box, named];
}

/** Between a name and its box: at a corner it stands higher than every line that ends at the side. */
export function nameGap(node: PlacedNode): number {
  return node.name.at === "corner" ? 1 : MEASURE.nameGap;
}

/** Middle of a node's name. */
export function nameY(node: PlacedNode): number {
  const half = node.extent.height / 2;
  switch (node.name.at) {
    case "upper":
      return node.y - Math.max(half - 9, 11);
    case "lower":
      return node.y + Math.max(half - 9, 11);
    case "corner":
      return node.y - half - 6;
    case "middle":
      return node.y;
  }
}

function segmentsOf(
  pose: Pose,
  steps: readonly number[],
  isDrawn: (edge: PlacedEdge, step: number) => boolean = () => true,
): Segment[] {
  const segments: Segment[] = [];
  const way = new Float64Array(64);
  for (const edge of pose.template.edges) {
    for (const step of isSingle(edge) ? [singleStep(pose, edge)] : steps) {
      if (!isDrawn(edge, step)) continue;
      const count = wayOf(pose, edge, step, way);
      for (let index = 1; index < count; index++) {
        segments.push({
          x1: way[index * 2 - 2] ?? 0,
          y1: way[index * 2 - 1] ?? 0,
          x2: way[index * 2] ?? 0,
          y2: way[index * 2 + 1] ?? 0,
        });
      }
    }
  }
  for (const rail of pose.template.rails) {
    const { from, to, y } = railSpan(pose, rail);
    segments.push({ x1: from, y1: y, x2: to, y2: y });
  }
  return segments;
}

/** Places for a name: beside the black square, at the entry, along the longest pieces. */
function candidates(pose: Pose, edge: PlacedEdge, step: number): Mark[] {
  const way = new Float64Array(64);
  const count = wayOf(pose, edge, step, way);
  const found: Mark[] = [];
  const add = (x: number, y: number, align: Mark["align"]): void => {
    found.push({ end: "target", x, y, align });
  };
  if (pose.progress === 0 && edge.square) {
    const x = columnX(pose, edge.band, pose.anchor) + edge.square.x;
    const away = edge.delay < 0 ? "right" : "left";
    const sides = away === "left" ? ([9, -9] as const) : ([-9, 9] as const);
    for (const dy of [0, 18, -18, 30, -30]) {
      add(x + sides[0], edge.square.y + dy, away);
      add(x + sides[1], edge.square.y + dy, away === "left" ? "right" : "left");
    }
  }
  const at = (index: number): [number, number] => [way[index * 2] ?? 0, way[index * 2 + 1] ?? 0];
  const pieces: { index: number; length: number }[] = [];
  for (let index = 1; index < count; index++) {
    const [x1, y1] = at(index - 1);
    const [x2, y2] = at(index);
    pieces.push({ index, length: Math.hypot(x2 - x1, y2 - y1) });
  }
  const entry = pieces.at(-1);
  if (edge.child && pose.progress === 1) {
    // Trees grow by their runs: only what is beside the parent stands where it stands here.
    const [x, y] = at(count - 2);
    const [from] = at(count - 3);
    for (const distance of [12, 20, 28]) {
      add(x + Math.sign(from - x) * distance, y - 9, "center");
      add(x + Math.sign(from - x) * distance, y + 10, "center");
    }
    return found;
  }
  const byLength = [...pieces].sort((a, b) => b.length - a.length);
  if (entry) {
    const [x1, y1] = at(entry.index - 1);
    const [x2, y2] = at(entry.index);
    if (Math.abs(x1 - x2) < 0.5) {
      const inwards = y1 > y2 ? 1 : -1;
      for (const distance of [12, 16, 22]) {
        if (distance + 6 > entry.length + 6) break;
        add(x2 + 5, y2 + inwards * distance, "left");
        add(x2 - 5, y2 + inwards * distance, "right");
      }
    }
  }
  for (const { index, length } of byLength) {
    const [x1, y1] = at(index - 1);
    const [x2, y2] = at(index);
    if (length < (pose.progress === 0 ? 9 : 14)) continue;
    for (const share of [0.5, 0.35, 0.65, 0.2, 0.8]) {
      const [x, y] = [x1 + (x2 - x1) * share, y1 + (y2 - y1) * share];
      if (Math.abs(x1 - x2) < 0.5) {
        add(x + 5, y, "left");
        add(x - 5, y, "right");
      } else {
        add(x, y - 9, "center");
        add(x, y + 12, "center");
      }
    }
  }
  return found;
}

function boxOfMark(mark: Mark, width: number): Box {
  const x =
    mark.align === "left" ? mark.x : mark.align === "right" ? mark.x - width : mark.x - width / 2;
  const height = MEASURE.parameter;
  return { x, y: mark.y - height / 2, width, height };
}

function overlap(a: Box, b: Box): boolean {
  return (
    a.x < b.x + b.width + 2 &&
    b.x < a.x + a.width + 2 &&
    a.y < b.y + b.height &&
    b.y < a.y + a.height
  );
}

/** Whether a piece of a line, upright or level, runs through a box. */
function cuts(segment: Segment, box: Box): boolean {
  const [low, high] = [Math.min(segment.x1, segment.x2), Math.max(segment.x1, segment.x2)];
  const [top, bottom] = [Math.min(segment.y1, segment.y2), Math.max(segment.y1, segment.y2)];
  return (
    low < box.x + box.width + 1 && high > box.x - 1 && top < box.y + box.height && bottom > box.y
  );
}
