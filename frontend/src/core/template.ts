/**
 * The drawing of one period: every node and line of a folded graph, placed once, by arithmetic. The unfolded
 * graph is this template repeated; nothing here knows how long a sequence is.
 */

import { addBand, connectRails } from "./assemble.ts";
import { type BuiltColumns, columnsOf } from "./build.ts";
import { settleGrid } from "./grid.ts";
import type { Run } from "./label.ts";
import type { Context, Lines } from "./lines.ts";
import { type Extent, MEASURE } from "./measures.ts";
import { placeNames } from "./names.ts";
import { type Mode, type PartKind, partsOf } from "./parts.ts";
import type { Waypoint } from "./route.ts";
import { type Place, type Structure, structure, type Wire } from "./structure.ts";
import type { Domain, FoldedGraph, GraphNode, Position } from "./types.ts";

export interface PlacedNode {
  id: string;
  node: GraphNode;
  band: number;
  /** A crown stands once, above the last step. */
  place: Place | "crown";
  x: number;
  y: number;
  extent: Extent;
  name: {
    runs: Run[];
    width: number;
    side: "left" | "right";
    at: "upper" | "middle" | "lower" | "corner";
  };
  /** Positions before the first or after the last step that some equation reads. */
  boundary: Position[];
}

/** A parameter's name beside its line. */
export interface Mark {
  end: "source" | "target";
  x: number;
  y: number;
  align: "left" | "center" | "right";
}

export interface PlacedEdge {
  key: string;
  ids: string[];
  kind: PartKind;
  source: string;
  target: string;
  parameter: string | null;
  operation: string;
  cut: boolean;
  band: number;
  /** In which columns its ends stand. */
  sourcePlace: Place | "crown" | "rail";
  targetPlace: Place | "crown" | "rail";
  delay: number;
  child: "left" | "right" | null;
  /** The one step or boundary value it reads or writes. */
  position: Position | null;
  /** Boundary values at which a copy of it stands as at every step. */
  also: Position[];
  points: Waypoint[];
  /** The book's black square, in the folded drawing. */
  square: { x: number; y: number } | null;
  /** beyond: unfolded, where the line comes from a value after the last step, which stands closer. */
  name: Record<"folded" | "unfolded" | "beyond", Mark | null>;
}

/** The line along a whole band from which or into which every step's own short line goes. */
export interface Rail {
  key: string;
  ids: string[];
  source: string;
  target: string;
  parameter: string | null;
  cut: boolean;
  band: number;
  y: { folded: number; unfolded: number };
  /** Where lines meet it: at every step, and at what stands once. */
  joins: {
    band: number;
    place: Place | "crown";
    /** Only this step meets it, not every one. */
    position: Position | null;
    x: { folded: number; unfolded: number };
  }[];
  /** On which side lies what it leads to or comes from. */
  heads: "left" | "right";
  /** The rail of the other band that it exchanges values with, reached at the left of all columns. */
  partner: string | null;
  /** Distance of that connection from the first column's left reach. */
  partnerOffset: number;
}

export interface PlacedBand {
  domain: Domain;
  top: number;
  height: number;
  /** From one level of a tree to the next; 0 on a chain. */
  levelHeight: number;
  /** Boundary positions that are drawn: how far before the first step, how far beyond the last. */
  before: number;
  beyond: number;
  /** How much closer than a whole column the boundary values stand, and how far they reach outwards. */
  beforeShift: number;
  beyondShift: number;
  beforeReach: number;
  beyondReach: number;
  /** Middle of the head's and tail's columns from the first and last step's. */
  head: { folded: number; unfolded: number } | null;
  tail: { folded: number; unfolded: number } | null;
  /** Reach of a folded column with its loops, and of what stands beside it. */
  foldedLeft: number;
  foldedRight: number;
  headReach: number;
  tailReach: number;
  /** Reach of what stands once above the last step. */
  crownLeft: number;
  crownRight: number;
}

export interface Template {
  bands: PlacedBand[];
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  rails: Rail[];
  /** From a step's middle to the next one's. */
  pitch: number;
  /** Reach of a column from its middle, names included. */
  left: number;
  right: number;
  height: number;
  /** Parameters in the order in which the text uses them. */
  parameters: string[];
}

function touches(parts: Structure, wire: Wire, band: number): boolean {
  return parts.bandOf.get(wire.source) === band || parts.bandOf.get(wire.target) === band;
}

/** Every band by itself; then once more with the gap they share and room for lines from band to band. */
function settleBands(parts: Structure, built: readonly BuiltColumns[]): Lines[] {
  const settle = (leastGap: number, passage: Context["passage"]): Lines[] =>
    built.map((columns, index) => {
      const isOtherAbove = new Map(
        parts.crossing.map((wire) => [
          wire.id,
          Math.max(parts.bandOf.get(wire.source) ?? 0, parts.bandOf.get(wire.target) ?? 0) > index,
        ]),
      );
      const own = parts.crossing.filter((wire) => touches(parts, wire, index));
      return settleGrid({
        columns,
        parts: partsOf(columns, own),
        extents: columns.extents,
        isOtherAbove,
        leastGap,
        passage,
      });
    });
  const alone = settle(MEASURE.leastGap, new Map());
  if (alone.length === 1) return alone;
  const widest = (mode: Mode): number =>
    Math.max(...alone.map((one) => one.grid.modes[mode].gapRight));
  const once = parts.crossing.filter((wire) => wire.kind !== "exchange");
  const passage = new Map(
    once.map((wire, index) => [
      wire.id,
      {
        folded: widest("folded") + index * MEASURE.track,
        unfolded: widest("unfolded") - MEASURE.gapRight + (index + 1) * MEASURE.track,
      },
    ]),
  );
  return settle(widest("unfolded") + once.length * MEASURE.track, passage);
}

/** Lays a folded graph out. Pure and deterministic: the same text gives the same drawing. */
export function layOut(graph: FoldedGraph, domains: readonly Domain[]): Template {
  const parts = structure(graph, domains);
  const built = parts.bands.map((band, index) =>
    columnsOf(
      band,
      parts.crossing.filter((wire) => touches(parts, wire, index)),
    ),
  );
  const left = Math.max(0, ...built.map((one) => one.columns.step.left));
  const right = Math.max(0, ...built.map((one) => one.columns.step.right));
  for (const one of built) {
    one.columns.step.left = left;
    one.columns.step.right = right;
  }
  const lines = settleBands(parts, built);
  const gap = Math.max(...lines.map((one) => one.grid.modes.unfolded.gapRight));

  const template: Template = {
    bands: [],
    nodes: [],
    edges: [],
    rails: [],
    pitch: left + right + gap,
    left,
    right,
    height: 0,
    parameters: parametersOf(graph),
  };
  for (let index = lines.length - 1; index >= 0; index--) {
    const band = lines[index];
    const columns = built[index];
    if (!band || !columns) continue;
    if (index < lines.length - 1) template.height += MEASURE.bandGap;
    addBand(template, columns, band, index);
    template.height += band.grid.height;
  }
  connectRails(template);
  const names = new Map(graph.nodes.map((node) => [node.id, node.latex]));
  placeNames(template, (parameter) => names.get(parameter) ?? parameter);
  return template;
}

function parametersOf(graph: FoldedGraph): string[] {
  return graph.nodes.filter((node) => node.kind === "parameter").map((node) => node.id);
}
