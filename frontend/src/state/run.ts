/** Description and inputs -> a run, followed as it arrives; the last picture stays until then. */
import { batch, effect, untracked } from "@preact/signals";
import { isAbort } from "../api/problems.ts";
import type * as schema from "../api/schema.ts";
import { streamRun } from "../api/stream.ts";
import type { Architecture, Description, RunRequest } from "../api/wire.ts";
import type { FoldedGraph } from "../core/types.ts";
import { openedGraph } from "./opening.ts";
import {
  architecture,
  clamps,
  described,
  effectiveInputs,
  effectiveLengths,
  language,
  playing,
  run,
  said,
  seed,
  settings,
  step,
  text,
  total,
  trace,
  traceVersion,
} from "./store.ts";
import { RunTrace } from "./trace.ts";
import { asFault, retries } from "./troubles.ts";

const PAUSE = 120; // milliseconds after the last change

/** Which text the values in `trace` were computed from. */
let traced: string | undefined;

/** The request of the run that belongs to what is described and chosen now. */
export function runRequest(): RunRequest | null {
  const entry = architecture.value;
  const known = described.value;
  if (!entry || !known) return null;
  const names = new Set(known.description.settings.map((setting) => setting.name));
  const variables = new Set(known.description.graph.nodes.map((node) => node.id));
  const held = clamps.value.filter((each) => variables.has(each.variable));
  const moved = { ...entry.defaults.settings, ...settings.value };
  const chosen = Object.entries(moved).filter(([name]) => names.has(name));
  const isHolding = held.length > 0 || entry.defaults.clamp.length > 0;
  return {
    ...(known.isCatalogue
      ? { architecture: entry.id }
      : { equations: known.request.equations, boundary: boundaryOf(entry, known.description) }),
    sizes: known.request.sizes,
    lengths: effectiveLengths.value,
    parameters: {
      seed: seed.value,
      values: known.isCatalogue ? {} : parametersOf(entry, known.description),
    },
    settings: Object.fromEntries(chosen),
    inputs: effectiveInputs.value,
    forcing: known.request.forcing,
    ...(isHolding ? { clamp: held } : {}),
    ...(openedGraph.value ? { variables: drawnIn(openedGraph.value) } : {}),
  };
}

/** All that is drawn with values: variables, inputs, and operations of what is opened. */
function drawnIn({ nodes }: FoldedGraph): string[] {
  return nodes
    .filter((node) => node.kind === "input" || node.kind === "variable")
    .map((node) => node.id);
}

/** The catalogue's boundary values, for the variables that the edited text still has. */
function boundaryOf(
  entry: Architecture,
  description: Description,
): Architecture["defaults"]["boundary"] {
  const names = new Set(description.graph.nodes.map((node) => node.id));
  return Object.fromEntries(
    Object.entries(entry.defaults.boundary).filter(([name]) => names.has(name)),
  );
}

/** The catalogue's parameters, where the edited text still has them in the same shape. */
function parametersOf(
  entry: Architecture,
  description: Description,
): Architecture["defaults"]["parameters"] {
  const shapes = new Map(description.parameters.map((one) => [one.name, one.shape]));
  return Object.fromEntries(
    Object.entries(entry.defaults.parameters).filter(
      ([name, value]) => String(shapeOf(value)) === String(shapes.get(name)),
    ),
  );
}

function shapeOf(value: schema.Numbers): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0] ?? 0)] : [];
}

/** Runs anew whenever the request changes; returns the cleanup. */
export function keepRunning(): () => void {
  let last = "";
  let abort: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    clearTimeout(timer);
    abort?.abort();
  };
  const watch = effect(() => {
    const request = runRequest();
    const key = JSON.stringify([request, retries.value]);
    if (!request || key === last) return;
    last = key;
    untracked(() => {
      stop();
      const own = new AbortController();
      abort = own;
      if (!trace.value)
        follow(request, own.signal); // the first run: before anything is drawn
      else timer = setTimeout(() => follow(request, own.signal), PAUSE);
    });
  });
  const translate = effect(() => {
    language.value;
    untracked(() => {
      if (run.value.phase === "failed") retries.value++;
    });
  });
  return () => {
    watch();
    translate();
    stop();
  };
}

async function follow(request: RunRequest, signal: AbortSignal) {
  run.value = { phase: "waiting", fault: null, cost: run.value.cost, nonfinite: null };
  let arriving: RunTrace | null = null;
  const show = () => {
    if (signal.aborted || !arriving) return;
    trace.value = arriving;
    traced = textOf(request);
    traceVersion.value++;
  };
  const showSoon = once(show);
  try {
    await streamRun(
      request,
      {
        onStart(event) {
          arriving = new RunTrace(event, request.inputs ?? {});
          run.value = { phase: "arriving", fault: null, cost: event.cost, nonfinite: null };
        },
        onSteps(event) {
          arriving?.add(event);
          if (event.from === 1) batch(show);
          else showSoon();
        },
        onEnd(event) {
          arriving?.finish(event.values, event.lengths);
          batch(() => {
            show();
            if (step.value > total.value && total.value > 0) step.value = total.value;
            run.value = { ...run.value, phase: "done", nonfinite: event.nonfinite };
            said.value = text.value.say.done(total.value);
          });
        },
      },
      { language: language.value, signal },
    );
  } catch (error) {
    if (isAbort(error) || signal.aborted) return;
    batch(() => {
      run.value = { ...run.value, phase: "failed", fault: asFault(error) };
      if (traced !== textOf(request)) drop();
    });
  }
}

/** What tells one text from another: the catalogue's entry, or the edited equations. */
function textOf(request: RunRequest): string {
  return JSON.stringify([request.architecture, request.equations]);
}

/** The values of another text say nothing about this one. */
function drop(): void {
  trace.value = null;
  traced = undefined;
  playing.value = false;
}

/** Calls of one frame become one. */
export function once(action: () => void): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      action();
    });
  };
}
