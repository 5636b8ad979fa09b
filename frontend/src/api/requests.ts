/** The calls of the service, one function each. All throw `Problem`, `Unreachable` or an abort. */
import { signal } from "@preact/signals";
import { isAbort, problemOf, Unreachable } from "./problems.ts";
import type { RunResult } from "./schema.ts";
import type {
  Architecture,
  ArchitectureSummary,
  Description,
  Language,
  RecurrenceRequest,
  RunRequest,
  WholeRun,
} from "./wire.ts";

export interface Call {
  language: Language;
  signal?: AbortSignal;
}

/** How many requests wait to be sent again, to a busy service or after a cut. */
export const waiting = signal(0);

const TRIES = 4; // of a service that is busy
const LONGEST = 30; // seconds between two of them

/** An answer with 2xx. A busy service is asked again when it says so. */
export async function send(path: string, call: Call, body?: object): Promise<Response> {
  const headers: Record<string, string> = { "accept-language": call.language };
  if (body) headers["content-type"] = "application/json";
  const request: RequestInit = { method: body ? "POST" : "GET", headers };
  if (body) request.body = JSON.stringify(body);
  if (call.signal) request.signal = call.signal;
  for (let tried = 1; ; tried++) {
    let response: Response;
    try {
      response = await fetch(path, request);
    } catch (error) {
      throw isAbort(error) ? error : new Unreachable(null, error);
    }
    if (response.ok) return response;
    const wait = response.headers.get("retry-after");
    if (response.status !== 503 || wait === null || tried === TRIES)
      throw await problemOf(response);
    await rest(1000 * Math.min(Number(wait) || 1, LONGEST), call.signal);
  }
}

/** Waits before a request is sent again; an abort ends it at once. */
export async function rest(milliseconds: number, signal?: AbortSignal): Promise<void> {
  waiting.value++;
  try {
    await sleep(milliseconds, signal);
  } finally {
    waiting.value--;
  }
}

/** Waits; an abort ends it at once. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function json<T>(path: string, call: Call, body?: object): Promise<T> {
  const response = await send(path, call, body);
  return (await response.json()) as T;
}

export async function listArchitectures(call: Call): Promise<ArchitectureSummary[]> {
  const answer = await json<{ architectures: ArchitectureSummary[] }>("/v1/architectures", call);
  return answer.architectures;
}

export function getArchitecture(id: string, call: Call): Promise<Architecture> {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return json<Architecture>(`/v1/architectures/${path}`, call);
}

export function describeRecurrence(body: RecurrenceRequest, call: Call): Promise<Description> {
  return json<Description>("/v1/recurrences", call, body);
}

/** Numbers come as bytes: JSON has neither NaN nor infinity. */
export async function runWhole(body: RunRequest, call: Call): Promise<WholeRun> {
  const answer = await json<RunResult>("/v1/runs?encoding_format=base64", call, body);
  const outputs = answer.outputs.map((output) => ({
    ...output,
    data: numbersOf(String(output.data), output.datatype),
  }));
  return { ...answer, outputs };
}

/** The numbers of little-endian bytes in base64. */
export function numbersOf(text: string, datatype: "FP32" | "FP64"): number[] {
  const { buffer } = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return [...(datatype === "FP64" ? new Float64Array(buffer) : new Float32Array(buffer))];
}

/** A text as a stand-alone module of torch. */
export async function writeModule(body: RecurrenceRequest, call: Call): Promise<string> {
  const { held: _, ...text } = body;
  return (await send("/v1/recurrences/module", call, text)).text();
}
