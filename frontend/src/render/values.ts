/** From a variable's numbers to the colours of its cells: one scale per kind of value, fixed over the run. */

import { shapeOf } from "../core/measures.ts";
import type { FoldedGraph, GraphNode, Theme, Trace } from "../core/types.ts";
import {
  domainOfScale,
  notANumber,
  type Scale,
  scaleOfRole,
  scaleTable,
  tableIndex,
} from "./colours.ts";
import { shareScales } from "./scales.ts";

/** What an operation gives, whatever variable it is part of. */
const SCALES: Record<string, Scale> = { σ: "gate", softmax: "probability" };

function scaleOfNode(node: GraphNode): Scale {
  if (node.sign !== undefined && node.role !== "loss") return SCALES[node.sign] ?? "diverging";
  if (node.role === "input" || node.role === "target") return "diverging";
  return scaleOfRole(node.role);
}

/** One number of the whole run, such as a sum over all steps, does not compare with the values at one. */
export function isTotal(node: GraphNode): boolean {
  const isNumber = node.shape.length === 0 || shapeOf(node) === "scalar";
  return node.kind === "variable" && node.domains.length === 0 && isNumber;
}

export interface LegendEntry {
  key: string;
  scale: Scale;
  range: [number, number];
  kind: "value" | "input" | "gradient" | "difference" | "operation";
  /** Whose scale it is, where not all values share one. */
  nodes: readonly GraphNode[];
}

/** Which span of numbers each variable is read on: values share one, so that their colours compare. */
export interface Ranges {
  of(node: GraphNode): [number, number];
  scaleOf(node: GraphNode): Scale;
  /** What the legend shows, in this order. */
  legend: LegendEntry[];
}

const ORDER = [
  "diverging",
  "gate",
  "probability",
  "loss",
  "diverging operation",
  "diverging input",
] as const;

/** What rounding leaves is no value: a scale is never finer than this. */
const FINEST = 1e-9;

export function rangesOf(graph: FoldedGraph, trace: Trace | null): Ranges {
  const shown = trace?.shows ?? "values";
  const isDerived = shown !== "values";
  const derived = shown === "gradients" ? "diverging gradient" : "diverging difference";
  const scaleOf = (node: GraphNode): Scale => (isDerived ? "diverging" : scaleOfNode(node));
  const keyOf = (node: GraphNode): string => {
    // The gradient at a loss is 1, whatever the others are: it has a scale of its own.
    if (isDerived) return shapeOf(node) === "diamond" ? "loss" : derived;
    // Opening a node changes no scale of the others.
    if (node.sign !== undefined && node.role === "loss") return "loss";
    if (node.sign !== undefined && scaleOf(node) === "diverging") return "diverging operation";
    return `${scaleOf(node)}${node.kind === "input" ? " input" : ""}`;
  };
  const rangeOf = (node: GraphNode): [number, number] => trace?.range(node.id) ?? [0, 0];
  const members = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    if (node.kind !== "input" && node.kind !== "variable") continue;
    if (shapeOf(node) === "token" || isTotal(node)) continue;
    members.set(keyOf(node), [...(members.get(keyOf(node)) ?? []), node]);
  }
  const spans = new Map<string, [number, number]>();
  const order = isDerived ? [derived] : ORDER;
  const legend = order.flatMap((key) => {
    const nodes = members.get(key);
    if (!nodes) return [];
    const [scale, kind = "value"] = key.split(" ") as [Scale, LegendEntry["kind"]?];
    const isShared =
      shown === "gradients" || kind === "input" || kind === "operation" || scale !== "diverging";
    const groups = isShared ? [nodes] : valueGroups(nodes, rangeOf);
    return groups.map((group, index): LegendEntry => {
      const span = spanOf(group.map(rangeOf), shown === "gradients" ? 0 : FINEST);
      for (const node of group) spans.set(node.id, span);
      return {
        key: `${key} ${index}`,
        scale,
        range: domainOfScale(scale, span),
        kind,
        nodes: groups.length > 1 ? group.filter((node) => node.sign === undefined) : [],
      };
    });
  });
  for (const nodes of members.values()) {
    const span = spanOf(nodes.map(rangeOf), 0);
    for (const node of nodes) if (!spans.has(node.id)) spans.set(node.id, span);
  }
  return { of: (node) => spans.get(node.id) ?? [0, 0], scaleOf, legend };
}

function valueGroups(
  nodes: readonly GraphNode[],
  rangeOf: (node: GraphNode) => [number, number],
): GraphNode[][] {
  const members = nodes.map((node) => ({
    node,
    reach: Math.max(...rangeOf(node).map(Math.abs)),
  }));
  return shareScales(members).map((group) => group.map(({ node }) => node));
}

function spanOf(ranges: readonly [number, number][], finest: number): [number, number] {
  const low = Math.min(0, ...ranges.map((range) => range[0]));
  const high = Math.max(0, ...ranges.map((range) => range[1]));
  return Math.max(-low, high) < finest ? [0, 0] : [low, high];
}

/** Rows of cells that a box of this height on the screen can show apart from one another. */
export function rowsThatFit(size: number, height: number): number {
  let group = 1;
  while (Math.ceil(size / group) > 1 && height / Math.ceil(size / group) < 2.6) group *= 2;
  return Math.ceil(size / group);
}

/** The value a cell shows: of several units the one farthest from zero. */
export function cellValue(values: Float32Array, cell: number, cells: number): number {
  const group = Math.ceil(values.length / cells);
  let best = 0;
  for (let index = cell * group; index < Math.min((cell + 1) * group, values.length); index++) {
    const value = values[index] ?? 0;
    if (!Number.isFinite(value)) return value;
    if (Math.abs(value) > Math.abs(best)) best = value;
  }
  return best;
}

export function colourOf(node: GraphNode, value: number, ranges: Ranges, theme: Theme): string {
  const scale = ranges.scaleOf(node);
  const [low, high] = domainOfScale(scale, ranges.of(node));
  const index = tableIndex(value, low, high);
  return index < 0 ? notANumber(theme) : (scaleTable(scale, theme).css[index] ?? "");
}

/** Two or three significant digits, for inside a box. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text =
    size >= 1e4 || (size > 0 && size < 0.005)
      ? value.toExponential(0)
      : size >= 100
        ? value.toFixed(0)
        : size >= 10
          ? String(Number(value.toFixed(1)))
          : String(Number(value.toFixed(2)));
  return text.replace("e+", "e").replaceAll("-", "−");
}

/** How a character is shown: what cannot be seen gets a sign. */
export function visibleSymbol(symbol: string): string {
  if (symbol === " ") return "␣";
  if (symbol === "\n") return "⏎";
  return symbol === "\t" ? "⇥" : symbol;
}
