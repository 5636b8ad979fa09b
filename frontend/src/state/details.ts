/** The numbers inside the selected equation, or of the selected parameter: asked for when needed. */
import { computed, effect, signal, untracked } from "@preact/signals";
import { isAbort, Problem } from "../api/problems.ts";
import { runWhole } from "../api/requests.ts";
import type { RunOutput, RunRequest } from "../api/wire.ts";
import { runRequest } from "./run.ts";
import { description, language, run, selection } from "./store.ts";
import { product } from "./trace.ts";
import { report } from "./troubles.ts";

/** Outputs by name: `f/3`, `W_f`; empty until they are here. */
export const details = signal<ReadonlyMap<string, RunOutput>>(new Map());

/** What the service has to be asked for, for the selection as it is. */
const wanted = computed<string[]>(() => {
  const chosen = selection.value;
  const graph = description.value?.graph;
  if (!chosen || !graph) return [];
  if (chosen.kind === "edge") {
    const edge = graph.edges.find((each) => each.id === chosen.id);
    return edge?.parameter ? [edge.parameter] : [];
  }
  const node = graph.nodes.find((each) => each.id === chosen.id);
  if (node?.kind === "variable") return [`${chosen.id}/*`];
  return node && node.kind !== "input" ? [chosen.id] : [];
});

export function keepDetails(): () => void {
  let last = "";
  let abort: AbortController | null = null;
  const watch = effect(() => {
    const names = wanted.value;
    const request = runRequest();
    if (!request || names.length === 0 || run.value.phase !== "done") return;
    const key = JSON.stringify([request, names]);
    if (key === last) return;
    last = key;
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    untracked(() => ask({ ...request, variables: names }, signal));
  });
  return () => {
    watch();
    abort?.abort();
  };
}

async function ask(request: RunRequest, signal: AbortSignal): Promise<void> {
  try {
    const answer = await runWhole(request, { language: language.value, signal });
    details.value = new Map(answer.outputs.map((output) => [output.name, output]));
  } catch (error) {
    if (isAbort(error)) return;
    details.value = new Map();
    if (!(error instanceof Problem)) report(error);
  }
}

/** One number of an output: at a step (from 1) where it has steps, and at a unit where it has units. */
export function numberAt(output: RunOutput, step: number, unit: number): number | undefined {
  const [steps = 1, ...inner] = output.domains.length > 0 ? output.shape : [1, ...output.shape];
  const size = product(inner);
  const row = output.domains.length > 0 ? step - 1 : 0;
  if (row < 0 || row >= steps) return undefined;
  return output.data[row * size + (size > 1 ? unit % size : 0)];
}
