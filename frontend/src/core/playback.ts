/**
 * Playback: the order in which a run is computed, in beats. What needs no earlier step is computed for all steps at
 * once and takes one beat; a scan takes a beat for each step, or for each level of a tree. Gradients go the other way.
 */

import { ownerOf } from "./opening.ts";
import { treeOf } from "./tree.ts";
import type { FoldedGraph, Trace } from "./types.ts";

/** A stage of the schedule, as the service describes it. */
export interface Stage {
  kind: "map" | "scan";
  domain: string | null;
  direction?: "forward" | "backward" | "up" | null;
  variables: readonly string[];
  operations: readonly string[];
}

export interface Phase {
  kind: "map" | "scan";
  domain: string | null;
  direction: "forward" | "backward" | "up" | "down";
  /** Variables whose values, or gradients, it computes. */
  names: ReadonlySet<string>;
  /** Names in the products that it computes ahead of their equation: "U @ x[t]" uses the line from x with U. */
  products: readonly ReadonlySet<string>[];
}

/** A beat of a phase, from 1; a map has one. */
export interface Moment {
  phase: number;
  beat: number;
}

type Places = Pick<Trace, "lengths" | "trees">;

/** The phases of a run in order. The first of a forward pass brings what was given, and what follows from it alone. */
export function phasesOf(
  stages: readonly Stage[],
  graph: FoldedGraph,
  shows: Trace["shows"],
): Phase[] {
  const inputs = graph.nodes.filter((node) => node.kind === "input").map((node) => node.id);
  const ofStages = stages.map(
    (stage): Phase => ({
      kind: stage.kind,
      domain: stage.domain,
      direction: stage.direction ?? "forward",
      names: new Set(stage.variables),
      products: stage.kind === "map" ? stage.operations.map(namesIn) : [],
    }),
  );
  const given: Phase = {
    kind: "map",
    domain: null,
    direction: "forward",
    names: new Set(inputs),
    products: [],
  };
  if (shows === "gradients") {
    const back = ofStages.filter((phase) => phase.names.size > 0).reverse();
    return [...back.map(reversed), ...(inputs.length > 0 ? [given] : [])];
  }
  const seen = ofStages.filter(
    (phase) => phase.names.size > 0 || graph.edges.some((edge) => isProduct(phase, edge)),
  );
  return inputs.length > 0 ? [given, ...seen] : seen;
}

function namesIn(operation: string): Set<string> {
  return new Set(operation.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []);
}

function isProduct(phase: Phase, { parameter, source }: Line): boolean {
  return parameter !== null && phase.products.some((one) => one.has(parameter) && one.has(source));
}

const TURNED = { forward: "backward", backward: "forward", up: "down", down: "up" } as const;

/** Gradients pass through operations on their way, but only those of variables are seen. */
function reversed(phase: Phase): Phase {
  return { ...phase, direction: TURNED[phase.direction], products: [] };
}

function lengthOf(phase: Phase, places: Places): number {
  return places.lengths[phase.domain ?? ""] ?? 1;
}

/** Levels of the nodes of a tree, from 0 at its leaves; places[0] is of no node. */
const levels = new WeakMap<object, number[]>();

function levelsOf(phase: Phase, places: Places): number[] | null {
  const children = places.trees[phase.domain ?? ""];
  if (!children) return null;
  const known = levels.get(children) ?? treeOf(children).level;
  levels.set(children, known);
  return known;
}

/** How many beats a phase takes. */
export function beatsOf(phase: Phase, places: Places): number {
  if (phase.kind === "map") return 1;
  const tree = levelsOf(phase, places);
  if (tree && (phase.direction === "up" || phase.direction === "down"))
    return Math.max(...tree) + 1;
  return Math.max(1, lengthOf(phase, places));
}

/** The beat of a scan at which a step is computed. What stands before the first comes at 0. */
function beatAt(phase: Phase, step: number, places: Places): number {
  switch (phase.direction) {
    case "forward":
      return step;
    case "backward":
      return lengthOf(phase, places) + 1 - step;
    default: {
      const tree = levelsOf(phase, places);
      const level = tree?.[step] ?? 0;
      const top = tree ? Math.max(...tree) : 0;
      return phase.direction === "up" ? level + 1 : top - level + 1;
    }
  }
}

/** The step of a chain that a beat computes; null for a map and for a level of a tree. */
export function stepOf(phases: readonly Phase[], moment: Moment, places: Places): number | null {
  const phase = phases[moment.phase];
  if (phase?.kind !== "scan") return null;
  if (phase.direction === "forward") return moment.beat;
  return phase.direction === "backward" ? lengthOf(phase, places) + 1 - moment.beat : null;
}

/** The beat after a moment, null after the last. */
export function next(phases: readonly Phase[], moment: Moment, places: Places): Moment | null {
  const phase = phases[moment.phase];
  if (!phase) return null;
  if (moment.beat < beatsOf(phase, places)) return { ...moment, beat: moment.beat + 1 };
  return moment.phase + 1 < phases.length ? { phase: moment.phase + 1, beat: 1 } : null;
}

/** The beat before a moment, null before the first. */
export function previous(phases: readonly Phase[], moment: Moment, places: Places): Moment | null {
  if (moment.beat > 1) return { ...moment, beat: moment.beat - 1 };
  const phase = phases[moment.phase - 1];
  return phase ? { phase: moment.phase - 1, beat: beatsOf(phase, places) } : null;
}

/** The beat of the phase that computes a step, where the scrubber is put down during playback. */
export function momentAt(
  phases: readonly Phase[],
  moment: Moment,
  domain: string,
  step: number,
  places: Places,
): Moment | null {
  const isOfChain = (phase: Phase | undefined): boolean =>
    phase?.kind === "scan" && phase.domain === domain;
  const own = isOfChain(phases[moment.phase]) ? moment.phase : phases.findIndex(isOfChain);
  const phase = phases[own];
  return phase ? { phase: own, beat: beatAt(phase, step, places) } : null;
}

/** How far a run is seen. Steps beyond either end are boundary values. */
export interface Front {
  moment: Moment;
  phase: Phase;
  /** Whether a value is computed by now. */
  has(name: string, step: number): boolean;
  /** Whether it is computed at this very beat. */
  isNew(name: string, step: number): boolean;
  /** Whether a line is used at this beat; what it leads to, or from, stands at these steps. */
  isUsed(edge: Line, source: number, target: number): boolean;
}

export interface Line {
  source: string;
  target: string;
  parameter: string | null;
}

export function frontOf(
  phases: readonly Phase[],
  moment: Moment,
  places: Places,
  shows: Trace["shows"],
): Front | null {
  const phase = phases[moment.phase];
  if (!phase) return null;
  const phaseOf = new Map<string, number>();
  for (const [at, each] of phases.entries()) {
    for (const name of each.names) phaseOf.set(name, at);
  }
  const compare = (name: string, step: number): number => {
    const at = phaseOf.get(name) ?? phaseOf.get(ownerOf(name)) ?? -1;
    if (at !== moment.phase) return at - moment.phase;
    const beat = phase.kind === "map" ? 1 : beatAt(phase, step, places);
    return beat - moment.beat;
  };
  const isNew = (name: string, step: number): boolean => compare(name, step) === 0;
  return {
    moment,
    phase,
    has: (name, step) => compare(name, step) <= 0,
    isNew,
    isUsed(edge, source, target) {
      if (shows === "gradients") return isNew(edge.source, source);
      if (isNew(edge.target, target)) return true;
      return isProduct(phase, edge);
    },
  };
}

/** A run as far as it is seen. */
export function upTo(trace: Trace, front: Front): Trace {
  return {
    shows: trace.shows,
    lengths: trace.lengths,
    arrived: trace.arrived,
    symbols: trace.symbols,
    trees: trace.trees,
    version: trace.version,
    value: (name, step) => (front.has(name, step) ? trace.value(name, step) : null),
    range: (name) => trace.range(name),
  };
}
