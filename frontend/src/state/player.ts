/** Playback: beat after beat as the run was computed, never beyond what has arrived. */
import { batch, effect, untracked } from "@preact/signals";
import { type Moment, momentAt, next, previous, stepOf } from "../core/playback.ts";
import { isNextHere, phases, places } from "./playback.ts";
import {
  arrived,
  description,
  domain,
  looping,
  moment,
  playing,
  reducedMotion,
  said,
  shownTrace,
  speed,
  step,
  symbolAt,
  text,
  total,
  unfolded,
  unfoldsSoon,
} from "./store.ts";

export const STEP_MILLISECONDS = 400;
export const UNFOLD_MILLISECONDS = 900;
const LOOK = 700; // milliseconds in which the folded loop is seen before it opens
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

/** Goes from beat to beat while `playing`; returns the cleanup. */
export function keepPlaying(): () => void {
  const play = effect(() => {
    if (!playing.value || moment.value === null) return;
    if (!isNextHere.value) return; // not computed yet
    const timer = setTimeout(() => advance(1, true), STEP_MILLISECONDS / speed.value);
    return () => clearTimeout(timer);
  });
  const forget = effect(() => {
    // the beats of another text, or of gradients, are others
    description.value;
    shownTrace.value?.shows;
    untracked(() => show(null));
  });
  return () => {
    play();
    forget();
  };
}

/** Shows a beat, or all; the step of a scan is the page's step. */
function show(next: Moment | null): void {
  batch(() => {
    if (next === null) playing.value = false;
    moment.value = next;
    const at = next && stepOf(phases.value, next, places.value);
    if (at !== null) step.value = Math.min(Math.max(at, 1), Math.max(total.value, 1));
  });
}

/** One beat on, or back. After the last all is shown, or playback begins again. */
function advance(by: 1 | -1, isPlaying = false): void {
  const now = moment.value;
  if (!now) return;
  const then = (by > 0 ? next : previous)(phases.value, now, places.value);
  if (then) show(then);
  else if (by > 0 && isPlaying && looping.value) begin();
  else if (by > 0) show(null);
}

export function togglePlaying(): void {
  if (!playing.value && arrived.value === 0) return; // nothing to play
  batch(() => {
    if (!playing.value && moment.value === null) startPlaying();
    playing.value = !playing.value;
  });
  said.value = playing.value ? text.value.say.playing : text.value.say.paused;
}

/** The first beat, with the step at which its direction begins. */
function begin(): void {
  batch(() => {
    step.value = isLeftwards() ? Math.max(total.value, 1) : 1;
    show({ phase: 0, beat: 1 });
  });
}

/** Playback begins with what is computed first, or goes on from a step between the ends. */
function startPlaying(): void {
  const isBetween = step.value > 1 && step.value < total.value;
  const first: Moment = { phase: 0, beat: 1 };
  const here = isBetween && momentAt(phases.value, first, domain.value, step.value, places.value);
  if (here) show(here);
  else begin();
}

/** Goes to a step. During playback values are then seen as far as they were known there. */
export function goTo(target: number): void {
  const last = Math.max(arrived.value, 1);
  const to = Math.min(Math.max(Math.round(target), 1), last);
  batch(() => {
    playing.value = false;
    step.value = to;
    if (moment.value) {
      const known = momentAt(phases.value, moment.value, domain.value, to, places.value);
      moment.value = known;
    }
  });
  said.value = text.value.say.step(step.value, total.value, symbolAt(step.value));
}

/** To the right or to the left; during playback to the beat that leads there. */
export function stepBy(by: 1 | -1): void {
  if (moment.value === null) goTo(step.value + by);
  else turnTo(isLeftwards() ? (-by as 1 | -1) : by);
}

/** Onwards or back in the order of playback, as a presenter's remote. */
export function turn(by: 1 | -1): void {
  if (moment.value === null) goTo(step.value + (isLeftwards() ? -by : by));
  else turnTo(by);
}

function turnTo(by: 1 | -1): void {
  playing.value = false;
  if (by < 0 || isNextHere.value) advance(by);
  said.value = text.value.say.step(step.value, total.value, symbolAt(step.value));
}

/** Gradients, once they are here, go from the last step to the first. */
function isLeftwards(): boolean {
  return shownTrace.value?.shows === "gradients";
}

/** The first step, or the first beat. */
export function goToFirst(): void {
  if (moment.value === null) goTo(1);
  else {
    playing.value = false;
    begin();
  }
}

/** The last step; playback ends, and all is shown. */
export function goToLast(): void {
  show(null);
  goTo(total.value);
}

/** All that has arrived is shown again. */
export function showAll(): void {
  show(null);
}

export function toggleLoop(): void {
  looping.value = !looping.value;
}

export function setUnfolded(value: boolean): void {
  unfolded.value = value;
  said.value = value ? text.value.say.unfolded : text.value.say.folded;
}

/**
 * The page opens: the loop is seen, unfolds, and plays. The reader's first act stops the show: on
 * the folded figure it means what is seen there, anywhere else the loop unfolds at once.
 */
export function open(): () => void {
  const abort = new AbortController();
  const stop = () => {
    abort.abort();
    unfoldsSoon.value = false;
  };
  const onAct = (event: Event) => {
    const isFolding = event instanceof KeyboardEvent && event.key.toLowerCase() === "f";
    const isInFigure = event.target instanceof Element && event.target.closest(".figure-stage");
    if (unfoldsSoon.value && !isFolding && (event instanceof KeyboardEvent || !isInFigure)) {
      setUnfolded(true);
    }
    stop();
  };
  unfoldsSoon.value = true;
  for (const kind of ["pointerdown", "keydown"]) {
    window.addEventListener(kind, onAct, { once: true, capture: true, signal: abort.signal });
  }
  const watch = effect(() => {
    if (arrived.value === 0) return;
    queueMicrotask(() => {
      watch();
      perform(abort.signal).finally(stop);
    });
  });
  return () => {
    watch();
    stop();
  };
}

async function perform(signal: AbortSignal): Promise<void> {
  const isStill = untracked(() => reducedMotion.value);
  const acts: [number, () => void][] = [
    [
      isStill ? 0 : LOOK,
      () => {
        setUnfolded(true);
        unfoldsSoon.value = false;
      },
    ],
    [isStill ? 0 : UNFOLD_MILLISECONDS + 200, () => togglePlaying()],
  ];
  for (const [milliseconds, act] of acts) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (signal.aborted) return;
    act();
  }
}
