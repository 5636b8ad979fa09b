/** Troubles that are nobody's input: the server is gone or answers what the page cannot read. */
import { signal } from "@preact/signals";
import { Problem, Unreachable } from "../api/problems.ts";
import { architecture, type Fault, fault } from "./store.ts";

/** Counts the reader's "try again"; effects that talk to the service read it. */
export const retries = signal(0);

export function asFault(error: unknown): Fault {
  if (error instanceof Problem || error instanceof Unreachable) return error;
  return new Unreachable(null, error);
}

export function report(error: unknown): void {
  fault.value = asFault(error);
}

let reopen: () => void = () => undefined;

/** What "try again" does while nothing is open yet. */
export function onRetry(action: () => void): void {
  reopen = action;
}

export function retry(): void {
  fault.value = null;
  if (architecture.value) retries.value++;
  else reopen();
}
