/** Lines: references in the colour of their parameter, with arrow, rim, black square and name. */

import { passing } from "../core/gating.ts";
import { MEASURE } from "../core/measures.ts";
import { smoothstep } from "../core/motion.ts";
import {
  type ColumnAt,
  columnX,
  columnY,
  endsOf,
  isInitial,
  isSingle,
  mix,
  partnerX,
  railSpan,
  singleStep,
  stands,
  wayOf,
} from "../core/pose.ts";
import type { PlacedEdge, Rail } from "../core/template.ts";
import { toScreen } from "../core/view.ts";
import { ink, parameterColour } from "./colours.ts";
import type { Painter, Stroke } from "./painter.ts";
import { boundaryShare, copyShare, fade, lineWidth, restOf, type Scene, STYLE } from "./scene.ts";

const way = new Float64Array(64);

/** Names are never set smaller than this; below this zoom they would no longer fit their places. */
const SMALLEST = 11;
const NAMED = 0.5;
/** Below this zoom only the current step and what is pointed at keep them. */
const ROOMY = 0.66;

export function colourOfEdge(scene: Scene, parameter: string | null): string {
  const isColoured = parameter !== null && scene.learned.has(parameter);
  return isColoured ? parameterColour(parameter, scene.theme) : ink(scene.theme).muted;
}

function hasArrived(scene: Scene, edge: PlacedEdge, step: number): boolean {
  const { trace, pose, front } = scene;
  if (front) {
    const [source, target] = endsOf(pose, edge, step);
    return trace?.shows === "gradients"
      ? front.has(edge.source, stepAt(source))
      : front.has(edge.target, stepAt(target)) || isUsed(scene, edge, step);
  }
  const domain = pose.template.bands[edge.band]?.domain.name ?? "";
  return trace === null || domain === "" || step <= (trace.arrived[domain] ?? 0);
}

/** Where a value stands that a column shows; what comes once has no step. */
function stepAt(column: ColumnAt): number {
  return typeof column === "number" ? column : 1;
}

/** Whether a line is used at this beat of playback, or leads into the current step. */
function isUsed(scene: Scene, edge: PlacedEdge, step: number): boolean {
  const { front, pose } = scene;
  if (!front) return Math.round(scene.step) === step && !isSingle(edge);
  const [source, target] = endsOf(pose, edge, step);
  return front.isUsed(edge, stepAt(source), stepAt(target));
}

/** Opacity of an edge's copy for a step. */
function alphaOf(scene: Scene, edge: PlacedEdge, step: number): number {
  const { pose } = scene;
  const [source, target] = endsOf(pose, edge, step);
  const isCurrent = pose.progress === 1 && isUsed(scene, edge, step);
  const unfolded = isCurrent ? STYLE.current : restOf(scene);
  const isBetween = edge.sourcePlace === "rail" || edge.targetPlace === "rail";
  const rest = mix(STYLE.restFolded, unfolded, pose.progress) * (isBetween ? 0.8 : 1);
  let alpha = fade(scene, (one) => one.edge(edge, source, target), rest, STYLE.unrelated);
  if (!hasArrived(scene, edge, step)) alpha *= STYLE.pending;
  if (step !== pose.anchor && !isSingle(edge)) alpha *= copyShare(pose.progress);
  const length = pose.lengths[edge.band] ?? 1;
  const isBoundary = [source, target].some(
    (column) => typeof column === "number" && (column < 1 || column > length),
  );
  // What only starts a state leads to its box in the folded drawing, and to the boundary value in the other.
  if (isInitial(edge)) return alpha;
  // The line into the anchor's column is the loop of the folded drawing: it never goes.
  return isBoundary && step !== pose.anchor ? alpha * boundaryShare(pose.progress) : alpha;
}

/** Calls back for every copy of every edge that the window shows. */
export function eachCopy(
  scene: Scene,
  first: number,
  last: number,
  visit: (edge: PlacedEdge, step: number) => void,
): void {
  const { pose, nodes } = scene;
  for (const edge of pose.template.edges) {
    if (isSingle(edge)) {
      const step = singleStep(pose, edge);
      if (stands(pose, edge, step, nodes)) visit(edge, step);
      continue;
    }
    // An arc may begin before the window and end behind it; but not while only some columns are drawn.
    const isWhole = pose.progress === 1;
    const early = isWhole ? Math.min(0, edge.delay) : 0;
    const late = isWhole ? Math.max(0, edge.delay) : 0;
    for (let step = first + early; step <= last + late; step++) {
      if (stands(pose, edge, step, nodes)) visit(edge, step);
    }
  }
}

export function paintEdges(painter: Painter, scene: Scene, first: number, last: number): void {
  paintRails(painter, scene);
  const strong: [PlacedEdge, number, number][] = [];
  eachCopy(scene, first, last, (edge, step) => {
    const alpha = alphaOf(scene, edge, step);
    const isOpening = scene.pose.progress < 1 && step === scene.pose.anchor;
    if (alpha > STYLE.current || isOpening) strong.push([edge, step, alpha]);
    else paintEdge(painter, scene, edge, step, alpha);
  });
  for (const [edge, step, alpha] of strong) paintEdge(painter, scene, edge, step, alpha);
}

/** A line through a gate is as wide as the gate is open. */
const FLOW = { closed: 0.4, open: 2.6 } as const;

/** By how much wider or thinner a line is for what passes along it. */
function flowOf(scene: Scene, edge: PlacedEdge, step: number): number {
  const gate = edge.ids.length === 1 ? scene.gates.get(edge.ids[0] ?? "") : undefined;
  if (!gate || scene.trace?.shows !== "values") return 1;
  const [source, target] = endsOf(scene.pose, edge, step);
  const current = Math.round(scene.step);
  const at = (column: ColumnAt): number => (typeof column === "number" ? column : current);
  // What is gathered from all steps is weighed at the current one.
  const share = passing(gate, scene.trace, at(source), edge.kind === "join" ? current : at(target));
  return share === null ? 1 : mix(FLOW.closed, FLOW.open, share);
}

/** The rim that parts a line from what it crosses; a faint line must not cut a strong one. */
function casingOf(scene: Scene, width: number, alpha: number): Stroke {
  return {
    colour: ink(scene.theme).paper,
    width: width + 3,
    alpha: Math.min(1, alpha / restOf(scene)),
  };
}

/** Cut lines are dashed; in the folded drawing what acts only once, before the first step, is dotted. */
function dashOf(edge: PlacedEdge, progress: number, width: number): { dash?: number[] } {
  if (edge.cut) return { dash: [width * 3, width * 2.5] };
  return isInitial(edge) && progress < 0.3 ? { dash: [width, width * 2] } : {};
}

function paintEdge(
  painter: Painter,
  scene: Scene,
  edge: PlacedEdge,
  step: number,
  alpha: number,
): void {
  if (alpha < 0.01) return;
  const { pose, camera, size } = scene;
  const count = wayOf(pose, edge, step, way);
  for (let index = 0; index < count; index++) {
    const [x, y] = toScreen(camera, size, way[index * 2] ?? 0, way[index * 2 + 1] ?? 0);
    way[index * 2] = x;
    way[index * 2 + 1] = y;
  }
  const colour = colourOfEdge(scene, edge.parameter);
  const width = lineWidth(scene) * (alpha > STYLE.current ? 1.35 : 1) * flowOf(scene, edge, step);
  const hasHead = edge.targetPlace !== "rail" && count > 1;
  const headSize =
    Math.min(Math.max(MEASURE.arrow * camera.scale, 4.5), 11) * Math.max(width / 1.6, 0.8) ** 0.6;
  const tip = count * 2 - 2;
  const [tipX, tipY] = [way[tip] ?? 0, way[tip + 1] ?? 0];
  const [backX, backY] = [way[tip - 2] ?? tipX, way[tip - 1] ?? tipY];
  const length = Math.hypot(tipX - backX, tipY - backY) || 1;
  const [dx, dy] = [(tipX - backX) / length, (tipY - backY) / length];
  if (hasHead) {
    way[tip] = tipX - dx * headSize * 0.7;
    way[tip + 1] = tipY - dy * headSize * 0.7;
  }
  painter.line(
    way,
    count,
    MEASURE.corner * camera.scale,
    {
      colour,
      width,
      alpha,
      ...dashOf(edge, pose.progress, width),
    },
    casingOf(scene, width, alpha),
  );
  if (hasHead) painter.head(tipX, tipY, dx, dy, headSize, colour, alpha);
}

function paintRails(painter: Painter, scene: Scene): void {
  const { pose, camera, size } = scene;
  for (const rail of pose.template.rails) {
    const alpha = railAlpha(scene, rail);
    const span = railSpan(pose, rail);
    const [from, y] = toScreen(camera, size, span.from, span.y);
    const [to] = toScreen(camera, size, span.to, span.y);
    const colour = colourOfEdge(scene, rail.parameter);
    const width = lineWidth(scene);
    // A run may be longer than a canvas can hold: only what is near the screen is drawn.
    way[0] = Math.max(from, -40);
    way[1] = y;
    way[2] = Math.min(to, size.width + 40);
    way[3] = y;
    let count = 2;
    if (rail.partner !== null && from > -60) {
      const partner = pose.template.rails.find((one) => one.key === rail.partner);
      const other = partner ? railSpan(pose, partner).y : span.y;
      const [x, middle] = toScreen(camera, size, partnerX(pose, rail), (span.y + other) / 2);
      way[4] = way[2];
      way[5] = y;
      way[2] = x;
      way[3] = y;
      way[0] = x;
      way[1] = middle;
      count = 3;
    }
    if ((way[count * 2 - 2] ?? 0) < -40 || (way[0] ?? 0) > size.width + 40) continue;
    const dash = rail.cut ? { dash: [width * 3, width * 2.5] } : {};
    painter.line(
      way,
      count,
      MEASURE.corner * camera.scale,
      { colour, width, alpha, ...dash },
      casingOf(scene, width, alpha),
    );
  }
}

function railAlpha(scene: Scene, rail: Rail): number {
  const rest = mix(STYLE.restFolded, restOf(scene), scene.pose.progress) * 0.8;
  return fade(scene, (one) => one.rail(rail), rest, STYLE.unrelated);
}

/** The book's black squares, in the folded drawing only. */
export function paintSquares(painter: Painter, scene: Scene): void {
  const { pose, camera, size, theme } = scene;
  const shown = 1 - smoothstep(0, 0.1, pose.progress);
  if (shown < 0.01) return;
  for (const edge of pose.template.edges) {
    if (!edge.square) continue;
    const x = columnX(pose, edge.band, pose.anchor) + edge.square.x;
    const [middleX, middleY] = toScreen(camera, size, x, edge.square.y);
    const isLong = Math.abs(edge.delay) > 1;
    const half = (isLong ? 7.5 : 4.5) * camera.scale;
    const focus = fade(
      scene,
      (one) => one.edge(edge, pose.anchor, pose.anchor),
      1,
      STYLE.unrelatedNode,
    );
    painter.box(
      middleX - half,
      middleY - half,
      half * 2,
      half * 2,
      1,
      ink(theme).text,
      { colour: ink(theme).paper, width: 2, alpha: shown },
      shown * focus,
    );
    if (!isLong) continue;
    painter.label(String(Math.abs(edge.delay)), middleX, middleY, 600, {
      size: 11 * camera.scale,
      colour: ink(theme).paper,
      alpha: shown,
      align: "center",
    });
  }
}

/** Names of parameters beside their lines: everywhere in the folded drawing, unfolded where there is room. */
export function paintEdgeNames(painter: Painter, scene: Scene, first: number, last: number): void {
  const { pose, camera, size } = scene;
  const folded = 1 - smoothstep(0, 0.06, pose.progress);
  const unfolded = smoothstep(0.85, 1, pose.progress);
  const mode = folded > 0 ? "folded" : "unfolded";
  const shown = folded > 0 ? folded : unfolded;
  if (shown < 0.01 || camera.scale < NAMED) return;
  const isRoomy = mode === "folded" || camera.scale >= ROOMY;
  eachCopy(scene, first, last, (edge, step) => {
    const [source, target] = endsOf(pose, edge, step);
    const isBeyond = typeof source === "number" && source > (pose.lengths[edge.band] ?? 1);
    const mark = edge.name[mode === "unfolded" && isBeyond ? "beyond" : mode];
    const runs = edge.parameter === null ? undefined : scene.names.get(edge.parameter);
    if (!mark || !runs || edge.parameter === null) return;
    if (mode === "unfolded" && typeof source === "number" && source < 1) return;
    const isCurrent = Math.round(scene.step) === step;
    if (mode === "folded" && step !== pose.anchor && !isSingle(edge)) return;
    const belongs = scene.emphasis.to.edge(edge, source, target);
    if (!isRoomy && !isCurrent && belongs !== 1) return;
    const rest = mode === "folded" || isCurrent ? 1 : 0.62;
    const alpha = fade(scene, (one) => one.edge(edge, source, target), rest, STYLE.unrelated);
    const [worldX, worldY] = [columnX(pose, edge.band, target), columnY(pose, edge.band, target)];
    const [x, y] = toScreen(camera, size, worldX + mark.x, worldY + mark.y);
    painter.name(runs, x, y, {
      size: Math.max(MEASURE.parameter * camera.scale, SMALLEST),
      colour: colourOfEdge(scene, edge.parameter),
      alpha: alpha * shown * (hasArrived(scene, edge, step) ? 1 : STYLE.pending),
      align: mark.align,
    });
  });
}
