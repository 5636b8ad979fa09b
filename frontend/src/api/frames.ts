/** Frames out of a stream of bytes, however the bytes were cut: lines of JSON, and the raw numbers behind some. */
import { numbersOf } from "./requests.ts";
import type { EndEvent, ErrorEvent, StartEvent } from "./wire.ts";

/** Values of the steps `from` to `to`, one step behind the other, in the order in which they were computed. */
export interface Chunk {
  event: "steps" | "gradients";
  domain: string;
  from: number;
  to: number;
  values: Record<string, Float32Array>;
}

/** How many numbers of a variable belong to one step. */
export function sizeOf({ from, to }: Chunk, values: Float32Array): number {
  return values.length / (Math.abs(to - from) + 1);
}

export type Frame = StartEvent | Chunk | EndEvent | ErrorEvent;

/** The line before a chunk's numbers. */
interface Header extends Omit<Chunk, "values"> {
  /** Shapes, the steps first. */
  values: Record<string, number[]>;
  bytes: number;
}

/** Yields one event a frame; of a stream that was cut, the frames that arrived whole. */
export async function* readFrames(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  const reader = body.getReader();
  const bytes = new Bytes(reader);
  try {
    for (;;) {
      const line = await bytes.line();
      if (line === null) return;
      if (!line.trim()) continue;
      const event = parsed(line) as Frame | Header | undefined;
      if (event === undefined) return;
      if (!("bytes" in event)) {
        yield restored(event);
        continue;
      }
      const numbers = await bytes.take(event.bytes);
      if (numbers === null) return;
      yield chunkOf(event, numbers);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function chunkOf(header: Header, numbers: Uint8Array<ArrayBuffer>): Chunk {
  const { event, domain, from, to } = header;
  const values: Chunk["values"] = {};
  let at = 0;
  for (const [name, shape] of Object.entries(header.values)) {
    const size = shape.reduce((total, axis) => total * axis, 1);
    values[name] = new Float32Array(numbers.buffer, at, size);
    at += size * Float32Array.BYTES_PER_ELEMENT;
  }
  return { event, domain, from, to, values };
}

/** A line with the numbers that JSON writes as null: NaN and infinity stand under `exact`. */
function restored(event: Frame & { exact?: Record<string, string> }): Frame {
  const { exact, ...rest } = event;
  if (!exact) return event;
  const whole = rest as { values?: Values; boundary?: Record<string, Values> };
  for (const [name, text] of Object.entries(exact)) {
    const numbers = numbersOf(text, "FP32");
    const [, owner = "", position = ""] = /^([^[]+)\[(.+)\]$/.exec(name) ?? [];
    const boundary = whole.boundary?.[owner];
    if (boundary && position in boundary) boundary[position] = numbers;
    else if (whole.values) whole.values[name] = numbers;
  }
  return rest as Frame;
}

type Values = Record<string, unknown>;

/** The value of a line; undefined where the stream was cut within it. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const LINE_FEED = 10;

/** Bytes that are taken line by line or by number, waiting for more where too few have arrived. */
class Bytes {
  #held: Uint8Array[] = [];
  #length = 0;

  constructor(readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  /** The next line without its end; at the end of the stream what is left, and null when nothing is. */
  async line(): Promise<string | null> {
    let before = 0; // bytes of the pieces that have been looked through
    for (let i = 0; ; i++) {
      if (i === this.#held.length && !(await this.#more())) break;
      const piece = this.#held[i] as Uint8Array;
      const end = piece.indexOf(LINE_FEED);
      if (end >= 0) return this.#text(before + end, 1);
      before += piece.length;
    }
    return this.#length > 0 ? this.#text(this.#length, 0) : null;
  }

  /** The next so many bytes, in memory of their own; null when the stream ends before. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#length < length) if (!(await this.#more())) return null;
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const piece = this.#held[0] as Uint8Array;
      const part = piece.subarray(0, length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === piece.length) this.#held.shift();
      else this.#held[0] = piece.subarray(part.length);
    }
    this.#length -= length;
    return taken;
  }

  async #text(length: number, skipped: number): Promise<string> {
    const text = new TextDecoder().decode((await this.take(length)) ?? undefined);
    await this.take(skipped);
    return text;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.reader.read();
    if (done) return false;
    if (value.length > 0) this.#held.push(value);
    this.#length += value.length;
    return value.length > 0 || this.#more();
  }
}
