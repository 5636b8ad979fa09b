/** Boxes: a variable's values as cells, a token as its character, a loss as a diamond; and their names. */

import { runsAt } from "../core/label.ts";
import { MEASURE } from "../core/measures.ts";
import { smoothstep } from "../core/motion.ts";
import { nameGap, nameY } from "../core/names.ts";
import { boxOf, type ColumnAt, columnOf, columnY, exists } from "../core/pose.ts";
import type { PlacedNode } from "../core/template.ts";
import type { Selection } from "../core/types.ts";
import { toScreen } from "../core/view.ts";
import { ink, roleColour } from "./colours.ts";
import { contrast } from "./oklch.ts";
import { paintOperation } from "./operations.ts";
import type { Painter, Stroke } from "./painter.ts";
import { boundaryShare, fade, lineWidth, namesShare, type Scene, STYLE } from "./scene.ts";
import { cellValue, colourOf, isTotal, rowsThatFit, shortNumber, visibleSymbol } from "./values.ts";

/** Calls back for every node of every column in the window; the anchor's column comes last, on top. */
export function eachNode(
  scene: Scene,
  first: number,
  last: number,
  visit: (node: PlacedNode, column: ColumnAt) => void,
): void {
  const { pose } = scene;
  const visitStep = (step: number): void => {
    for (const node of pose.template.nodes) {
      if (node.place === "step" && exists(pose, node, step)) visit(node, step);
    }
  };
  for (const node of pose.template.nodes) {
    if (node.place !== "step") visit(node, columnOf(pose, node, null));
  }
  for (let step = first; step <= last; step++) if (step !== pose.anchor) visitStep(step);
  if (pose.anchor >= first && pose.anchor <= last) visitStep(pose.anchor);
}

export function isBoundaryColumn(scene: Scene, node: PlacedNode, column: ColumnAt): boolean {
  return (
    typeof column === "number" &&
    node.place === "step" &&
    (column < 1 || column > (scene.pose.lengths[node.band] ?? 1))
  );
}

/** The step whose values a node in a column shows. */
function valueStep(node: PlacedNode, column: ColumnAt): number {
  return typeof column === "number" && node.place === "step" ? column : 1;
}

/** How wide a number may be in a diamond, which is narrow above and below its middle. */
const DIAMOND = 0.66;

function isFocus(focus: Selection | null, node: PlacedNode, column: ColumnAt): boolean {
  if (focus?.kind !== "node" || focus.id !== node.id) return false;
  return node.place !== "step" || focus.step === null || focus.step === column;
}

/** What is pointed at has a heavier outline, and what this beat of playback computes. */
function weightOf(scene: Scene, node: PlacedNode, column: ColumnAt): number {
  if (scene.front?.isNew(node.id, valueStep(node, column))) return 1.9;
  return isFocus(scene.pointed, node, column) ? 1.4 : 1;
}

export function paintNode(
  painter: Painter,
  scene: Scene,
  node: PlacedNode,
  column: ColumnAt,
): void {
  const { pose, camera, size, theme, trace } = scene;
  const world = boxOf(pose, node, column);
  const [x, y] = toScreen(camera, size, world.x, world.y);
  const [width, height] = [world.width * camera.scale, world.height * camera.scale];
  if (x > size.width + 20 || x + width < -20) return;
  const isBoundary = isBoundaryColumn(scene, node, column);
  let alpha = fade(scene, (one) => one.node(node, column), 1, STYLE.unrelatedNode);
  if (isBoundary) alpha *= boundaryShare(pose.progress);
  if (alpha < 0.01) return;
  const values = trace?.value(node.id, valueStep(node, column)) ?? null;
  const colour = roleColour(node.node.role, theme);
  const stroke: Stroke = {
    colour,
    width: lineWidth(scene) * weightOf(scene, node, column),
    alpha: alpha * (values === null && trace !== null ? STYLE.pending : 1),
    ...(isBoundary ? { dash: [4 * camera.scale, 3 * camera.scale] } : {}),
  };
  const isPin = scene.pins.some((pin) => isFocus(pin, node, column));
  if (isPin || isFocus(scene.selection, node, column)) {
    const room = 4.5;
    const dash = isPin ? { dash: [3, 2.5] } : {};
    const ring = { colour: ink(theme).selection, width: 2, alpha, ...dash };
    const radius = MEASURE.box.radius * camera.scale + room;
    painter.box(x - room, y - room, width + 2 * room, height + 2 * room, radius, null, ring);
  }
  const frame = { x, y, width, height };
  // Beneath half-transparent values and outlines lies paper, not the lines that pass behind.
  const paper = ink(theme).paper;
  if (node.extent.shape === "circle") {
    paintOperation(painter, scene, node, column, values, frame, stroke);
    return;
  }
  if (node.extent.shape === "diamond") {
    painter.diamond(x, y, width, height, paper, null);
    // A total stands on no scale of its steps: its number says it.
    const fill =
      values && !isTotal(node.node)
        ? colourOf(node.node, values[0] ?? 0, scene.ranges, theme)
        : null;
    painter.diamond(x, y, width, height, fill, stroke, alpha);
    if (values) paintNumber(painter, scene, frame, values[0] ?? 0, fill ?? paper, alpha, DIAMOND);
    return;
  }
  const radius = MEASURE.box.radius * camera.scale;
  painter.box(x, y, width, height, radius, paper, null);
  if (node.extent.shape === "token") paintToken(painter, scene, node, column, frame, alpha);
  else if (values) paintValues(painter, scene, node, values, frame, alpha);
  painter.box(x, y, width, height, radius, null, stroke);
}

export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

function paintValues(
  painter: Painter,
  scene: Scene,
  node: PlacedNode,
  values: Float32Array,
  frame: Frame,
  alpha: number,
): void {
  const { theme, ranges, camera } = scene;
  const radius = MEASURE.box.radius * camera.scale;
  if (node.extent.shape === "scalar") {
    const value = values[0] ?? 0;
    const fill = isTotal(node.node) ? ink(theme).paper : colourOf(node.node, value, ranges, theme);
    painter.box(frame.x, frame.y, frame.width, frame.height, radius, fill, null, alpha);
    paintNumber(painter, scene, frame, value, fill, alpha, 0.95);
    return;
  }
  const columns = node.extent.shape === "matrix" ? Math.max(1, node.node.shape.at(-1) ?? 1) : 1;
  const total = Math.max(1, Math.floor(values.length / columns));
  const rows = columns > 1 ? total : rowsThatFit(total, frame.height);
  const valueAt = (index: number): number =>
    columns > 1 ? (values[index] ?? 0) : cellValue(values, index, rows);
  const fillAt = (index: number): string => colourOf(node.node, valueAt(index), ranges, theme);
  painter.cells(frame.x, frame.y, frame.width, frame.height, radius, rows, columns, fillAt, alpha);
  if (rows === total)
    paintCellNumbers(painter, scene, frame, rows, columns, valueAt, fillAt, alpha);
}

/** Near enough, every unit says its number: they come in while cells grow to hold a line of text. */
function paintCellNumbers(
  painter: Painter,
  scene: Scene,
  frame: Frame,
  rows: number,
  columns: number,
  valueAt: (index: number) => number,
  fillAt: (index: number) => string,
  alpha: number,
): void {
  const [wide, high] = [frame.width / columns, frame.height / rows];
  const shown = smoothstep(NUMBERED.from, NUMBERED.to, high);
  const size = Math.min(Math.max(high * 0.5, 11), 14);
  if (shown < 0.01 || wide < LONGEST_NUMBER * size * 0.58) return;
  const { text: dark, paper: light } = ink(scene.theme);
  for (let index = 0; index < rows * columns; index++) {
    const fill = fillAt(index);
    const x = frame.x + ((index % columns) + 0.5) * wide;
    const y = frame.y + (Math.floor(index / columns) + 0.5) * high;
    painter.label(shortNumber(valueAt(index)), x, y, 500, {
      size,
      colour: contrast(dark, fill) >= contrast(light, fill) ? dark : light,
      alpha: alpha * shown,
      align: "center",
    });
  }
}

/** Heights of a cell, in pixels, between which its number comes in. */
const NUMBERED = { from: 14, to: 19 } as const;
/** Characters of the longest short number, "−0.25". */
const LONGEST_NUMBER = 5;

function paintNumber(
  painter: Painter,
  scene: Scene,
  frame: Frame,
  value: number,
  fill: string,
  alpha: number,
  share: number,
): void {
  const size = Math.min(Math.max(12 * scene.camera.scale, 11), 16);
  const text = shortNumber(value);
  // All of them or none: room is measured for the usual four characters, the wide ones of 3e-4 for more.
  const length = Math.max(text.length, 4) + (text.includes("e") ? 0.7 : 0);
  if (length * size * 0.58 > frame.width * share) return;
  const { text: dark, paper: light } = ink(scene.theme);
  const colour = contrast(dark, fill) >= contrast(light, fill) ? dark : light;
  painter.label(text, frame.x + frame.width / 2, frame.y + frame.height / 2, 500, {
    size,
    colour,
    alpha,
    align: "center",
  });
}

function paintToken(
  painter: Painter,
  scene: Scene,
  node: PlacedNode,
  column: ColumnAt,
  frame: Frame,
  alpha: number,
): void {
  const { trace, theme, camera } = scene;
  const step = valueStep(node, column);
  const values = trace?.value(node.id, step) ?? null;
  const symbol = trace?.symbols[node.id]?.[step - 1] ?? indexOfHot(values);
  if (symbol === null) return;
  const size = Math.min(frame.width, frame.height) * (symbol.length > 2 ? 0.36 : 0.56);
  if (size < 5) return;
  painter.label(visibleSymbol(symbol), frame.x + frame.width / 2, frame.y + frame.height / 2, 500, {
    size: Math.min(size, 30 * camera.scale),
    colour: roleColour(node.node.role, theme),
    alpha: alpha * (values === null ? STYLE.pending : 1),
    align: "center",
  });
}

function indexOfHot(values: Float32Array | null): string | null {
  if (!values) return null;
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return String(best);
}

/**
 * Names stand in one column, the first that is wholly seen, and beside whatever stands once or before the
 * beginning; what is pointed at or selected is named with its step wherever it is.
 */
export function paintNames(painter: Painter, scene: Scene, first: number, last: number): void {
  const named = namedColumn(scene, first, last);
  eachNode(scene, first, last, (node, column) => {
    if (node.node.sign !== undefined) return; // its sign is its name
    const isBoundary = isBoundaryColumn(scene, node, column);
    const isOnce = node.place !== "step";
    const isPointed =
      isFocus(scene.pointed, node, column) || isFocus(scene.selection, node, column);
    if (!isPointed && !isOnce && !isBoundary && column !== named) return;
    if (scene.camera.scale < 0.34 && !isPointed) return;
    paintName(painter, scene, node, column, isPointed, isBoundary);
  });
}

function paintName(
  painter: Painter,
  scene: Scene,
  node: PlacedNode,
  column: ColumnAt,
  isPointed: boolean,
  isBoundary: boolean,
): void {
  const { pose, camera, size, theme } = scene;
  const box = boxOf(pose, node, column);
  const isRight = node.name.side === "right";
  const worldX = isRight ? box.x + box.width + nameGap(node) : box.x - nameGap(node);
  const worldY = nameY(node) + columnY(pose, node.band, column);
  const [x, y] = toScreen(camera, size, worldX, worldY);
  let alpha = fade(scene, (one) => one.node(node, column), 1, STYLE.unrelatedNode);
  alpha *= namesShare(pose.progress);
  if (alpha < 0.01) return;
  const isIndexed =
    node.place === "step" && typeof column === "number" && (isBoundary || isPointed);
  const isFolded = pose.progress === 0;
  const runs = isIndexed && !isFolded ? runsAt(node.name.runs, String(column)) : node.name.runs;
  painter.name(runs, x, y, {
    size: Math.max(MEASURE.name * camera.scale, 11),
    colour: roleColour(node.node.role, theme),
    alpha,
    align: isRight ? "left" : "right",
    ...(isPointed ? { halo: ink(theme).paper } : {}),
  });
}

/** The column whose nodes carry their names. */
function namedColumn(scene: Scene, first: number, last: number): number {
  const { pose, camera, size } = scene;
  if (pose.progress < 1) return pose.anchor;
  for (let step = Math.max(1, first); step <= last; step++) {
    const reach = pose.template.left;
    const [left] = toScreen(camera, size, (step - 1) * pose.template.pitch - reach, 0);
    if (left >= 0) return step;
  }
  return Math.max(1, first);
}
