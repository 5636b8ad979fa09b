/** Comparing a run with one that was kept. */
import { isAbort } from "../api/problems.ts";
import { streamRun } from "../api/stream.ts";
import type { RunRequest } from "../api/wire.ts";
import { kept } from "./difference.ts";
import { language, run, said, shownValues, shows, text } from "./store.ts";
import { RunTrace } from "./trace.ts";
import { report } from "./troubles.ts";

/** The difference to the kept run; without one the present run is kept. */
export function showDifference(): void {
  if (kept.value === null) keepRun();
  if (kept.value === null) return;
  shows.value = "difference";
  said.value = text.value.say.shows[shows.value];
}

/** From now on runs are compared with this one. */
export function keepRun(): void {
  const values = shownValues.value;
  if (!values || run.value.phase !== "done") return;
  keep(values);
}

function keep(values: RunTrace): void {
  const loss = values.value("loss", 1);
  kept.value = { trace: values, loss: loss?.length === 1 ? (loss[0] ?? null) : null };
}

let coming: AbortController | null = null;

/** Runs again what a link compares with; a token that says nothing is left out, as any field of a link. */
export async function bringBack(token: string): Promise<void> {
  if (kept.value?.trace.token === token) return;
  const request = requestOf(token);
  if (!request) return;
  coming?.abort();
  const own = new AbortController();
  coming = own;
  let values: RunTrace | null = null;
  try {
    await streamRun(
      request,
      {
        onStart(event) {
          values = new RunTrace(event, request.inputs ?? {});
        },
        onSteps: (event) => values?.add(event),
        onEnd(event) {
          values?.finish(event.values, event.lengths);
          if (values) keep(values);
        },
      },
      { language: language.value, signal: own.signal },
    );
  } catch (error) {
    if (!isAbort(error)) report(error);
  }
}

function requestOf(token: string): RunRequest | null {
  try {
    const bytes = Uint8Array.from(atob(token.replace(/-/g, "+").replace(/_/g, "/")), (one) =>
      one.charCodeAt(0),
    );
    const request: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const isRequest = request !== null && typeof request === "object" && !Array.isArray(request);
    return isRequest ? (request as RunRequest) : null;
  } catch {
    return null;
  }
}

export function giveUpKept(): void {
  kept.value = null;
  if (shows.value === "difference") shows.value = "values";
  said.value = text.value.say.shows[shows.value];
}
