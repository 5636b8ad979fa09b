/**
 * The drawn lines of a band, each with the sides of the boxes on which it begins and ends. A reference
 * inside a column is one line; a delayed one leaves the column; one from or to every step is a rail
 * along the whole band with a short line at each step.
 */

import type { Element, Lattice } from "./lattice.ts";
import type { Band, Place, Wire } from "./structure.ts";
import type { GraphNode } from "./types.ts";

export type Side = "top" | "bottom" | "left" | "right";
export type Mode = "folded" | "unfolded";
export const MODES: readonly Mode[] = ["folded", "unfolded"];

/**
 * within, delayed, arrive (last step to a node without index), depart (such a node to a boundary value);
 * over: from a node before all steps to one after them; inner: along an index inside a box; join: a step to its rail; sink: the rail to a node without index; spring: such a node to its rail;
 * fan: the rail to a step.
 */
export type PartKind =
  | "within"
  | "delayed"
  | "arrive"
  | "depart"
  | "over"
  | "inner"
  | "join"
  | "sink"
  | "spring"
  | "fan";

export interface Part {
  key: string;
  wire: Wire;
  kind: PartKind;
  source: Element | null;
  target: Element | null;
  /** Columns from source to target. */
  delay: number;
  exit: Side;
  entry: Record<Mode, Side>;
  /** One level line from a column to the next. */
  isStraight: boolean;
}

/** A column of a band: the period, and what stands once before and after it. */
export interface Column {
  place: Place;
  lattice: Lattice;
  /** Reach of everything in the column from its middle. */
  left: number;
  right: number;
}

export interface BandColumns {
  band: Band;
  columns: Record<Place, Column>;
  rowCount: number;
  /** Nodes without index that stand above the last step instead of after it. */
  crowning: Set<string>;
}

export function findElement(
  columns: BandColumns,
  id: string,
): { element: Element; place: Place } | null {
  for (const place of ["step", "tail", "head"] as const) {
    const element = columns.columns[place].lattice.byId.get(id);
    if (element) return { element, place };
  }
  return null;
}

function boxesOf(columns: BandColumns, place: Place, row: number): Element[] {
  return (columns.columns[place].lattice.rows[row] ?? []).filter((element) => element.node);
}

/** Leaves at the side that the line heads for when nothing stands in its way, else upwards. */
function exitOf(columns: BandColumns, element: Element, place: Place, forward: boolean): Side {
  const boxes = boxesOf(columns, place, element.row);
  const last = forward ? boxes.at(-1) : boxes[0];
  return last === element ? (forward ? "right" : "left") : "top";
}

function delayedPart(columns: BandColumns, wire: Wire): Part | null {
  const source = findElement(columns, wire.source);
  const target = findElement(columns, wire.target);
  if (!source || !target) return null;
  const forward = wire.delay > 0;
  const exit = exitOf(columns, source.element, source.place, forward);
  const row = boxesOf(columns, target.place, target.element.row);
  const isAlone = row.length === 1;
  const first = forward ? row[0] : row.at(-1);
  const isStraight =
    Math.abs(wire.delay) === 1 &&
    wire.child === null &&
    source.element.row === target.element.row &&
    exit !== "top" &&
    first === target.element;
  const [near, far]: [Side, Side] = forward ? ["right", "left"] : ["left", "right"];
  return {
    key: wire.id,
    wire,
    kind: "delayed",
    source: source.element,
    target: target.element,
    delay: wire.delay,
    exit,
    entry: { folded: isAlone ? near : "bottom", unfolded: isAlone || isStraight ? far : "bottom" },
    isStraight,
  };
}

function both(side: Side): Record<Mode, Side> {
  return { folded: side, unfolded: side };
}

function withinPart(columns: BandColumns, wire: Wire): Part | null {
  const source = findElement(columns, wire.source)?.element;
  const target = findElement(columns, wire.target)?.element;
  if (!source || !target || source.row === target.row) return null;
  const isUp = target.row > source.row;
  const [exit, entry]: [Side, Side] = isUp ? ["top", "bottom"] : ["bottom", "top"];
  return {
    key: wire.id,
    wire,
    kind: "within",
    source,
    target,
    delay: 0,
    exit,
    entry: both(entry),
    isStraight: false,
  };
}

function isRepeated(columns: BandColumns, id: string, place: Place): boolean {
  return place === "step" && !columns.crowning.has(id);
}

function joinPart(columns: BandColumns, wire: Wire): Part | null {
  const source = findElement(columns, wire.source);
  if (!source) return null;
  const exit = exitOf(columns, source.element, source.place, true);
  return {
    key: `${wire.id}/join`,
    wire,
    kind: isRepeated(columns, wire.source, source.place) ? "join" : "spring",
    source: source.element,
    target: null,
    delay: 0,
    exit,
    entry: both("bottom"),
    isStraight: false,
  };
}

function fanPart(columns: BandColumns, wire: Wire): Part | null {
  const target = findElement(columns, wire.target);
  if (!target) return null;
  return {
    key: `${wire.id}/fan`,
    wire,
    kind: isRepeated(columns, wire.target, target.place) ? "fan" : "sink",
    source: null,
    target: target.element,
    delay: 0,
    exit: "top",
    entry: both("bottom"),
    isStraight: false,
  };
}

function passingPart(columns: BandColumns, wire: Wire): Part | null {
  const source = findElement(columns, wire.source);
  const target = findElement(columns, wire.target);
  if (!source || !target) return null;
  // To a value beyond the last step, from what comes once after it: backwards.
  const isBack = wire.kind === "depart" && wire.to?.anchor === "end" && source.place === "tail";
  return {
    key: wire.id,
    wire,
    kind: wire.kind === "depart" || wire.kind === "over" ? wire.kind : "arrive",
    source: source.element,
    target: target.element,
    delay: isBack ? -1 : 1,
    exit: exitOf(columns, source.element, source.place, !isBack),
    entry: { folded: "bottom", unfolded: isBack ? "right" : "bottom" },
    isStraight: false,
  };
}

/** Out of a box and back into it: the cells from top to bottom are the steps of the inner index. */
function innerPart(columns: BandColumns, wire: Wire): Part | null {
  const element = findElement(columns, wire.source)?.element;
  if (!element) return null;
  return {
    key: wire.id,
    wire,
    kind: "inner",
    source: element,
    target: element,
    delay: 0,
    exit: "right",
    entry: both("right"),
    isStraight: false,
  };
}

function ownParts(columns: BandColumns, wire: Wire): (Part | null)[] {
  switch (wire.kind) {
    case "within":
      return [withinPart(columns, wire)];
    case "delayed":
      return [delayedPart(columns, wire)];
    case "inner":
      return [innerPart(columns, wire)];
    case "arrive":
      return [
        columns.crowning.has(wire.target) ? withinPart(columns, wire) : passingPart(columns, wire),
      ];
    case "depart":
    case "over":
      return [passingPart(columns, wire)];
    case "collect":
    case "broadcast":
    case "exchange":
      return [joinPart(columns, wire), fanPart(columns, wire)];
  }
}

/** All lines of a band; `crossing` are the wires that also touch another band. */
export function partsOf(columns: BandColumns, crossing: readonly Wire[]): Part[] {
  const own = columns.band.wires.flatMap((wire) => ownParts(columns, wire));
  const shared = crossing.flatMap((wire): (Part | null)[] => [
    joinPart(columns, wire),
    fanPart(columns, wire),
  ]);
  return [...own, ...shared].filter((part) => part !== null);
}

/** The once-only nodes of a band that may stand above its last step: no step has a node in their rows. */
export function crowningOf(band: Band, rowOf: ReadonlyMap<string, number>): Set<string> {
  const isAt = (place: Place) => (node: GraphNode) => band.places.get(node.id) === place;
  const steps = new Set(band.nodes.filter(isAt("step")).map((node) => rowOf.get(node.id)));
  const tails = band.nodes.filter(isAt("tail"));
  const isFree = tails.every((node) => !steps.has(rowOf.get(node.id)));
  const isLast = band.wires.every(
    ({ kind, from }) => kind !== "collect" && (kind !== "arrive" || from?.anchor === "end"),
  );
  return new Set(isFree && isLast ? tails.map((node) => node.id) : []);
}
