/** What a drawing is made of. The canvas painter puts it on the screen, the SVG painter into a file. */

import type { Run } from "../core/label.ts";
import type { Box } from "../core/pose.ts";

export interface Stroke {
  colour: string;
  width: number;
  alpha: number;
  dash?: readonly number[];
}

export interface TextStyle {
  size: number;
  colour: string;
  alpha: number;
  align: "left" | "center" | "right";
  /** A rim in this colour keeps the text clear of what lies beneath. */
  halo?: string;
}

/** The typefaces of the drawing: names are set as in the equations, numbers as in the labels. */
export const FONTS = {
  mathematics: 'KaTeX_Math, "Source Serif 4", Georgia, serif',
  roman: 'KaTeX_Main, "Source Serif 4", Georgia, serif',
  label: 'Inter, "PingFang SC", "Noto Sans CJK SC", system-ui, sans-serif',
} as const;

/** All lengths in CSS pixels; `points` holds x, y pairs. */
export interface Painter {
  /** A line with rounded corners; `casing` is a rim in the paper's colour that parts it from what it crosses. */
  line(
    points: Float64Array,
    count: number,
    corner: number,
    stroke: Stroke,
    casing: Stroke | null,
  ): void;
  /** An arrow's head with its point at (x, y), looking along (dx, dy). */
  head(
    x: number,
    y: number,
    dx: number,
    dy: number,
    size: number,
    colour: string,
    alpha: number,
  ): void;
  box(
    x: number,
    y: number,
    width: number,
    height: number,
    radius: number,
    fill: string | null,
    stroke: Stroke | null,
    fillAlpha?: number,
  ): void;
  /** The largest rhombus in the box. */
  diamond(
    x: number,
    y: number,
    width: number,
    height: number,
    fill: string | null,
    stroke: Stroke | null,
    fillAlpha?: number,
  ): void;
  /** A grid of coloured cells clipped to a rounded box, row by row. */
  cells(
    x: number,
    y: number,
    width: number,
    height: number,
    radius: number,
    rows: number,
    columns: number,
    colourAt: (index: number) => string,
    alpha: number,
  ): void;
  /** Coloured segments along the edge of a box with round ends, from the middle of its top clockwise. */
  ring(
    box: Box,
    thickness: number,
    count: number,
    colourAt: (index: number) => string,
    alpha: number,
  ): void;
  /** A name or symbol set as mathematics, its middle at y. */
  name(runs: readonly Run[], x: number, y: number, style: TextStyle): void;
  /** A label or number, its middle at y. */
  label(text: string, x: number, y: number, weight: number, style: TextStyle): void;
}

/** The way around a box with round ends, and how far along it lies the middle of its top. */
export function wayAround(width: number, height: number): { length: number; top: number } {
  const radius = Math.min(width, height) / 2;
  const [level, upright] = [width - 2 * radius, height - 2 * radius];
  return { length: 2 * (level + upright) + 2 * Math.PI * radius, top: level / 2 };
}
