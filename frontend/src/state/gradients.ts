/** The gradients of a run's scalar, asked for when the reader wants to see them, as values of the same drawing. */
import { computed, effect, signal, untracked } from "@preact/signals";
import { isAbort, Problem } from "../api/problems.ts";
import { runWhole } from "../api/requests.ts";
import type { RunOutput } from "../api/wire.ts";
import type { Trace } from "../core/types.ts";
import { runRequest } from "./run.ts";
import { description, gradients, language, run, said, shows, text, trace } from "./store.ts";
import { flatten, positionOf, product } from "./trace.ts";
import { report } from "./troubles.ts";

const PREFIX = "grad/";

interface Track {
  steps: number;
  size: number; // numbers per step
  values: Float32Array;
  range: [number, number];
}

/** What a run's answer says of gradients, step by step as the values of the run. */
export class GradientTrace implements Trace {
  readonly shows = "gradients";
  readonly lengths: Record<string, number>;
  readonly arrived: Record<string, number>;
  readonly symbols: Record<string, string[]>;
  readonly trees: Trace["trees"];
  readonly version: number;
  #tracks = new Map<string, Track>();
  #boundary = new Map<string, Map<number, Float32Array>>();

  constructor(run: Trace, outputs: readonly RunOutput[]) {
    this.lengths = run.lengths;
    this.arrived = run.lengths;
    this.symbols = run.symbols;
    this.trees = run.trees;
    this.version = run.version;
    for (const output of outputs) {
      if (!output.name.startsWith(PREFIX)) continue;
      const [, name = "", position] = /^([^[]*)(?:\[(.*)\])?$/.exec(output.name.slice(5)) ?? [];
      const values = flatten(output.data);
      const steps = output.domains.length > 0 ? (output.shape[0] ?? 1) : 1;
      if (position === undefined) {
        const size = product(output.shape) / steps;
        this.#tracks.set(name, { steps, size, values, range: rangeOf(values) });
      } else {
        const length = Object.values(run.lengths)[0] ?? 0;
        const held = this.#boundary.get(name) ?? new Map<number, Float32Array>();
        this.#boundary.set(name, held.set(positionOf(position, length), values));
      }
    }
  }

  value(name: string, step: number): Float32Array | null {
    const track = this.#tracks.get(name);
    const boundary = this.#boundary.get(name)?.get(step);
    if (boundary) return boundary;
    if (!track || (track.steps > 1 && (step < 1 || step > track.steps))) return null;
    const at = track.steps > 1 ? step - 1 : 0;
    return track.values.subarray(at * track.size, (at + 1) * track.size);
  }

  range(name: string): [number, number] {
    return this.#tracks.get(name)?.range ?? [0, 0];
  }
}

function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
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
        const asked = { ...request, variables: [], gradient: { of } };
        const answer = await runWhole(asked, { language: language.value, signal });
        gradients.value = new GradientTrace(held, answer.outputs);
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
