/** The picture that is saved: the scene as it stands on the screen, under it parameters, scales and strips. */

import { type Run, runsOfLatex } from "../core/label.ts";
import type { GraphNode } from "../core/types.ts";
import { CanvasPainter, measureOn } from "./canvas.ts";
import { ink, scaleTable, symbolColour } from "./colours.ts";
import { facesOf } from "./faces.ts";
import { labelFont, type Measure, setName } from "./letters.ts";
import { paint } from "./paint.ts";
import type { Painter } from "./painter.ts";
import type { Scene } from "./scene.ts";
import { drawStrips, type StripScene } from "./strips.ts";
import { type About, SvgPainter } from "./svg.ts";
import { type LegendEntry, shortNumber } from "./values.ts";

/** How the scales are named where they are not named by their variables. */
export type WordOf = (entry: LegendEntry) => string;

/** What stands under the figure. */
export interface Below {
  wordOf: WordOf;
  parameters: readonly GraphNode[];
  /** The variables over time; null where the page shows none. */
  strips: { scene: StripScene; height: number } | null;
}

const STRIPS = { top: 8, bottom: 12 } as const;
const PARAMETER = { line: 28, size: 15, sign: 10, near: 4, gap: 14 } as const;
const LEGEND = { side: 20, line: 26, bottom: 10, bar: 56, height: 10, gap: 24, near: 6 } as const;
const NAMED = 5;
const STOPS = 48;

/** The browser's own widths, without a canvas on the screen. */
function measure(): Measure {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) throw new Error("this browser has no canvas");
  return measureOn(context);
}

/** A document that stands alone: its typefaces are inside, nothing in it leads elsewhere. */
export async function svgFile(scene: Scene, below: Below, about: About): Promise<string> {
  const painter = new SvgPainter(measure());
  const height = paintAll(painter, scene, below);
  const style = await facesOf(painter.fonts);
  return painter.document(scene.size.width, height, ink(scene.theme).paper, { ...about, style });
}

/** The same for a page that has the typefaces, and for paper that has its own colour: print. */
export function svgInPage(scene: Scene, below: Below, about: About): string {
  const painter = new SvgPainter(measure());
  const height = paintAll(painter, scene, below);
  return painter.document(scene.size.width, height, "none", about);
}

/** Pixels, `times` as many along each side as the screen's lengths say. */
export async function pngFile(scene: Scene, below: Below, times: number): Promise<Blob> {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no canvas");
  const { width } = scene.size;
  const height = heights(scene, below, measureOn(context)).all;
  canvas.width = Math.round(width * times);
  canvas.height = Math.round(height * times);
  context.scale(times, times);
  context.fillStyle = ink(scene.theme).paper;
  context.fillRect(0, 0, width, height);
  paintAll(new CanvasPainter(context), scene, below);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/png");
  });
}

/** Paints the scene and what stands under it; gives the height of all. */
function paintAll(painter: Painter, scene: Scene, below: Below): number {
  paint(painter, scene);
  const widths = measure();
  const { parameters, legend, strips, all } = heights(scene, below, widths);
  for (const { node, x, y } of laidParameters(scene, below, widths)) {
    const colour = symbolColour(node, scene.theme);
    const middle = parameters + y;
    painter.box(x, middle - 1, PARAMETER.sign, 2, 1, colour, null);
    const left = x + PARAMETER.sign + PARAMETER.near;
    const style = { size: PARAMETER.size, colour, alpha: 1, align: "left" } as const;
    painter.name(runsOfLatex(node.latex), left, middle, style);
  }
  paintLegend(painter, scene, below.wordOf, widths, legend);
  if (below.strips) drawStrips(painter, below.strips.scene, strips);
  return all;
}

/** Where each part begins, and where all ends. */
function heights(scene: Scene, below: Below, widthOf: Measure) {
  const parameters = scene.size.height;
  const rows = laidParameters(scene, below, widthOf).at(-1);
  const legend = parameters + (rows ? rows.y + PARAMETER.line / 2 : 0);
  const strips = legend + legendHeight(scene, below.wordOf, widthOf) + STRIPS.top;
  const all = below.strips ? strips + below.strips.height + STRIPS.bottom : strips - STRIPS.top;
  return { parameters, legend, strips, all };
}

/** Parameters from left to right, on as many lines as it takes; `y`: the middle of their line. */
function laidParameters(scene: Scene, { parameters }: Below, widthOf: Measure) {
  let [x, y] = [LEGEND.side as number, PARAMETER.line / 2];
  return parameters.map((node) => {
    const name = widthOfName(runsOfLatex(node.latex), widthOf, PARAMETER.size);
    const width = PARAMETER.sign + PARAMETER.near + name;
    if (x > LEGEND.side && x + width > scene.size.width - LEGEND.side) {
      [x, y] = [LEGEND.side, y + PARAMETER.line];
    }
    const placed = { node, x, y };
    x += width + PARAMETER.gap;
    return placed;
  });
}

interface Placed {
  entry: LegendEntry;
  x: number;
  line: number;
  names: Run[];
  widths: { word: number; low: number; high: number };
}

/** From left to right, on as many lines as it takes. */
function laid(scene: Scene, wordOf: WordOf, widthOf: Measure): Placed[] {
  let [x, line] = [LEGEND.side as number, 0];
  return scene.ranges.legend.map((entry) => {
    const names = namesOf(entry);
    const label = (text: string): number => widthOf(labelFont(12, 400), text);
    const widths = {
      word: names.length > 0 ? widthOfName(names, widthOf) : label(wordOf(entry)),
      low: label(shortNumber(entry.range[0])),
      high: label(shortNumber(entry.range[1])),
    };
    const width = widths.word + widths.low + widths.high + LEGEND.bar + 3 * LEGEND.near;
    if (x > LEGEND.side && x + width > scene.size.width - LEGEND.side) {
      [x, line] = [LEGEND.side, line + 1];
    }
    const placed = { entry, x, line, names, widths };
    x += width + LEGEND.gap;
    return placed;
  });
}

/** The variables of a scale, parted by commas; more than a few are only hinted at. */
function namesOf(entry: LegendEntry): Run[] {
  const comma: Run = { text: ", ", face: "roman", level: "base" };
  const runs = entry.nodes
    .slice(0, NAMED)
    .flatMap((node, index) => [...(index > 0 ? [comma] : []), ...runsOfLatex(node.latex)]);
  return entry.nodes.length > NAMED ? [...runs, { ...comma, text: ", …" }] : runs;
}

function widthOfName(runs: readonly Run[], widthOf: Measure, size = 14): number {
  const pieces = setName(runs, 0, 0, { size, align: "left" }, widthOf);
  return Math.max(0, ...pieces.map((piece) => piece.x + widthOf(piece.font, piece.text)));
}

function legendHeight(scene: Scene, wordOf: WordOf, widthOf: Measure): number {
  const lines = Math.max(-1, ...laid(scene, wordOf, widthOf).map((placed) => placed.line)) + 1;
  return lines === 0 ? 0 : lines * LEGEND.line + LEGEND.bottom;
}

function paintLegend(
  painter: Painter,
  scene: Scene,
  wordOf: WordOf,
  widthOf: Measure,
  begin: number,
): void {
  const { theme } = scene;
  const { text, muted, line: rim } = ink(theme);
  const small = { size: 12, alpha: 1, align: "left" } as const;
  for (const { entry, x, line, names, widths } of laid(scene, wordOf, widthOf)) {
    const y = begin + (line + 0.5) * LEGEND.line;
    const only = entry.nodes.length === 1 ? entry.nodes[0] : undefined;
    const colour = only ? symbolColour(only, theme) : text;
    if (names.length > 0) painter.name(names, x, y, { ...small, size: 14, colour });
    else painter.label(wordOf(entry), x, y, 400, { ...small, colour: text });
    const low = x + widths.word + LEGEND.near;
    const bar = low + widths.low + LEGEND.near;
    painter.label(shortNumber(entry.range[0]), low, y, 400, { ...small, colour: muted });
    const { css } = scaleTable(entry.scale, theme);
    const colourAt = (index: number): string =>
      css[Math.round((index / (STOPS - 1)) * (css.length - 1))] ?? "";
    const top = y - LEGEND.height / 2;
    painter.cells(bar, top, LEGEND.bar, LEGEND.height, 3, 1, STOPS, colourAt, 1);
    painter.box(bar, top, LEGEND.bar, LEGEND.height, 3, null, { colour: rim, width: 1, alpha: 1 });
    const high = bar + LEGEND.bar + LEGEND.near;
    painter.label(shortNumber(entry.range[1]), high, y, 400, { ...small, colour: muted });
  }
}
