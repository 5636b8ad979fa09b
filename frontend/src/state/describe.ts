/** Text -> description: read as it is typed; a text that cannot be read leaves the last picture. */
import { effect, untracked } from "@preact/signals";
import { isAbort, Problem } from "../api/problems.ts";
import { describeRecurrence } from "../api/requests.ts";
import type { Architecture, RecurrenceRequest } from "../api/wire.ts";
import { heldIn } from "../core/clamp.ts";
import {
  architecture,
  clamps,
  described,
  diagnostics,
  equations,
  forcing,
  language,
  lengths,
  reading,
  sizes,
} from "./store.ts";
import { report, retries } from "./troubles.ts";

const PAUSE = 150; // milliseconds after the last keystroke

/** Keeps `described` and `diagnostics` true to the text; returns the cleanup. */
export function keepDescribed(): () => void {
  return effect(() => {
    const entry = architecture.value;
    if (!entry) return;
    retries.value;
    const request: RecurrenceRequest = {
      equations: equations.value,
      sizes: { ...entry.defaults.sizes, ...sizes.value },
      lengths: lengths.value,
      trees: {},
      forcing: forcing.value,
      held: heldIn(equations.value, clamps.value),
    };
    const tongue = language.value;
    return untracked(() => describe(entry, request, tongue));
  });
}

function describe(entry: Architecture, request: RecurrenceRequest, tongue: "en" | "zh") {
  const isCatalogue = request.equations === entry.equations;
  if (isCatalogue && isUsual(request, entry)) {
    diagnostics.value = [];
    reading.value = false;
    if (described.value?.description !== entry.recurrence) {
      described.value = { request, isCatalogue, description: entry.recurrence };
    }
    return;
  }
  if (isSame(described.value?.request, request) && diagnostics.value.length === 0) return;
  const abort = new AbortController();
  reading.value = true;
  const timer = setTimeout(async () => {
    try {
      const call = { language: tongue, signal: abort.signal };
      const description = await describeRecurrence(request, call);
      diagnostics.value = [];
      described.value = { request, isCatalogue, description };
    } catch (error) {
      if (isAbort(error)) return;
      if (error instanceof Problem) diagnostics.value = error.errors.length > 0 ? error.errors : [];
      if (!(error instanceof Problem) || error.errors.length === 0) report(error);
    }
    if (!abort.signal.aborted) reading.value = false;
  }, PAUSE);
  return () => {
    clearTimeout(timer);
    abort.abort();
  };
}

function isUsual(request: RecurrenceRequest, entry: Architecture): boolean {
  return (
    isSame(request.sizes, entry.defaults.sizes ?? {}) &&
    Object.keys(request.lengths).length === 0 &&
    request.forcing === entry.defaults.forcing &&
    isSame(request.held, heldIn(entry.equations, entry.defaults.clamp))
  );
}

function isSame(one: object | undefined, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
