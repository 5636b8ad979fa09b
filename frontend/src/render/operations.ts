/** Operations of opened nodes: a circle with its sign, and around it the values of its units. */

import { MEASURE } from "../core/measures.ts";
import type { ColumnAt } from "../core/pose.ts";
import type { PlacedNode } from "../core/template.ts";
import { ink } from "./colours.ts";
import type { Frame } from "./nodes.ts";
import type { Painter, Stroke } from "./painter.ts";
import { type Scene, STYLE } from "./scene.ts";
import { cellValue, colourOf } from "./values.ts";

/** Signs are never set smaller than this, nor names of functions. */
const SMALLEST = { sign: 11, name: 9 };
const RING = 4;
const MOST_SEGMENTS = 64;

/** Whether an operation is of a step at which its variable is not open. */
export function isPale(scene: Scene, node: PlacedNode, column: ColumnAt): boolean {
  const isOperation = node.node.sign !== undefined && node.place === "step";
  return isOperation && scene.alone !== null && column !== scene.alone;
}

/** A circle with its sign; around it the units of what it gives, from the top clockwise. */
export function paintOperation(
  painter: Painter,
  scene: Scene,
  node: PlacedNode,
  column: ColumnAt,
  values: Float32Array | null,
  frame: Frame,
  stroke: Stroke,
): void {
  const { theme, camera, ranges } = scene;
  const isElsewhere = isPale(scene, node, column);
  const alpha = stroke.alpha * (isElsewhere ? STYLE.pending : 1);
  const radius = Math.min(frame.width, frame.height) / 2;
  const paper = ink(theme).paper;
  painter.box(frame.x, frame.y, frame.width, frame.height, radius, paper, null);
  painter.box(frame.x, frame.y, frame.width, frame.height, radius, null, { ...stroke, alpha });
  if (isElsewhere) return;
  const thickness = RING * camera.scale;
  if (values && thickness > 1.2) {
    const count = Math.min(values.length, MOST_SEGMENTS);
    const colourAt = (index: number): string =>
      colourOf(node.node, cellValue(values, index, count), ranges, theme);
    const inset = (thickness + stroke.width) / 2;
    const way = {
      x: frame.x + inset,
      y: frame.y + inset,
      width: frame.width - 2 * inset,
      height: frame.height - 2 * inset,
    };
    painter.ring(way, thickness, count, colourAt, alpha);
  }
  const sign = node.node.sign ?? "";
  const least = sign.length > 1 ? SMALLEST.name : SMALLEST.sign;
  const size = Math.max(MEASURE.sign * camera.scale, least);
  const room = sign.length > 1 ? frame.width - 2 * thickness : frame.width;
  if (sign.length * size * 0.56 > room) {
    if (!values) return;
    // too small for its sign: at least the largest of its values
    const fill = colourOf(node.node, cellValue(values, 0, 1), ranges, theme);
    painter.box(frame.x, frame.y, frame.width, frame.height, radius, fill, null, alpha);
    return;
  }
  painter.label(sign, frame.x + frame.width / 2, frame.y + frame.height / 2, 500, {
    size,
    colour: ink(theme).text,
    alpha,
    align: "center",
  });
}
