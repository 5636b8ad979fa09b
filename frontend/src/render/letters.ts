/** Where the pieces of a name stand: the same for every painter, so that a file looks as the screen does. */

import { type Run, SCRIPT, widthOfRuns } from "../core/label.ts";
import { FONTS, type TextStyle } from "./painter.ts";

/** Width of a text in a font, in CSS pixels. */
export type Measure = (font: Font, text: string) => number;

export interface Font {
  family: string;
  size: number;
  weight: number;
  isItalic: boolean;
}

/** A piece of text with its left end and its baseline. */
export interface Letters {
  text: string;
  font: Font;
  x: number;
  y: number;
}

const MARKS = { hat: "ˆ", tilde: "˜", bar: "ˉ" } as const;

/** Without a typeface at hand a width is an estimate. */
export const estimate: Measure = (font, text) =>
  widthOfRuns([{ text, face: "roman", level: "base" }]) * font.size;

function fontOf(run: Run, size: number): Font {
  const isItalic = run.face === "italic" || run.face === "bold-italic";
  return {
    family: isItalic ? FONTS.mathematics : FONTS.roman,
    size: Math.round((run.level === "base" ? size : size * SCRIPT) * 100) / 100,
    weight: run.face.startsWith("bold") ? 700 : 400,
    isItalic,
  };
}

/** Sets a name with its middle at y; a subscript and the superscript after it stand above one another. */
export function setName(
  runs: readonly Run[],
  x: number,
  y: number,
  { size, align }: Pick<TextStyle, "size" | "align">,
  measure: Measure,
): Letters[] {
  const pieces: Letters[] = [];
  let base = 0;
  const script = { subscript: 0, superscript: 0 };
  for (const run of runs) {
    const font = fontOf(run, size);
    const width = measure(font, run.text);
    const left = run.level === "base" ? base : base + script[run.level] + 1;
    const lift = run.level === "base" ? 0 : run.level === "subscript" ? 0.2 : -0.4;
    pieces.push({ text: run.text, font, x: left, y: lift * size });
    if (run.accent) pieces.push(accent(run, font, left, lift * size, size, width, measure));
    if (run.level === "base") base += width;
    else script[run.level] += width;
  }
  const total = base + Math.max(script.subscript, script.superscript);
  const start = align === "left" ? x : align === "right" ? x - total : x - total / 2;
  const baseline = y + size * 0.26;
  return pieces.map((piece) => ({ ...piece, x: start + piece.x, y: baseline + piece.y }));
}

function accent(
  run: Run,
  font: Font,
  left: number,
  y: number,
  size: number,
  width: number,
  measure: Measure,
): Letters {
  const text = MARKS[run.accent ?? "hat"];
  const lift = /[A-Z]/.test(run.text) ? 0.2 : 0.02;
  const x = left + (width - measure(font, text)) / 2 + size * 0.06;
  return { text, font, x, y: y - lift * size };
}

/** A label's font, and how far under its middle the baseline lies. */
export function labelFont(size: number, weight: number): Font {
  return { family: FONTS.label, size, weight, isItalic: false };
}

export const LABEL_DROP = 0.36;
