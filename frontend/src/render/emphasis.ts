/** What belongs to what is pointed at: it keeps its full colour while everything else steps back. */

import { type ColumnAt, columnOf, endsOf, isSingle, type Pose, singleStep } from "../core/pose.ts";
import type { PlacedEdge, PlacedNode, Rail } from "../core/template.ts";
import type { FoldedGraph, Selection } from "../core/types.ts";

/** 1 belongs to it, 0 does not; null when nothing is pointed at. */
export type Belonging = 0 | 1 | null;

export interface Emphasis {
  node(node: PlacedNode, column: ColumnAt): Belonging;
  edge(edge: PlacedEdge, source: ColumnAt, target: ColumnAt): Belonging;
  rail(rail: Rail): Belonging;
}

export const NONE: Emphasis = { node: () => null, edge: () => null, rail: () => null };

function key(id: string, column: ColumnAt): string {
  return `${id}@${column}`;
}

/** What belongs to any of them. */
export function united(all: readonly Emphasis[]): Emphasis {
  const some = (belonging: (one: Emphasis) => Belonging): Belonging =>
    all.some((one) => belonging(one) === 1) ? 1 : all.length > 0 ? 0 : null;
  return {
    node: (...at) => some((one) => one.node(...at)),
    edge: (...at) => some((one) => one.edge(...at)),
    rail: (rail) => some((one) => one.rail(rail)),
  };
}

export function emphasisOf(focus: Selection | null, pose: Pose, graph: FoldedGraph): Emphasis {
  if (!focus) return NONE;
  switch (focus.kind) {
    case "node":
      return nodeEmphasis(focus.id, focus.step, pose, graph);
    case "edge":
      return edgeEmphasis(focus.id, focus.step);
    case "parameter":
      return parameterEmphasis(focus.id, graph);
  }
}

function nodeEmphasis(id: string, step: number | null, pose: Pose, graph: FoldedGraph): Emphasis {
  const placed = pose.template.nodes.find((node) => node.id === id);
  if (!placed) {
    const isParameter = graph.nodes.some((node) => node.id === id);
    return isParameter ? parameterEmphasis(id, graph) : NONE;
  }
  const own = columnOf(pose, placed, step);
  const isFolded = pose.progress === 0;
  const isAny = isFolded || (step === null && placed.place === "step");
  const nodes = new Set<string>();
  const everywhere = new Set<string>();
  if (isAny) everywhere.add(id);
  else nodes.add(key(id, own));
  const matches = (end: string, column: ColumnAt): boolean =>
    end === id && (isAny || column === own);
  for (const edge of pose.template.edges) {
    const { source, target } = edge;
    if (source !== id && target !== id) continue;
    const other = source === id ? target : source;
    const isRailed = edge.sourcePlace === "rail" || edge.targetPlace === "rail";
    if (isRailed || isAny) {
      const otherNode = pose.template.nodes.find((node) => node.id === other);
      if (otherNode) everywhere.add(other);
      continue;
    }
    if (typeof own !== "number") {
      const at = isSingle(edge) ? endsOf(pose, edge, singleStep(pose, edge)) : null;
      if (at) nodes.add(key(other, source === id ? at[1] : at[0]));
      continue;
    }
    if (source === id) nodes.add(key(target, endsOf(pose, edge, own + edge.delay)[1]));
    if (target === id) nodes.add(key(source, endsOf(pose, edge, own)[0]));
  }
  return {
    node: (node, column) => (everywhere.has(node.id) || nodes.has(key(node.id, column)) ? 1 : 0),
    edge: (edge, source, target) => {
      if (edge.source !== id && edge.target !== id) return 0;
      if (edge.targetPlace === "rail") return edge.source !== id || matches(id, source) ? 1 : 0;
      if (edge.sourcePlace === "rail") return edge.target !== id || matches(id, target) ? 1 : 0;
      return matches(edge.source, source) || matches(edge.target, target) ? 1 : 0;
    },
    rail: (rail) => (rail.source === id || rail.target === id ? 1 : 0),
  };
}

function edgeEmphasis(id: string, step: number | null): Emphasis {
  const ends = new Set<string>();
  const isOwn = (edge: { ids: string[] }): boolean => edge.ids.includes(id);
  return {
    node: (node, column) => {
      if (ends.size === 0) return 0;
      return ends.has(key(node.id, column)) || ends.has(key(node.id, "tail")) ? 1 : 0;
    },
    edge: (edge, source, target) => {
      if (!isOwn(edge)) return 0;
      const at = typeof target === "number" ? target : source;
      const isHere = step === null || typeof at !== "number" || at === step;
      if (isHere) ends.add(key(edge.source, source)).add(key(edge.target, target));
      return isHere ? 1 : 0;
    },
    rail: (rail) => (isOwn(rail) ? 1 : 0),
  };
}

function parameterEmphasis(id: string, graph: FoldedGraph): Emphasis {
  // A bias has no line of its own: it lights the variables that read it.
  const ends = new Set<string>();
  for (const edge of graph.edges) {
    if (edge.source === id) ends.add(edge.target);
    if (edge.parameter === id) ends.add(edge.source).add(edge.target);
  }
  return {
    node: (node) => (ends.has(node.id) ? 1 : 0),
    edge: (edge) => (edge.parameter === id ? 1 : 0),
    rail: (rail) => (rail.parameter === id ? 1 : 0),
  };
}
