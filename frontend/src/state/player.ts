/** Playback: one step after the other, never beyond what has arrived. */
import { effect, untracked } from "@preact/signals";
import {
  arrived,
  playing,
  reducedMotion,
  run,
  said,
  speed,
  step,
  symbolAt,
  text,
  total,
  unfolded,
} from "./store.ts";

export const STEP_MILLISECONDS = 400;
export const UNFOLD_MILLISECONDS = 900;
const LOOK = 700; // milliseconds in which the folded loop is seen before it opens
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

/** Moves `step` while `playing`; returns the cleanup. */
export function keepPlaying(): () => void {
  return effect(() => {
    if (!playing.value) return;
    const now = step.value;
    if (now >= total.value && total.value > 0 && run.value.phase === "done") {
      playing.value = false;
      return;
    }
    if (now >= arrived.value) return; // the next step has not been computed yet
    const timer = setTimeout(() => {
      step.value = now + 1;
    }, STEP_MILLISECONDS / speed.value);
    return () => clearTimeout(timer);
  });
}

export function togglePlaying(): void {
  if (!playing.value && arrived.value === 0) return; // nothing to play
  if (!playing.value && step.value >= total.value) step.value = 1;
  playing.value = !playing.value;
  said.value = playing.value ? text.value.say.playing : text.value.say.paused;
}

export function goTo(target: number): void {
  playing.value = false;
  const last = Math.max(arrived.value, 1);
  step.value = Math.min(Math.max(Math.round(target), 1), last);
  said.value = text.value.say.step(step.value, total.value, symbolAt(step.value));
}

export function setUnfolded(value: boolean): void {
  unfolded.value = value;
  said.value = value ? text.value.say.unfolded : text.value.say.folded;
}

/** The page opens: the loop is seen, unfolds, and plays. The reader's first act stops the show. */
export function open(): () => void {
  const abort = new AbortController();
  const stop = () => abort.abort();
  for (const kind of ["pointerdown", "keydown"]) {
    window.addEventListener(kind, stop, { once: true, capture: true, signal: abort.signal });
  }
  const watch = effect(() => {
    if (arrived.value === 0) return;
    queueMicrotask(() => {
      watch();
      show(abort.signal).finally(stop);
    });
  });
  return () => {
    watch();
    stop();
  };
}

async function show(signal: AbortSignal): Promise<void> {
  const isStill = untracked(() => reducedMotion.value);
  const acts: [number, () => void][] = [
    [isStill ? 0 : LOOK, () => setUnfolded(true)],
    [isStill ? 0 : UNFOLD_MILLISECONDS + 200, () => togglePlaying()],
  ];
  for (const [milliseconds, act] of acts) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (signal.aborted) return;
    act();
  }
}
