/** Heat strips: a variable over time, units as rows, on the time axis of the drawing above. */

import { runsOfLatex } from "../core/label.ts";
import { shapeOf } from "../core/measures.ts";
import { Overview } from "../core/overview.ts";
import type { Front } from "../core/playback.ts";
import { Pyramid } from "../core/pyramid.ts";
import { arrangeRows } from "../core/rows.ts";
import { inOrder, orderOf, type Sort } from "../core/sorting.ts";
import { structure } from "../core/structure.ts";
import type {
  Domain,
  FoldedGraph,
  GraphNode,
  Role,
  Theme,
  TimeAxis,
  Trace,
} from "../core/types.ts";
import { domainOfScale, ink, notANumber, roleColour, scaleTable, tableIndex } from "./colours.ts";
import { rgbOfHex } from "./oklch.ts";
import { FONTS, type Painter, type Stroke } from "./painter.ts";
import { type Ranges, visibleSymbol } from "./values.ts";

/** A bar already says its size by its height: its colour need not shout. */
const BAR_ALPHA = 0.7;
const VEIL = 0.86;

export type StripKind = "symbols" | "bars" | "heat";

export interface Strip {
  node: GraphNode;
  kind: StripKind;
  top: number;
  height: number;
  pyramid: Pyramid;
  overview: Overview;
  units: number;
  /** Units from the top row on; null in the order of their numbers. */
  order: readonly number[] | null;
}

/** The unit whose value a place in a strip shows. */
export function unitAt(strip: Strip, y: number): number {
  const row = Math.floor(((y - strip.top) / strip.height) * strip.units);
  const clamped = Math.min(Math.max(row, 0), strip.units - 1);
  return strip.order?.[clamped] ?? clamped;
}

const MEASURES = { gap: 6, symbols: 24, bars: 30, leastRow: 2, mostRow: 5, most: 56 } as const;

export function stripKind(node: GraphNode): StripKind {
  const shape = shapeOf(node);
  if (shape === "token") return "symbols";
  return shape === "diamond" || shape === "scalar" ? "bars" : "heat";
}

/** What a reader watches comes first: the memory, then what guards it, then what comes out. */
const PLACE: Record<Role, number> = {
  state: 0,
  memory: 0,
  attention: 0,
  gate: 1,
  hidden: 1,
  output: 2,
  probability: 2,
  loss: 3,
  target: 3,
  input: 4,
  parameter: 5,
};

/** Variables over time, by what they are; alike ones from the top of the drawing to its bottom. */
export function stripNodes(graph: FoldedGraph): GraphNode[] {
  const domains = [...new Set(graph.nodes.flatMap((node) => node.domains))].map(
    (name): Domain => ({ name, index: name, kind: "chain" }),
  );
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const { bands, crossing } = structure(graph, domains);
  return bands
    .toReversed()
    .flatMap((band) => arrangeRows(band, crossing).rows.toReversed().flat())
    .flatMap((id) => byId.get(id) ?? [])
    .filter((node) => node.domains.length > 0)
    .sort((one, other) => PLACE[one.role] - PLACE[other.role]);
}

/** Strips from top to bottom as the drawing stacks its variables. */
export function layStrips(
  nodes: readonly GraphNode[],
  trace: Trace | null,
  sort: Sort = "unit",
): { strips: Strip[]; height: number } {
  let top = 0;
  const strips = nodes.map((node): Strip => {
    const kind = stripKind(node);
    const inner = node.domains.slice(1).map((domain) => trace?.lengths[domain] ?? 1);
    const units = [...inner, ...node.shape].reduce((product, size) => product * size, 1);
    const row = Math.min(Math.max(MEASURES.most / units, MEASURES.leastRow), MEASURES.mostRow);
    const heat = Math.min(Math.max(Math.round(units * row), 20), MEASURES.most);
    const height = kind === "heat" ? heat : MEASURES[kind];
    const rows = kind === "heat" ? Math.min(units, Math.floor(heat / MEASURES.leastRow)) : 1;
    const length = trace?.lengths[node.domains[0] ?? ""] ?? 1;
    const group = Math.ceil(units / rows);
    const read = (step: number): Float32Array | null => trace?.value(node.id, step) ?? null;
    const order = kind === "heat" ? orderOf(sort, units, length, read) : null;
    const pyramid = new Pyramid(Math.ceil(units / group), length, inOrder(read, order), units);
    const overview = new Overview(pyramid);
    const strip = { node, kind, top, height, pyramid, overview, units, order };
    top += height + MEASURES.gap;
    return strip;
  });
  return { strips, height: Math.max(0, top - MEASURES.gap) };
}

export interface StripScene {
  strips: readonly Strip[];
  axis: TimeAxis;
  theme: Theme;
  trace: Trace;
  ranges: Ranges;
  step: number;
  front: Front | null;
  selected: string | null;
  /** The unit that is chosen of what is selected. */
  unit: number;
}

export function stepAtX(axis: TimeAxis, x: number): number {
  return Math.round((x - axis.origin) / axis.pitch) + 1;
}

/** First and last step whose cells touch the screen. */
function shown(axis: TimeAxis, length: number): [number, number] {
  const first = Math.floor((0 - axis.origin) / axis.pitch + 0.5) + 1;
  const last = Math.ceil((axis.width - axis.origin) / axis.pitch - 0.5) + 1;
  return [Math.max(1, first), Math.min(length, last)];
}

/** Columns of a saved strip at most: a file of cells as narrow as pixels would be large. */
const MOST_COLUMNS = 240;
const NAME = { x: 8, size: 15 } as const;

/** The strips as they stand on the screen, their top at `top`, as shapes: for files and paper. */
export function drawStrips(painter: Painter, scene: StripScene, top: number): void {
  const { axis, theme, trace, step } = scene;
  const { paper, text, line } = ink(theme);
  for (const strip of scene.strips) {
    const { node, height } = strip;
    const [first, last] = shown(axis, trace.lengths[node.domains[0] ?? ""] ?? 1);
    const y = top + strip.top;
    const at = (column: number): number => axis.origin + (column - 1.5) * axis.pitch;
    if (last >= first) {
      painter.box(at(first), y, at(last + 1) - at(first), height, 0, line, null, 0.35);
      if (strip.kind === "symbols") drawSymbols(painter, scene, strip, first, last, y);
      else drawColumns(painter, scene, strip, first, last, y);
      const rim: Stroke = { colour: text, width: 1.25, alpha: 0.55 };
      painter.box(at(step), y, Math.max(axis.pitch, 2), height, 0, null, rim);
    }
    const colour = roleColour(node.role, theme);
    const style = { size: NAME.size, colour, alpha: 1, align: "left", halo: paper } as const;
    painter.name(runsOfLatex(node.latex), NAME.x, y + height / 2, style);
  }
}

/** Heat as cells, single numbers as bars; what playback has not reached stays empty. */
function drawColumns(
  painter: Painter,
  { axis, theme, trace, ranges, front }: StripScene,
  { node, overview, pyramid, height, kind }: Strip,
  first: number,
  last: number,
  y: number,
): void {
  pyramid.extend(trace.arrived[node.domains[0] ?? ""] ?? 0);
  const least = Math.ceil((last - first + 1) / MOST_COLUMNS);
  overview.show(first, last, Math.max(overview.spanAt(axis.pitch), least));
  const scale = ranges.scaleOf(node);
  const [low, high] = domainOfScale(scale, ranges.of(node));
  const { css } = scaleTable(scale, theme);
  const zero = y + height * (high / (high - low));
  const width = axis.pitch * overview.span - (axis.pitch < 10 ? 0 : 1.5);
  for (let column = 0; column < overview.columns; column++) {
    const begin = overview.first + column * overview.span;
    if (!overview.known[column] || front?.has(node.id, begin) === false) continue;
    const valueAt = (row: number): number => overview.values[column * pyramid.rows + row] ?? 0;
    const colourAt = (row: number): string => {
      const index = tableIndex(valueAt(row), low, high);
      return index < 0 ? notANumber(theme) : (css[index] ?? "");
    };
    const x = axis.origin + (begin - 1.5) * axis.pitch;
    if (kind === "heat") {
      painter.cells(x, y, width, height, 0, pyramid.rows, 1, colourAt, 1);
    } else {
      const end = Number.isFinite(valueAt(0)) ? zero - (valueAt(0) / (high - low)) * height : y;
      const tall = Math.max(1, Math.abs(zero - end));
      painter.box(x, Math.min(end, zero), width, tall, 0, colourAt(0), null, BAR_ALPHA);
    }
  }
}

function drawSymbols(
  painter: Painter,
  { axis, trace, theme }: StripScene,
  { node, height }: Strip,
  first: number,
  last: number,
  y: number,
): void {
  const symbols = trace.symbols[node.id];
  if (!symbols || axis.pitch < 7) return;
  const size = Math.min(14, axis.pitch * 1.1);
  const style = { size, colour: roleColour(node.role, theme), alpha: 1, align: "center" } as const;
  for (let step = first; step <= last; step++) {
    const symbol = visibleSymbol(symbols[step - 1] ?? "");
    painter.label(symbol, axis.origin + (step - 1) * axis.pitch, y + height / 2, 500, style);
  }
}

let buffer: HTMLCanvasElement | null = null;

export function paintStrips(
  context: CanvasRenderingContext2D,
  scene: StripScene,
  height: number,
): void {
  const { axis, theme, step } = scene;
  context.fillStyle = ink(theme).paper;
  context.fillRect(0, 0, axis.width, height);
  if (axis.pitch <= 0) return;
  for (const strip of scene.strips) paintStrip(context, scene, strip);
  const width = Math.max(axis.pitch, 2);
  const x = axis.origin + (step - 1) * axis.pitch - width / 2;
  context.strokeStyle = ink(theme).text;
  context.lineWidth = 1.5;
  for (const strip of scene.strips) {
    const isSelected = strip.node.id === scene.selected;
    context.globalAlpha = isSelected ? 1 : 0.55;
    context.lineWidth = isSelected ? 2.5 : 1.25;
    context.strokeRect(x, strip.top + 0.5, width, strip.height - 1);
    if (isSelected && strip.kind === "heat") paintUnit(context, scene, strip);
  }
  context.globalAlpha = 1;
}

/** The row of the chosen unit, through the whole run. */
function paintUnit(context: CanvasRenderingContext2D, scene: StripScene, strip: Strip): void {
  if (strip.units < 2) return;
  const row = strip.order ? strip.order.indexOf(scene.unit) : scene.unit;
  const tall = strip.height / strip.units;
  const y = strip.top + row * tall;
  context.globalAlpha = 1;
  context.lineWidth = 1;
  context.strokeRect(-2, y - 0.5, scene.axis.width + 4, Math.max(tall, 2) + 1);
}

function paintStrip(context: CanvasRenderingContext2D, scene: StripScene, strip: Strip): void {
  const { axis, trace, theme } = scene;
  const length = trace.lengths[strip.node.domains[0] ?? ""] ?? 1;
  const arrived = trace.arrived[strip.node.domains[0] ?? ""] ?? 0;
  strip.pyramid.extend(arrived);
  const [first, last] = shown(axis, length);
  if (last < first) return;
  const left = axis.origin + (first - 1.5) * axis.pitch;
  const right = axis.origin + (last - 0.5) * axis.pitch;
  context.fillStyle = ink(theme).line;
  context.globalAlpha = 0.35;
  context.fillRect(left, strip.top, right - left, strip.height);
  context.globalAlpha = 1;
  if (strip.kind === "symbols") paintSymbols(context, scene, strip, first, last);
  else if (strip.kind === "bars") paintBars(context, scene, strip, first, Math.min(last, arrived));
  else paintHeat(context, scene, strip, first, Math.min(last, arrived));
  veil(context, scene, strip, first, last);
  if (axis.pitch < 10) return;
  context.fillStyle = ink(theme).paper;
  for (let step = first; step < last; step++) {
    context.fillRect(axis.origin + (step - 0.5) * axis.pitch - 0.75, strip.top, 1.5, strip.height);
  }
}

/** During playback what is not computed yet is hidden, but for a shadow. */
function veil(
  context: CanvasRenderingContext2D,
  { front, axis, theme }: StripScene,
  strip: Strip,
  first: number,
  last: number,
): void {
  if (!front) return;
  context.fillStyle = ink(theme).paper;
  context.globalAlpha = VEIL;
  const perPixel = Math.max(1, Math.floor(1 / axis.pitch));
  const width = axis.pitch * perPixel;
  for (let step = first; step <= last; step += perPixel) {
    if (front.has(strip.node.id, step)) continue;
    const x = axis.origin + (step - 1.5) * axis.pitch;
    context.fillRect(x, strip.top, width + 0.5, strip.height);
  }
  context.globalAlpha = 1;
}

function paintSymbols(
  context: CanvasRenderingContext2D,
  scene: StripScene,
  strip: Strip,
  first: number,
  last: number,
): void {
  const { axis, trace, theme } = scene;
  const symbols = trace.symbols[strip.node.id];
  if (!symbols || axis.pitch < 7) return;
  const arrived = trace.arrived[strip.node.domains[0] ?? ""] ?? 0;
  context.font = `500 ${Math.min(14, axis.pitch * 1.1)}px ${FONTS.label}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = roleColour(strip.node.role, theme);
  for (let step = first; step <= last; step++) {
    context.globalAlpha = step <= arrived ? 1 : 0.45;
    const symbol = visibleSymbol(symbols[step - 1] ?? "");
    context.fillText(
      symbol,
      axis.origin + (step - 1) * axis.pitch,
      strip.top + strip.height / 2 + 0.5,
    );
  }
  context.globalAlpha = 1;
}

function paintBars(
  context: CanvasRenderingContext2D,
  scene: StripScene,
  strip: Strip,
  first: number,
  last: number,
): void {
  const { axis, theme, ranges } = scene;
  const scale = scene.ranges.scaleOf(strip.node);
  const [low, high] = domainOfScale(scale, ranges.of(strip.node));
  const table = scaleTable(scale, theme);
  const { overview } = strip;
  overview.show(first, last, overview.spanAt(axis.pitch));
  const zero = strip.top + strip.height * (high / (high - low));
  const width = Math.max(1, axis.pitch * overview.span);
  for (let column = 0; column < overview.columns; column++) {
    if (!overview.known[column]) continue;
    const value = overview.values[column] ?? 0;
    const index = tableIndex(value, low, high);
    const y = zero - ((index < 0 ? high : value) / (high - low)) * strip.height;
    context.fillStyle = index < 0 ? notANumber(theme) : (table.css[index] ?? "");
    const x = axis.origin + (overview.first + column * overview.span - 1.5) * axis.pitch;
    context.globalAlpha = BAR_ALPHA;
    context.fillRect(x, Math.min(y, zero), width, Math.max(1, Math.abs(zero - y)));
  }
  context.globalAlpha = 1;
}

function paintHeat(
  context: CanvasRenderingContext2D,
  scene: StripScene,
  strip: Strip,
  first: number,
  last: number,
): void {
  if (last < first) return;
  const { axis, theme, ranges } = scene;
  const { overview } = strip;
  overview.show(first, last, overview.spanAt(axis.pitch));
  const { columns, values, known } = overview;
  const { rows } = strip.pyramid;
  buffer ??= document.createElement("canvas");
  buffer.width = columns;
  buffer.height = rows;
  const image = new ImageData(columns, rows);
  const scale = scene.ranges.scaleOf(strip.node);
  const [low, high] = domainOfScale(scale, ranges.of(strip.node));
  const { rgb } = scaleTable(scale, theme);
  const wrong = rgbOfHex(notANumber(theme));
  for (let column = 0; column < columns; column++) {
    if (!known[column]) continue;
    for (let row = 0; row < rows; row++) {
      const index = tableIndex(values[column * rows + row] ?? 0, low, high);
      const at = (row * columns + column) * 4;
      image.data[at] = index < 0 ? wrong[0] : (rgb[index * 3] ?? 0);
      image.data[at + 1] = index < 0 ? wrong[1] : (rgb[index * 3 + 1] ?? 0);
      image.data[at + 2] = index < 0 ? wrong[2] : (rgb[index * 3 + 2] ?? 0);
      image.data[at + 3] = 255;
    }
  }
  const small = buffer.getContext("2d");
  if (!small) return;
  small.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  const left = axis.origin + (overview.first - 1.5) * axis.pitch;
  context.drawImage(buffer, left, strip.top, columns * overview.span * axis.pitch, strip.height);
}
