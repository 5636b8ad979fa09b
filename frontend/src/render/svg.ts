/** Paints into an SVG document: for export, for print, and for tests that read the drawing. */

import type { Run } from "../core/label.ts";
import type { Box } from "../core/pose.ts";
import { traceLine } from "./canvas.ts";
import {
  estimate,
  type Font,
  LABEL_DROP,
  type Letters,
  labelFont,
  type Measure,
  setName,
} from "./letters.ts";
import { type Painter, type Stroke, type TextStyle, wayAround } from "./painter.ts";

/** What a document says of itself, and the styles that it carries. */
export interface About {
  title: string;
  description?: string;
  style?: string;
}

export function escaped(text: string): string {
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

/** Collects a canvas path as path data. */
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

  /** As a canvas: a line to where the circle touches, then the circle to where it leaves. */
  arcTo(x: number, y: number, x2: number, y2: number, radius: number): void {
    const [x0, y0] = this.last;
    const before = Math.hypot(x0 - x, y0 - y) || 1;
    const after = Math.hypot(x2 - x, y2 - y) || 1;
    const [ux, uy] = [(x0 - x) / before, (y0 - y) / before];
    const [vx, vy] = [(x2 - x) / after, (y2 - y) / after];
    const cosine = ux * vx + uy * vy;
    const turn = ux * vy - uy * vx;
    if (Math.abs(turn) < 1e-6) {
      this.lineTo(x, y);
      return;
    }
    const distance = radius * Math.sqrt((1 + cosine) / (1 - cosine));
    this.lineTo(x + ux * distance, y + uy * distance);
    const [endX, endY] = [x + vx * distance, y + vy * distance];
    const size = number(radius);
    this.parts.push(`A${size} ${size} 0 0 ${turn < 0 ? 1 : 0} ${number(endX)} ${number(endY)}`);
    this.last = [endX, endY];
  }
}

export class SvgPainter implements Painter {
  private readonly body: string[] = [];
  private readonly measure: Measure;
  private clips = 0;
  /** What is set in which font: a file carries the typefaces it needs. */
  readonly fonts = new Map<string, { font: Font; characters: Set<string> }>();

  constructor(measure: Measure = estimate) {
    this.measure = measure;
  }

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
    box: Box,
    thickness: number,
    count: number,
    colourAt: (index: number) => string,
    alpha: number,
  ): void {
    const { x, y, width, height } = box;
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
    this.letters(setName(runs, x, y, style, this.measure), "start", style);
  }

  label(text: string, x: number, y: number, weight: number, style: TextStyle): void {
    const font = labelFont(style.size, weight);
    const anchor = { left: "start", center: "middle", right: "end" }[style.align];
    this.letters([{ text, font, x, y: y + style.size * LABEL_DROP }], anchor, style);
  }

  /** All rims first, so that none lies on a neighbour's letter. */
  private letters(pieces: readonly Letters[], anchor: string, style: TextStyle): void {
    const texts = pieces.map((piece) => this.text(piece));
    const alpha = style.alpha < 1 ? ` opacity="${number(style.alpha)}"` : "";
    const align = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
    if (style.halo) {
      const rim = `fill="none" stroke="${style.halo}" stroke-width="4" stroke-linejoin="round"`;
      this.body.push(`<g ${rim} aria-hidden="true"${alpha}${align}>${texts.join("")}</g>`);
    }
    this.body.push(`<g fill="${style.colour}"${alpha}${align}>${texts.join("")}</g>`);
  }

  private text({ text, font, x, y }: Letters): string {
    const slant = font.isItalic ? ' font-style="italic"' : "";
    const weight = font.weight === 400 ? "" : ` font-weight="${font.weight}"`;
    const key = `${font.family}|${font.isItalic}|${font.weight}`;
    const used = this.fonts.get(key) ?? { font, characters: new Set() };
    for (const character of text) used.characters.add(character);
    this.fonts.set(key, used);
    return (
      `<text x="${number(x)}" y="${number(y)}" font-family="${escaped(font.family)}" ` +
      `font-size="${number(font.size)}"${slant}${weight}>${escaped(text)}</text>`
    );
  }

  /** The whole document. */
  document(width: number, height: number, paper: string, about: About): string {
    const { title, description, style } = about;
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}" height="${number(height)}" ` +
      `viewBox="0 0 ${number(width)} ${number(height)}" role="img">` +
      `<title>${escaped(title)}</title>` +
      (description ? `<desc>${escaped(description)}</desc>` : "") +
      (style ? `<style>${style}</style>` : "") +
      `<rect width="100%" height="100%" fill="${paper}"/>${this.body.join("")}</svg>\n`
    );
  }
}
