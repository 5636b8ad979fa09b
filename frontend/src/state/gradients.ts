/** The gradients of a run's scalar, asked for when the reader wants to see them, as values of the same drawing. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { type Chunk, sizeOf } from "../api/frames.ts";
import { isAbort, Problem } from "../api/problems.ts";
import { streamRun } from "../api/stream.ts";
import type { Nested, RunRequest } from "../api/wire.ts";
import type { Trace } from "../core/types.ts";
import { once, runRequest } from "./run.ts";
import {
  description,
  gradients,
  language,
  run,
  said,
  shows,
  text,
  trace,
  traceVersion,
} from "./store.ts";
import { flatten, positionOf, product, type RunTrace } from "./trace.ts";
import { report } from "./troubles.ts";

const PREFIX = "grad/";

interface Track {
  steps: number;
  size: number; // numbers per step
  values: Float32Array;
  low: number;
  high: number;
  /** The steps that have arrived: a pass backward begins at the end. */
  from: number;
  to: number;
}

/** The gradients of a run as they arrive, step by step as its values. */
export class GradientTrace implements Trace {
  readonly shows = "gradients";
  readonly lengths: Record<string, number>;
  readonly arrived: Record<string, number>;
  readonly symbols: Record<string, string[]>;
  readonly trees: Trace["trees"];
  version = 0;
  isWhole = false;
  #tracks = new Map<string, Track>();
  #boundary = new Map<string, Map<number, Float32Array>>();

  constructor(run: Trace) {
    this.lengths = run.lengths;
    this.arrived = run.lengths;
    this.symbols = run.symbols;
    this.trees = run.trees;
  }

  /** Steps of the pass backward: from `chunk.from` down to `chunk.to`, or up where a state runs the other way. */
  add(chunk: Chunk): void {
    const by = chunk.to < chunk.from ? -1 : 1;
    const steps = this.lengths[chunk.domain] ?? 1;
    for (const [name, values] of Object.entries(chunk.values)) {
      const size = sizeOf(chunk, values);
      for (let at = 0, step = chunk.from; at < values.length; at += size, step += by) {
        this.#write(name, steps, step, values.subarray(at, at + size));
      }
    }
    this.version++;
  }

  /** What has no steps, boundary values among it. */
  finish(values: Record<string, Nested | null>): void {
    for (const [key, value] of Object.entries(values)) {
      if (!key.startsWith(PREFIX) || value === null) continue;
      const [, name = "", position] = /^([^[]*)(?:\[(.*)\])?$/.exec(key.slice(5)) ?? [];
      const flat = flatten(value);
      if (position === undefined) this.#write(name, 1, 1, flat);
      else {
        const steps = this.#tracks.get(name)?.steps ?? Object.values(this.lengths)[0] ?? 0;
        const held = this.#boundary.get(name) ?? new Map<number, Float32Array>();
        this.#boundary.set(name, held.set(positionOf(position, steps), flat));
      }
    }
    this.isWhole = true;
    this.version++;
  }

  value(name: string, step: number): Float32Array | null {
    const boundary = this.#boundary.get(name)?.get(step);
    if (boundary) return boundary;
    const track = this.#tracks.get(name);
    if (!track) return null;
    const at = track.steps > 1 ? step : 1;
    if (at < track.from || at > track.to) return null;
    return track.values.subarray((at - 1) * track.size, at * track.size);
  }

  range(name: string): [number, number] {
    const track = this.#tracks.get(name);
    return track ? [track.low, track.high] : [0, 0];
  }

  #write(name: string, steps: number, step: number, values: Float32Array): void {
    let track = this.#tracks.get(name);
    if (!track) {
      const size = values.length;
      const room = new Float32Array(steps * size).fill(Number.NaN);
      track = { steps, size, values: room, low: 0, high: 0, from: step, to: step };
      this.#tracks.set(name, track);
    }
    track.values.set(values, (step - 1) * track.size);
    track.from = Math.min(track.from, step);
    track.to = Math.max(track.to, step);
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < track.low) track.low = value;
      if (value > track.high) track.high = value;
    }
  }
}

/** The scalar whose gradients can be shown: `loss`, else the last variable that is one number. */
export const scalar = computed<string | null>(() => {
  const nodes = description.value?.graph.nodes ?? [];
  const names = nodes
    .filter(
      (node) => node.kind === "variable" && node.domains.length === 0 && product(node.shape) === 1,
    )
    .map((node) => node.id);
  return names.includes("loss") ? "loss" : (names.at(-1) ?? null);
});

/** Why the gradients could not be had. */
export const gradientFault = signal<Problem | null>(null);

export function showGradients(isWanted: boolean): void {
  shows.value = isWanted && scalar.value !== null ? "gradients" : "values";
  said.value = text.value.say.shows[shows.value];
}

/** Asks for gradients while they are wanted; returns the cleanup. */
export function keepGradients(): () => void {
  let last = "";
  let abort: AbortController | null = null;
  const watch = effect(() => {
    const of = scalar.value;
    const request = runRequest();
    const held = trace.value;
    if (shows.value !== "gradients" || !request || !held || of === null) return;
    if (run.value.phase !== "done") return;
    const key = JSON.stringify([request, of]);
    if (key === last && gradients.value) return;
    last = key;
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    untracked(async () => {
      try {
        gradientFault.value = null;
        await follow({ ...request, variables: [], gradient: { of } }, held, signal);
      } catch (error) {
        if (isAbort(error)) return;
        gradients.value = null;
        if (error instanceof Problem) gradientFault.value = error;
        else report(error);
      }
    });
  });
  return () => {
    watch();
    abort?.abort();
  };
}

/** Shows gradients as they arrive, from the last step to the first. */
async function follow(request: RunRequest, held: RunTrace, signal: AbortSignal): Promise<void> {
  const arriving = new GradientTrace(held);
  const show = (): void => {
    if (signal.aborted) return;
    gradients.value = arriving;
    traceVersion.value++;
  };
  const showSoon = once(show);
  await streamRun(
    request,
    {
      onGradients(event) {
        const isFirst = arriving.version === 0;
        arriving.add(event);
        if (isFirst) batch(show);
        else showSoon();
      },
      onEnd(event) {
        arriving.finish(event.values);
        batch(show);
      },
    },
    { language: language.value, signal },
  );
}
