/** Everything a frame is made of. `paint` turns it into a picture; nothing else decides what is seen. */

import type { Gate } from "../core/gating.ts";
import { type Run, runsOfLatex } from "../core/label.ts";
import { smoothstep } from "../core/motion.ts";
import type { Front } from "../core/playback.ts";
import type { NodeIndex, Pose } from "../core/pose.ts";
import type { FoldedGraph, Selection, Theme, Trace } from "../core/types.ts";
import type { Camera, Size } from "../core/view.ts";
import { isLearned } from "./colours.ts";
import type { Emphasis } from "./emphasis.ts";
import type { Ranges } from "./values.ts";

export interface Scene {
  pose: Pose;
  nodes: NodeIndex;
  camera: Camera;
  size: Size;
  theme: Theme;
  trace: Trace | null;
  ranges: Ranges;
  /** The steps that the unfolded picture shows: while columns part or meet, only these are drawn. */
  kept: { first: number; last: number };
  /** How far the run is seen during playback. */
  front: Front | null;
  /** The current step, between two steps while playback moves on. */
  step: number;
  selection: Selection | null;
  pins: readonly Selection[];
  /** Opened nodes are open at this step alone; null at every step. */
  alone: number | null;
  pointed: Selection | null;
  /** Pointing fades from one emphasis to the next. */
  emphasis: { from: Emphasis; to: Emphasis; share: number };
  /** Names of parameters as they are set. */
  names: ReadonlyMap<string, readonly Run[]>;
  /** Parameters that learn: the others are grey. */
  learned: ReadonlySet<string>;
  gates: ReadonlyMap<string, Gate>;
}

/** Names of everything that lies on lines, as they are set. */
export function namesOf(graph: FoldedGraph): Map<string, Run[]> {
  return new Map(
    graph.nodes
      .filter((node) => node.role === "parameter")
      .map((node) => [node.id, runsOfLatex(node.latex)]),
  );
}

/** What says how much passes on a line, by the line's id. */
export function gatesOf(graph: FoldedGraph): Map<string, Gate> {
  return new Map(graph.edges.flatMap(({ id, gate }) => (gate ? [[id, gate]] : [])));
}

export function learnedOf(graph: FoldedGraph): Set<string> {
  return new Set(graph.nodes.filter(isLearned).map((node) => node.id));
}

export const STYLE = {
  rest: 0.35,
  restNight: 0.5,
  restFolded: 0.8,
  current: 0.85,
  own: 1,
  unrelated: 0.12,
  unrelatedNode: 0.3,
  pending: 0.45,
} as const;

/** Light lines on dark paper fade sooner than dark ones on light paper. */
export function restOf(scene: Scene): number {
  return scene.theme === "night" ? STYLE.restNight : STYLE.rest;
}

/** Opacity of a line or box under the emphasis of this moment. */
export function fade(
  scene: Scene,
  belongs: (emphasis: Emphasis) => 0 | 1 | null,
  rest: number,
  unrelated: number,
): number {
  const { from, to, share } = scene.emphasis;
  const level = (emphasis: Emphasis): number => {
    const belonging = belongs(emphasis);
    return belonging === null ? rest : belonging === 1 ? STYLE.own : unrelated;
  };
  if (share >= 1) return level(to);
  return level(from) * (1 - share) + level(to) * share;
}

/** Names would lie on one another while columns part: they go first and come last. */
export function namesShare(progress: number): number {
  return progress === 0
    ? 1
    : Math.max(1 - smoothstep(0, 0.04, progress), smoothstep(0.8, 1, progress));
}

/** The anchor's own lines are the loops that open; those of the other copies come in as they part. */
export function copyShare(progress: number): number {
  return smoothstep(0.06, 0.55, progress);
}

/** Boundary values appear while the columns part. */
export function boundaryShare(progress: number): number {
  return smoothstep(0.2, 0.75, progress);
}

/** Lines grow thicker more slowly than the drawing. */
export function lineWidth(scene: Scene): number {
  const base = scene.theme === "projector" ? 2.2 : 1.6;
  return base * Math.min(Math.max(scene.camera.scale ** 0.6, 0.55), 1.7);
}
