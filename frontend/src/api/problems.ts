/** Everything that can go wrong between the page and the service, as two typed errors. */
import type { ProblemDocument, ProblemEntry } from "./wire.ts";

/** The service understood the request and refused it; `errors` name the places. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly errors: ProblemEntry[];

  constructor(document: ProblemDocument) {
    super(document.detail || document.title);
    this.name = "Problem";
    this.status = document.status;
    this.type = document.type;
    this.errors = document.errors ?? [];
  }
}

/** No answer, or none that this page can read: the server is gone, busy or another one. */
export class Unreachable extends Error {
  readonly status: number | null;

  constructor(status: number | null, cause?: unknown) {
    super(status === null ? "no answer" : `answer ${status}`, { cause });
    this.name = "Unreachable";
    this.status = status;
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

function isProblemDocument(value: unknown): value is ProblemDocument {
  return typeof value === "object" && value !== null && "title" in value && "status" in value;
}

/** The typed error of an answer that is not 2xx. */
export async function problemOf(response: Response): Promise<Problem | Unreachable> {
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body: unknown = isJson ? await response.json().catch(() => null) : null;
  if (isProblemDocument(body)) return new Problem(body);
  return new Unreachable(response.status);
}
