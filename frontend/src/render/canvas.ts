/** Paints on a canvas, sharp on any screen: the context is scaled once, everything else is in CSS pixels. */

import { type Run, SCRIPT } from "../core/label.ts";
import { FONTS, type Painter, type Stroke, type TextStyle, wayAround } from "./painter.ts";

const widths = new Map<string, number>();

function measure(context: CanvasRenderingContext2D, font: string, text: string): number {
  const key = `${font}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  context.font = font;
  const width = context.measureText(text).width;
  if (widths.size > 4000) widths.clear();
  widths.set(key, width);
  return width;
}

/** Widths change when a typeface has arrived. */
export function forgetWidths(): void {
  widths.clear();
}

export function fontOf(run: Run, size: number): string {
  const scaled = (run.level === "base" ? size : size * SCRIPT).toFixed(2);
  switch (run.face) {
    case "bold-italic":
      return `italic 700 ${scaled}px ${FONTS.mathematics}`;
    case "italic":
      return `italic 400 ${scaled}px ${FONTS.mathematics}`;
    case "bold":
      return `700 ${scaled}px ${FONTS.roman}`;
    case "roman":
      return `400 ${scaled}px ${FONTS.roman}`;
  }
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
    context.save();
    context.beginPath();
    context.roundRect(x, y, width, height, Math.max(0, radius));
    context.clip();
    context.globalAlpha = alpha;
    for (let row = 0; row < rows; row++) {
      const top = y + (height * row) / rows;
      const bottom = y + (height * (row + 1)) / rows;
      for (let column = 0; column < columns; column++) {
        const left = x + (width * column) / columns;
        const right = x + (width * (column + 1)) / columns;
        context.fillStyle = colourAt(row * columns + column);
        // Half a pixel over the edge closes the seams that rounding leaves.
        context.fillRect(left, top, right - left + 0.5, bottom - top + 0.5);
      }
    }
    context.restore();
  }

  ring(
    x: number,
    y: number,
    width: number,
    height: number,
    thickness: number,
    count: number,
    colourAt: (index: number) => string,
    alpha: number,
  ): void {
    const { context } = this;
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
    const { context } = this;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    const places: { run: Run; font: string; x: number; y: number }[] = [];
    let base = 0;
    const script = { subscript: 0, superscript: 0 };
    for (const run of runs) {
      const font = fontOf(run, style.size);
      const width = measure(context, font, run.text);
      if (run.level === "base") {
        places.push({ run, font, x: base, y: 0 });
        base += width;
      } else {
        const dy = run.level === "subscript" ? 0.2 : -0.4;
        places.push({ run, font, x: base + script[run.level] + 1, y: dy * style.size });
        script[run.level] += width;
      }
    }
    const total = base + Math.max(script.subscript, script.superscript);
    const start = style.align === "left" ? x : style.align === "right" ? x - total : x - total / 2;
    const baseline = y + style.size * 0.26;
    context.globalAlpha = style.alpha;
    for (const pass of style.halo ? (["halo", "text"] as const) : (["text"] as const)) {
      for (const place of places) {
        context.font = place.font;
        this.glyphs(pass, place.run.text, start + place.x, baseline + place.y, style);
        if (place.run.accent) this.accent(pass, place, start, baseline, style);
      }
    }
    context.globalAlpha = 1;
  }

  private accent(
    pass: "halo" | "text",
    place: { run: Run; font: string; x: number; y: number },
    start: number,
    baseline: number,
    style: TextStyle,
  ): void {
    const mark = { hat: "ˆ", tilde: "˜", bar: "ˉ" }[place.run.accent ?? "hat"];
    const width = measure(this.context, place.font, place.run.text);
    const own = measure(this.context, place.font, mark);
    const lift = /[A-Z]/.test(place.run.text) ? 0.2 : 0.02;
    this.context.font = place.font;
    const x = start + place.x + (width - own) / 2 + style.size * 0.06;
    this.glyphs(pass, mark, x, baseline + place.y - lift * style.size, style);
  }

  private glyphs(
    pass: "halo" | "text",
    text: string,
    x: number,
    y: number,
    style: TextStyle,
  ): void {
    const { context } = this;
    if (pass === "halo") {
      context.strokeStyle = style.halo ?? "";
      context.lineWidth = 4;
      context.strokeText(text, x, y);
    } else {
      context.fillStyle = style.colour;
      context.fillText(text, x, y);
    }
  }

  label(text: string, x: number, y: number, weight: number, style: TextStyle): void {
    const { context } = this;
    context.font = `${weight} ${style.size}px ${FONTS.label}`;
    context.textAlign = style.align;
    context.textBaseline = "alphabetic";
    context.globalAlpha = style.alpha;
    const baseline = y + style.size * 0.36;
    if (style.halo) this.glyphs("halo", text, x, baseline, style);
    this.glyphs("text", text, x, baseline, style);
    context.globalAlpha = 1;
  }
}
