/** Paints into an SVG document: for export, for print, and for tests that read the drawing. */

import { type Run, SCRIPT, widthOfRuns } from "../core/label.ts";
import { traceLine } from "./canvas.ts";
import { FONTS, type Painter, type Stroke, type TextStyle, wayAround } from "./painter.ts";

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function strokeAttributes(stroke: Stroke): string {
  const dash = stroke.dash ? ` stroke-dasharray="${stroke.dash.map(number).join(" ")}"` : "";
  const alpha = stroke.alpha < 1 ? ` stroke-opacity="${number(stroke.alpha)}"` : "";
  return ` stroke="${stroke.colour}" stroke-width="${number(stroke.width)}"${alpha}${dash}`;
}

/** Collects a canvas path as path data; corners become quadratic curves. */
class PathData {
  readonly parts: string[] = [];
  private last: [number, number] = [0, 0];

  moveTo(x: number, y: number): void {
    this.last = [x, y];
    this.parts.push(`M${number(x)} ${number(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.last = [x, y];
    this.parts.push(`L${number(x)} ${number(y)}`);
  }

  /** Only right angles and near-right ones occur: the tangent points lie one radius from the corner. */
  arcTo(x: number, y: number, x2: number, y2: number, radius: number): void {
    const [x0, y0] = this.last;
    const before = Math.hypot(x - x0, y - y0) || 1;
    const after = Math.hypot(x2 - x, y2 - y) || 1;
    this.lineTo(x - ((x - x0) / before) * radius, y - ((y - y0) / before) * radius);
    const end: [number, number] = [
      x + ((x2 - x) / after) * radius,
      y + ((y2 - y) / after) * radius,
    ];
    this.parts.push(`Q${number(x)} ${number(y)} ${number(end[0])} ${number(end[1])}`);
    this.last = end;
  }
}

export class SvgPainter implements Painter {
  private readonly body: string[] = [];
  private clips = 0;

  line(
    points: Float64Array,
    count: number,
    corner: number,
    stroke: Stroke,
    casing: Stroke | null,
  ): void {
    if (count < 2) return;
    const path = new PathData();
    traceLine(path, points, count, corner);
    const data = path.parts.join("");
    if (casing) {
      this.body.push(`<path d="${data}" fill="none"${strokeAttributes(casing)}/>`);
    }
    this.body.push(`<path d="${data}" fill="none"${strokeAttributes(stroke)}/>`);
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
    const half = size * 0.42;
    const corners = [
      [x, y],
      [x - dx * size - dy * half, y - dy * size + dx * half],
      [x - dx * size * 0.72, y - dy * size * 0.72],
      [x - dx * size + dy * half, y - dy * size - dx * half],
    ];
    const points = corners.map((corner) => corner.map(number).join(",")).join(" ");
    this.body.push(
      `<polygon points="${points}" fill="${colour}" fill-opacity="${number(alpha)}"/>`,
    );
  }

  private shape(tag: string, fill: string | null, stroke: Stroke | null, fillAlpha: number): void {
    const inside = fill ? ` fill="${fill}" fill-opacity="${number(fillAlpha)}"` : ' fill="none"';
    this.body.push(`<${tag}${inside}${stroke ? strokeAttributes(stroke) : ""}/>`);
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
    const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
    this.shape(`rect ${place} rx="${number(Math.max(0, radius))}"`, fill, stroke, fillAlpha);
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
    const corners = [
      [x + width / 2, y],
      [x + width, y + height / 2],
      [x + width / 2, y + height],
      [x, y + height / 2],
    ];
    const points = corners.map((corner) => corner.map(number).join(",")).join(" ");
    this.shape(`polygon points="${points}"`, fill, stroke, fillAlpha);
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
    const id = `cells-${this.clips++}`;
    const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
    this.body.push(`<clipPath id="${id}"><rect ${place} rx="${number(radius)}"/></clipPath>`);
    this.body.push(`<g clip-path="url(#${id})" opacity="${number(alpha)}">`);
    for (let index = 0; index < rows * columns; index++) {
      const left = x + (width * (index % columns)) / columns;
      const top = y + (height * Math.floor(index / columns)) / rows;
      this.body.push(
        `<rect x="${number(left)}" y="${number(top)}" width="${number(width / columns + 0.5)}" ` +
          `height="${number(height / rows + 0.5)}" fill="${colourAt(index)}"/>`,
      );
    }
    this.body.push("</g>");
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
    const { length, top } = wayAround(width, height);
    const part = length / count;
    const place =
      `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" ` +
      `rx="${number(Math.min(width, height) / 2)}"`;
    this.body.push(
      `<g fill="none" stroke-width="${number(thickness)}" opacity="${number(alpha)}">`,
    );
    for (let index = 0; index < count; index++) {
      this.body.push(
        `<rect ${place} stroke="${colourAt(index)}" ` +
          `stroke-dasharray="${number(part)} ${number(length - part)}" ` +
          `stroke-dashoffset="${number(-(top + index * part))}"/>`,
      );
    }
    this.body.push("</g>");
  }

  name(runs: readonly Run[], x: number, y: number, style: TextStyle): void {
    const baseline = y + style.size * 0.26;
    let raised = 0;
    let script = 0;
    const spans = runs.map((run) => {
      const lift = run.level === "base" ? 0 : run.level === "subscript" ? 0.2 : -0.4;
      const dy = lift * style.size - raised;
      raised = lift * style.size;
      // A raised index after a lowered one begins where that one began.
      const isBack = run.level === "superscript" && script > 0;
      const dx = isBack ? -script * style.size : 0;
      script = run.level === "subscript" ? script + widthOfRuns([run]) : isBack ? 0 : script;
      const size = run.level === "base" ? style.size : style.size * SCRIPT;
      const family = run.face.includes("italic") ? FONTS.mathematics : FONTS.roman;
      const slant = run.face.includes("italic") ? ' font-style="italic"' : "";
      const weight = run.face.includes("bold") ? ' font-weight="700"' : "";
      const move = `${dx ? ` dx="${number(dx)}"` : ""}${dy ? ` dy="${number(dy)}"` : ""}`;
      const mark = { hat: "\u0302", tilde: "\u0303", bar: "\u0304" };
      const text = escaped(run.text) + (run.accent ? mark[run.accent] : "");
      return `<tspan${move} font-family="${escaped(family)}" font-size="${number(size)}"${slant}${weight}>${text}</tspan>`;
    });
    this.text(spans.join(""), x, baseline, style, "");
  }

  label(text: string, x: number, y: number, weight: number, style: TextStyle): void {
    const font = ` font-family="${escaped(FONTS.label)}" font-size="${number(style.size)}" font-weight="${weight}"`;
    this.text(escaped(text), x, y + style.size * 0.36, style, font);
  }

  private text(content: string, x: number, y: number, style: TextStyle, font: string): void {
    const anchor = { left: "start", center: "middle", right: "end" }[style.align];
    const halo = style.halo
      ? ` stroke="${style.halo}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"`
      : "";
    this.body.push(
      `<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}" fill="${style.colour}" ` +
        `opacity="${number(style.alpha)}"${halo}${font}>${content}</text>`,
    );
  }

  /** The whole document. */
  document(width: number, height: number, paper: string, title: string): string {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}" height="${number(height)}" ` +
      `viewBox="0 0 ${number(width)} ${number(height)}" role="img"><title>${escaped(title)}</title>` +
      `<rect width="100%" height="100%" fill="${paper}"/>${this.body.join("")}</svg>`
    );
  }
}
