/** A run as it is computed. A stream that ends without `end` or `error` was cut and is resumed. */
import { readLines } from "./ndjson.ts";
import { isAbort, Problem, Unreachable } from "./problems.ts";
import { type Call, send } from "./requests.ts";
import type {
  EndEvent,
  GradientsEvent,
  RunEvent,
  RunRequest,
  StartEvent,
  StepsEvent,
} from "./wire.ts";

const ATTEMPTS = 5;
const PAUSE = 250; // milliseconds before the first new attempt; doubled each time

export interface RunHandlers {
  onStart?(event: StartEvent): void;
  onSteps?(event: StepsEvent): void;
  /** After a cut they come again from the last step on. */
  onGradients?(event: GradientsEvent): void;
  onEnd(event: EndEvent): void;
}

/**
 * Follows one run to its end; `onStart` is called once, and no step of a variable is delivered twice.
 * A run may go over its steps several times, in both directions; `?start=` shortens the first pass only.
 */
export async function streamRun(
  body: RunRequest,
  handlers: RunHandlers,
  call: Call,
  pause = PAUSE,
): Promise<void> {
  const delivered = new Map<string, Range>(); // variable -> steps delivered
  let leader: string | null = null; // a variable of the first pass
  let started = false;
  let failures = 0;
  for (;;) {
    let progressed = false;
    try {
      const reached = leader === null ? undefined : delivered.get(leader);
      const next = reached?.from === 1 ? reached.to + 1 : 1;
      const path = next > 1 ? `/v1/runs/stream?start=${next}` : "/v1/runs/stream";
      const response = await send(path, call, body);
      if (!response.body) throw new Unreachable(response.status);
      for await (const line of readLines(response.body)) {
        const event = line as RunEvent;
        if (event.event === "start" && !started) {
          started = true;
          handlers.onStart?.(event);
        } else if (event.event === "steps") {
          leader ??= Object.keys(event.values)[0] ?? null;
          for (const fresh of undelivered(event, delivered)) {
            progressed = true;
            handlers.onSteps?.(fresh);
          }
        } else if (event.event === "gradients") {
          progressed = true;
          handlers.onGradients?.(event);
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

interface Range {
  from: number;
  to: number;
}

/** The parts of a chunk that are new, noted as delivered; variables with the same part stay together. */
function undelivered(event: StepsEvent, delivered: Map<string, Range>): StepsEvent[] {
  const parts = new Map<string, StepsEvent>();
  for (const [name, steps] of Object.entries(event.values)) {
    const part = beyond(event, delivered.get(name));
    if (part === null) continue;
    delivered.set(name, joined(delivered.get(name), part));
    const key = `${part.from}-${part.to}`;
    const known = parts.get(key) ?? { ...event, ...part, values: {} };
    known.values[name] = steps.slice(part.from - event.from, part.to - event.from + 1);
    parts.set(key, known);
  }
  return [...parts.values()];
}

/** What of a chunk lies beyond the steps already delivered: passes grow at one end. */
function beyond(chunk: Range, known: Range | undefined): Range | null {
  if (known === undefined) return { from: chunk.from, to: chunk.to };
  if (chunk.to > known.to) return { from: Math.max(chunk.from, known.to + 1), to: chunk.to };
  if (chunk.from < known.from) return { from: chunk.from, to: Math.min(chunk.to, known.from - 1) };
  return null;
}

function joined(known: Range | undefined, part: Range): Range {
  if (known === undefined) return part;
  return { from: Math.min(known.from, part.from), to: Math.max(known.to, part.to) };
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
