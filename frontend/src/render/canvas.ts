/** Paints on a canvas, sharp on any screen: the context is scaled once, everything else is in CSS pixels. */

import type { Run } from "../core/label.ts";
import type { Box } from "../core/pose.ts";
import { type Font, LABEL_DROP, type Letters, labelFont, setName } from "./letters.ts";
import { type Painter, type Stroke, type TextStyle, wayAround } from "./painter.ts";

const widths = new Map<string, number>();

function cssOf(font: Font): string {
  return `${font.isItalic ? "italic " : ""}${font.weight} ${font.size}px ${font.family}`;
}

/** Widths as this canvas sets them. */
export function measureOn(context: CanvasRenderingContext2D): (font: Font, text: string) => number {
  return (font, text) => {
    const css = cssOf(font);
    const key = `${css}|${text}`;
    const known = widths.get(key);
    if (known !== undefined) return known;
    context.font = css;
    const { width } = context.measureText(text);
    if (widths.size > 4000) widths.clear();
    widths.set(key, width);
    return width;
  };
}

/** Widths change when a typeface has arrived. */
export function forgetWidths(): void {
  widths.clear();
}

/** Adds a path with rounded corners; a corner never takes more than half of a piece. */
export function traceLine(
  context: Pick<CanvasRenderingContext2D, "moveTo" | "lineTo" | "arcTo">,
  points: Float64Array,
  count: number,
  corner: number,
): void {
  context.moveTo(points[0] ?? 0, points[1] ?? 0);
  for (let index = 1; index < count; index++) {
    const [x, y] = [points[index * 2] ?? 0, points[index * 2 + 1] ?? 0];
    if (index === count - 1) {
      context.lineTo(x, y);
      continue;
    }
    const [x0, y0] = [points[index * 2 - 2] ?? 0, points[index * 2 - 1] ?? 0];
    const [x2, y2] = [points[index * 2 + 2] ?? 0, points[index * 2 + 3] ?? 0];
    const before = Math.hypot(x - x0, y - y0) / (index === 1 ? 1 : 2);
    const after = Math.hypot(x2 - x, y2 - y) / (index === count - 2 ? 1 : 2);
    const radius = Math.min(corner, before, after);
    if (radius < 0.5) context.lineTo(x, y);
    else context.arcTo(x, y, x2, y2, radius);
  }
}

/** The radii of a cell's corners, from the upper left clockwise; null in the middle of a box. */
function cornersOf(
  row: number,
  rows: number,
  column: number,
  columns: number,
  radius: number,
): number[] | null {
  const [isTop, isBottom] = [row === 0, row === rows - 1];
  const [isLeft, isRight] = [column === 0, column === columns - 1];
  if (radius <= 0 || !(isTop || isBottom) || !(isLeft || isRight)) return null;
  const at = (isCorner: boolean): number => (isCorner ? radius : 0);
  return [
    at(isTop && isLeft),
    at(isTop && isRight),
    at(isBottom && isRight),
    at(isBottom && isLeft),
  ];
}

export class CanvasPainter implements Painter {
  private readonly context: CanvasRenderingContext2D;

  constructor(context: CanvasRenderingContext2D) {
    this.context = context;
    context.lineJoin = "round";
    context.lineCap = "butt";
  }

  private stroke(stroke: Stroke): void {
    const { context } = this;
    context.strokeStyle = stroke.colour;
    context.lineWidth = stroke.width;
    context.globalAlpha = stroke.alpha;
    if (stroke.dash) context.setLineDash([...stroke.dash]);
    context.stroke();
    if (stroke.dash) context.setLineDash([]);
    context.globalAlpha = 1;
  }

  line(
    points: Float64Array,
    count: number,
    corner: number,
    stroke: Stroke,
    casing: Stroke | null,
  ): void {
    if (count < 2) return;
    this.context.beginPath();
    traceLine(this.context, points, count, corner);
    if (casing) this.stroke(casing);
    this.stroke(stroke);
  }

  head(
    x: number,
    y: number,
    dx: number,
    dy: number,
    size: number,
    colour: string,
    alpha: number,
  ): void {
    const { context } = this;
    const half = size * 0.42;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - dx * size - dy * half, y - dy * size + dx * half);
    context.lineTo(x - dx * size * 0.72, y - dy * size * 0.72);
    context.lineTo(x - dx * size + dy * half, y - dy * size - dx * half);
    context.closePath();
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }

  private fill(fill: string | null, alpha: number): void {
    if (!fill) return;
    this.context.globalAlpha = alpha;
    this.context.fillStyle = fill;
    this.context.fill();
    this.context.globalAlpha = 1;
  }

  box(
    x: number,
    y: number,
    width: number,
    height: number,
    radius: number,
    fill: string | null,
    stroke: Stroke | null,
    fillAlpha = 1,
  ): void {
    this.context.beginPath();
    this.context.roundRect(x, y, width, height, Math.max(0, radius));
    this.fill(fill, fillAlpha);
    if (stroke) this.stroke(stroke);
  }

  diamond(
    x: number,
    y: number,
    width: number,
    height: number,
    fill: string | null,
    stroke: Stroke | null,
    fillAlpha = 1,
  ): void {
    const { context } = this;
    context.beginPath();
    context.moveTo(x + width / 2, y);
    context.lineTo(x + width, y + height / 2);
    context.lineTo(x + width / 2, y + height);
    context.lineTo(x, y + height / 2);
    context.closePath();
    this.fill(fill, fillAlpha);
    if (stroke) this.stroke(stroke);
  }

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
  ): void {
    const { context } = this;
    // Clipping is dear: where the corners' cells are large enough, these are rounded themselves.
    const isClipped = radius > Math.min(height / rows, width / columns);
    if (isClipped) {
      context.save();
      context.beginPath();
      context.roundRect(x, y, width, height, radius);
      context.clip();
    }
    context.globalAlpha = alpha;
    for (let row = 0; row < rows; row++) {
      const top = y + (height * row) / rows;
      const bottom = y + (height * (row + 1)) / rows;
      // Half a pixel over the edge closes the seams that rounding leaves.
      const below = row === rows - 1 ? 0 : 0.5;
      for (let column = 0; column < columns; column++) {
        const left = x + (width * column) / columns;
        const right = x + (width * (column + 1)) / columns;
        const beside = column === columns - 1 ? 0 : 0.5;
        context.fillStyle = colourAt(row * columns + column);
        const corners = isClipped ? null : cornersOf(row, rows, column, columns, radius);
        if (corners) {
          context.beginPath();
          context.roundRect(left, top, right - left + beside, bottom - top + below, corners);
          context.fill();
        } else context.fillRect(left, top, right - left + beside, bottom - top + below);
      }
    }
    if (isClipped) context.restore();
    else context.globalAlpha = 1;
  }

  ring(
    box: Box,
    thickness: number,
    count: number,
    colourAt: (index: number) => string,
    alpha: number,
  ): void {
    const { context } = this;
    const { x, y, width, height } = box;
    const { length, top } = wayAround(width, height);
    const part = length / count;
    context.globalAlpha = alpha;
    context.lineWidth = thickness;
    context.setLineDash([part, length - part]);
    context.beginPath();
    context.roundRect(x, y, width, height, Math.min(width, height) / 2);
    for (let index = 0; index < count; index++) {
      context.strokeStyle = colourAt(index);
      context.lineDashOffset = -(top + index * part);
      context.stroke();
    }
    context.setLineDash([]);
    context.lineDashOffset = 0;
    context.globalAlpha = 1;
  }

  name(runs: readonly Run[], x: number, y: number, style: TextStyle): void {
    this.letters(setName(runs, x, y, style, measureOn(this.context)), "left", style);
  }

  label(text: string, x: number, y: number, weight: number, style: TextStyle): void {
    const font = labelFont(style.size, weight);
    this.letters([{ text, font, x, y: y + style.size * LABEL_DROP }], style.align, style);
  }

  /** All rims first, so that none lies on a neighbour's letter. */
  private letters(pieces: readonly Letters[], align: CanvasTextAlign, style: TextStyle): void {
    const { context } = this;
    context.textBaseline = "alphabetic";
    context.textAlign = align;
    context.globalAlpha = style.alpha;
    if (style.halo) {
      context.strokeStyle = style.halo;
      context.lineWidth = 4;
      for (const piece of pieces) {
        context.font = cssOf(piece.font);
        context.strokeText(piece.text, piece.x, piece.y);
      }
    }
    context.fillStyle = style.colour;
    for (const piece of pieces) {
      context.font = cssOf(piece.font);
      context.fillText(piece.text, piece.x, piece.y);
    }
    context.globalAlpha = 1;
  }
}
