/** What the figure is given to draw. */

import type { Front } from "../core/playback.ts";
import type { Domain, FoldedGraph, Selection, Theme, Trace } from "../core/types.ts";
import type { Camera } from "../core/view.ts";

export interface StageInput {
  graph: FoldedGraph;
  domains: readonly Domain[];
  trace: Trace | null;
  step: number;
  /** How far the run is seen during playback. */
  front: Front | null;
  playing: boolean;
  unfolded: boolean;
  selection: Selection | null;
  pins: readonly Selection[];
  /** The one step at which opened nodes are open; null at every step. */
  alone: number | null;
  pointed: Selection | null;
  theme: Theme;
  reducedMotion: boolean;
  /** Where a link wants the picture; null: fitted. Holds until the reader moves it. */
  place: Camera | null;
}

/** What a picture depends on. */
const WATCHED: Record<keyof StageInput, true> = {
  graph: true,
  domains: true,
  trace: true,
  step: true,
  front: true,
  playing: true,
  unfolded: true,
  selection: true,
  pins: true,
  alone: true,
  pointed: true,
  theme: true,
  reducedMotion: true,
  place: true,
};

/** Whether another picture follows from it. */
export function isOther(next: StageInput, last: StageInput): boolean {
  return (Object.keys(WATCHED) as (keyof StageInput)[]).some((key) => next[key] !== last[key]);
}
