/** Where playback stands: the phases of the run, the beat that is shown, and how far values are seen. */
import { computed } from "@preact/signals";
import { type Front, frontOf, next, type Phase, phasesOf, stepOf } from "../core/playback.ts";
import type { Trace } from "../core/types.ts";
import { description, moment, run, shownTrace, shows, traceVersion } from "./store.ts";

const NOWHERE: Pick<Trace, "lengths" | "trees"> = { lengths: {}, trees: {} };

export const places = computed<Pick<Trace, "lengths" | "trees">>(() => {
  traceVersion.value;
  return shownTrace.value ?? NOWHERE;
});

export const phases = computed<Phase[]>(() => {
  const known = description.value;
  const shown = shownTrace.value?.shows ?? shows.value;
  return known ? phasesOf(known.schedule, known.graph, shown) : [];
});

/** How far the run is seen; null when nothing is played: then all of it is. */
export const front = computed<Front | null>(() => {
  const at = moment.value;
  const trace = shownTrace.value;
  return at && trace ? frontOf(phases.value, at, places.value, trace.shows) : null;
});

/** Whether what comes after this beat has arrived. */
export const isNextHere = computed(() => {
  traceVersion.value;
  const at = moment.value;
  const trace = shownTrace.value;
  const then = at && next(phases.value, at, places.value);
  if (!then || !trace || run.value.phase === "failed") return true;
  const isDone = run.value.phase === "done";
  const ahead = frontOf(phases.value, then, places.value, trace.shows);
  if (!ahead || ahead.phase.names.size === 0) return true;
  if (isDone && trace.shows === "values") return true;
  const step = stepOf(phases.value, then, trace);
  const length = trace.lengths[ahead.phase.domain ?? ""] ?? 1;
  const isHere = (name: string): boolean => {
    if (step !== null) return trace.value(name, step) !== null;
    for (let at = 1; at <= length; at++) {
      if (ahead.isNew(name, at)) return trace.value(name, at) !== null; // a map at once, a tree's level soon
    }
    return false;
  };
  return [...ahead.phase.names].some(isHere);
});
