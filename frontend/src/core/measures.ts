/** Every length of the drawing, in units of its world: one is a CSS pixel at zoom 1. */

import { type Run, runsOfLatex, widthOfRuns } from "./label.ts";
import type { GraphNode } from "./types.ts";

export const MEASURE = {
  /** Size of names beside boxes, and of parameters beside lines. */
  name: 19,
  parameter: 16,
  /** Between a name and its box. */
  nameGap: 6,
  /** Room for the raised (0) of a boundary value. */
  index: 22,
  box: { width: 32, height: 52, radius: 6 },
  token: 32,
  /** Wide enough for its number. */
  scalar: { width: 42, height: 28 },
  diamond: { width: 46, height: 40 },
  /** An operation's circle. */
  circle: 30,
  sign: 15,
  /** Ends of lines on one side of a box. */
  port: 8,
  leastPort: 5.5,
  sidePort: 9,
  loopPort: 24,
  /** Between lines that run beside each other. */
  track: 8,
  foldedTrack: 44,
  lane: 7,
  /** Least distance of neighbours in a row, and of a line that passes through a row. */
  boxGap: 26,
  slot: 12,
  /** Between a row and the first line in the channel beneath it; room for a parameter's name and the arrow. */
  entry: 20,
  plainEntry: 14,
  exit: 10,
  /** From the column to the first and last line of the gap. */
  join: 14,
  gapLeft: 12,
  gapRight: 16,
  /** So far stands out a loop along an index inside a box. */
  inner: 16,
  /** A folded loop stands out this far. */
  loop: 30,
  leastGap: 44,
  /** Between the last column and what stands once after it; where lines go back from there. */
  tailGap: 30,
  backGap: 14,
  leastChannel: 26,
  bandGap: 40,
  levelGap: 64,
  corner: 9,
  arrow: 7,
} as const;

/** Distance of the arcs of one delay beside each other: many lie closer. */
export function laneOf(delay: number): number {
  return Math.min(MEASURE.lane, 56 / Math.abs(delay));
}

export type Shape = "vector" | "matrix" | "scalar" | "token" | "diamond" | "circle";

export interface Extent {
  shape: Shape;
  width: number;
  height: number;
}

export function shapeOf(node: GraphNode): Shape {
  if (node.sign !== undefined) return "circle";
  if (node.one_hot && node.kind === "input") return "token";
  if (node.domains.length > 1) return "vector";
  if (node.shape.length >= 2) return "matrix";
  const isScalar = node.shape.length === 0 || (node.shape.length === 1 && node.shape[0] === 1);
  if (!isScalar) return "vector";
  return node.role === "loss" ? "diamond" : "scalar";
}

/** A sign of several letters stands in a longer circle. */
function signWidth(sign: string): number {
  return sign.length > 1 ? sign.length * MEASURE.sign * 0.6 + 22 : 0;
}

/** Size of a node's box, wide and high enough for the lines that end on its sides. */
export function extentOf(node: GraphNode, endsAcross: number, endsBeside: number): Extent {
  const shape = shapeOf(node);
  const across = (endsAcross - 1) * MEASURE.port + 10;
  const beside = (endsBeside - 1) * MEASURE.sidePort + 10;
  switch (shape) {
    case "diamond":
      return { shape, ...MEASURE.diamond };
    case "circle":
      return {
        shape,
        width: Math.max(MEASURE.circle, across, signWidth(node.sign ?? "")),
        height: Math.max(MEASURE.circle, beside),
      };
    case "token":
      return {
        shape,
        width: Math.max(MEASURE.token, across),
        height: Math.max(MEASURE.token, beside),
      };
    case "scalar":
      return {
        shape,
        width: Math.max(MEASURE.scalar.width, across),
        height: Math.max(MEASURE.scalar.height, beside),
      };
    case "matrix": {
      const rows = node.shape[0] ?? 1;
      const columns = node.shape.slice(1).reduce((product, size) => product * size, 1);
      return {
        shape,
        width: Math.max(Math.min(Math.max(columns * 8, 40), 96), across),
        height: Math.max(Math.min(Math.max(rows * 5, 52), 88), beside),
      };
    }
    case "vector": {
      const size = node.domains.length > 1 ? 8 : (node.shape[0] ?? 1);
      const height = size <= 2 ? 34 : size === 3 ? 42 : MEASURE.box.height;
      return {
        shape,
        width: Math.max(MEASURE.box.width, across),
        height: Math.max(height, beside),
      };
    }
  }
}

export function nameOf(node: GraphNode): { runs: Run[]; width: number } {
  if (node.sign !== undefined) return { runs: [], width: 0 };
  const runs = runsOfLatex(node.latex);
  const named: Run[] = runs.length > 0 ? runs : [{ text: node.id, face: "roman", level: "base" }];
  return { runs: named, width: Math.ceil(widthOfRuns(named) * MEASURE.name) };
}
