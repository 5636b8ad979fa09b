/** A run as it is computed. A stream that ends without `end` or `error` was cut and is resumed. */
import { type Chunk, readFrames, sizeOf } from "./frames.ts";
import { isAbort, Problem, Unreachable } from "./problems.ts";
import { type Call, rest, send, sleep } from "./requests.ts";
import type { EndEvent, RunRequest, StartEvent } from "./wire.ts";

const ATTEMPTS = 5;
const PAUSE = 250; // milliseconds before the first new attempt; doubled each time
const BUSY = 8; // milliseconds of chunks after which the page may draw

export interface RunHandlers {
  onStart?(event: StartEvent): void;
  onSteps?(event: Chunk): void;
  /** After a cut they come again from the last step on. */
  onGradients?(event: Chunk): void;
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
  let end: EndEvent | null = null;
  let failures = 0;
  let since = performance.now();
  for (;;) {
    let progressed = false;
    try {
      const reached = leader === null ? undefined : delivered.get(leader);
      const next = reached?.from === 1 ? reached.to + 1 : 1;
      const path = next > 1 ? `/v1/runs/frames?start=${next}` : "/v1/runs/frames";
      const response = await send(path, call, body);
      if (!response.body) throw new Unreachable(response.status);
      for await (const event of readFrames(response.body)) {
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
        } else if (event.event === "end") end = event;
        else if (event.event === "error") throw new Problem(event.problem);
        if (performance.now() - since > BUSY) {
          await sleep(0, call.signal); // chunks that have all arrived would hold the page
          since = performance.now();
        }
      }
    } catch (error) {
      const isFinal = error instanceof Problem && error.status !== 503; // 503: another server goes on
      if (isFinal || isAbort(error) || call.signal?.aborted) throw error;
      if (!started) throw error;
    }
    if (end) return handlers.onEnd(end); // now that the connection has ended too, and was not torn
    failures = progressed ? 1 : failures + 1;
    if (failures > ATTEMPTS) throw new Unreachable(null);
    await rest(pause * 2 ** (failures - 1), call.signal);
  }
}

interface Range {
  from: number;
  to: number;
}

/** The parts of a chunk that are new, noted as delivered; variables with the same part stay together. */
function undelivered(chunk: Chunk, delivered: Map<string, Range>): Chunk[] {
  const parts = new Map<string, Chunk>();
  for (const [name, values] of Object.entries(chunk.values)) {
    const part = beyond(chunk, delivered.get(name));
    if (part === null) continue;
    delivered.set(name, joined(delivered.get(name), part));
    const key = `${part.from}-${part.to}`;
    const known = parts.get(key) ?? { ...chunk, ...part, values: {} };
    const size = sizeOf(chunk, values);
    known.values[name] = values.subarray(
      (part.from - chunk.from) * size,
      (part.to - chunk.from + 1) * size,
    );
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
