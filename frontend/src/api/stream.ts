/** A run as it is computed. A stream that ends without `end` or `error` was cut and is resumed. */
import { readLines } from "./ndjson.ts";
import { isAbort, Problem, Unreachable } from "./problems.ts";
import { type Call, send } from "./requests.ts";
import type { EndEvent, RunEvent, RunRequest, StartEvent, StepsEvent } from "./wire.ts";

const ATTEMPTS = 5;
const PAUSE = 250; // milliseconds before the first new attempt; doubled each time

export interface RunHandlers {
  onStart(event: StartEvent): void;
  onSteps(event: StepsEvent): void;
  onEnd(event: EndEvent): void;
}

/** Follows one run to its end; `onStart` is called once, and no step is delivered twice. */
export async function streamRun(
  body: RunRequest,
  handlers: RunHandlers,
  call: Call,
  pause = PAUSE,
): Promise<void> {
  const received = new Map<string, number>(); // domain -> last step delivered
  let started = false;
  let failures = 0;
  for (;;) {
    let progressed = false;
    try {
      const next = Math.max(0, ...received.values()) + 1;
      const path = next > 1 ? `/v1/runs/stream?start=${next}` : "/v1/runs/stream";
      const response = await send(path, call, body);
      if (!response.body) throw new Unreachable(response.status);
      for await (const line of readLines(response.body)) {
        const event = line as RunEvent;
        if (event.event === "start" && !started) {
          started = true;
          handlers.onStart(event);
        } else if (event.event === "steps") {
          const last = received.get(event.domain) ?? 0;
          if (event.to <= last) continue;
          received.set(event.domain, event.to);
          progressed = true;
          handlers.onSteps(event.from > last ? event : after(event, last));
        } else if (event.event === "end") return handlers.onEnd(event);
        else if (event.event === "error") throw new Problem(event.problem);
      }
    } catch (error) {
      if (error instanceof Problem || isAbort(error) || call.signal?.aborted) throw error;
      if (!started) throw error;
    }
    failures = progressed ? 1 : failures + 1;
    if (failures > ATTEMPTS) throw new Unreachable(null);
    await sleep(pause * 2 ** (failures - 1), call.signal);
  }
}

/** The part of a chunk that comes after step `last`. */
function after(event: StepsEvent, last: number): StepsEvent {
  const skip = last + 1 - event.from;
  const values = Object.fromEntries(
    Object.entries(event.values).map(([name, steps]) => [name, steps.slice(skip)]),
  );
  return { ...event, from: last + 1, values };
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
