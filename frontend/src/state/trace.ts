/** The values of a run, in one growing array per variable, as the figure reads them. */
import { type Chunk, sizeOf } from "../api/frames.ts";
import type { InputValue, Nested, StartEvent } from "../api/wire.ts";
import { isNumbers } from "../core/branching.ts";
import type { Trace } from "../core/types.ts";

interface Track {
  domain: string | null;
  steps: number;
  size: number; // numbers per step: inner domains × shape
  values: Float32Array;
  low: number;
  high: number;
  /** The steps that have arrived; a pass backward begins at the end. */
  from: number;
  to: number;
}

function emptyTrack(domain: string | null, steps: number, size: number): Track {
  const values = new Float32Array(steps * size); // no step of it is read before it has arrived
  return { domain, steps, size, values, low: Infinity, high: -Infinity, from: Infinity, to: 0 };
}

export class RunTrace implements Trace {
  readonly shows = "values";
  readonly lengths: Record<string, number>;
  readonly arrived: Record<string, number> = {};
  readonly symbols: Record<string, string[]>;
  readonly trees: Trace["trees"];
  readonly shapes: Record<string, number[]>;
  /** The run's request, as the service writes it for links; null where it is too long for one. */
  readonly token: string | null;
  version = 0;
  #tracks = new Map<string, Track>();
  #boundary = new Map<string, Map<number, Float32Array>>();

  /** `inputs`: what the run was given. */
  constructor(start: StartEvent, inputs: Readonly<Record<string, InputValue>> = {}) {
    this.lengths = start.lengths;
    this.symbols = { ...onceSymbols(start, inputs), ...start.symbols };
    this.trees = (start.trees ?? {}) as Trace["trees"];
    this.shapes = start.shapes;
    this.token = start.run ?? null;
    for (const domain of Object.keys(start.lengths)) this.arrived[domain] = 0;
    for (const [name, shape] of Object.entries(start.shapes)) {
      const [domain = null, ...inner] = start.domains[name] ?? [];
      const size = product([...inner.map((each) => start.lengths[each] ?? 1), ...shape]);
      const steps = domain === null ? 1 : (start.lengths[domain] ?? 0);
      const track = emptyTrack(domain, steps, size);
      this.#tracks.set(name, track);
    }
    for (const [name, positions] of Object.entries(start.boundary ?? {})) {
      const track = this.#tracks.get(name);
      const held = new Map<number, Float32Array>();
      for (const [position, value] of Object.entries(positions)) {
        held.set(positionOf(position, track?.steps ?? 0), flatten(value));
      }
      this.#boundary.set(name, held);
    }
  }

  /** Whether the steps of this run were computed for variables of these shapes. */
  fits(shapes: Iterable<{ id: string; shape: number[] }>): boolean {
    for (const { id, shape } of shapes) {
      const own = this.shapes[id];
      if (own && product(own) !== product(shape)) return false;
    }
    return true;
  }

  add(chunk: Chunk): void {
    const { domain, from, to } = chunk;
    for (const [name, values] of Object.entries(chunk.values)) {
      const track = this.#trackOf(name, domain, sizeOf(chunk, values));
      track.from = Math.min(track.from, from);
      track.to = Math.max(track.to, to);
      this.#write(track, (from - 1) * track.size, values);
    }
    this.arrived[domain] = Math.max(this.arrived[domain] ?? 0, to);
    this.version++;
  }

  /** The end of a run, which may have stopped before the most steps it might have had. */
  finish(values: Record<string, Nested | null>, lengths: Record<string, number> = {}): void {
    Object.assign(this.lengths, lengths);
    for (const track of this.#tracks.values()) {
      if (track.domain !== null) track.steps = this.lengths[track.domain] ?? track.steps;
    }
    for (const [name, value] of Object.entries(values)) {
      const track = name.includes("/")
        ? this.#trackOf(name, null, count(value))
        : this.#tracks.get(name);
      if (track && value !== null) this.#write(track, 0, flatten(value));
      const [, owner = "", position] = BOUNDARY.exec(name) ?? [];
      const steps = this.#tracks.get(owner)?.steps;
      if (position === undefined || steps === undefined || value === null) continue;
      const held = this.#boundary.get(owner) ?? new Map<number, Float32Array>();
      this.#boundary.set(owner, held.set(positionOf(position, steps), flatten(value)));
    }
    for (const [domain, length] of Object.entries(this.lengths)) this.arrived[domain] = length;
    for (const track of this.#tracks.values()) {
      if (track.domain === null) continue;
      if (track.to === 0) track.values.fill(Number.NaN); // never sent
      [track.from, track.to] = [1, track.steps];
    }
    this.version++;
  }

  value(name: string, step: number): Float32Array | null {
    const track = this.#tracks.get(name);
    if (!track) return null;
    if (track.domain === null) return track.to === 0 ? null : track.values;
    if (step < 1 || step > track.steps) return this.#boundary.get(name)?.get(step) ?? null;
    if (step < track.from || step > track.to) return null;
    return track.values.subarray((step - 1) * track.size, step * track.size);
  }

  /** How many steps a variable has; one where it has none. */
  stepsOf(name: string): number {
    return this.#tracks.get(name)?.steps ?? 0;
  }

  /** Smallest and largest finite value so far; boundary values do not count. */
  range(name: string): [number, number] {
    const track = this.#tracks.get(name);
    return track && track.low <= track.high ? [track.low, track.high] : [0, 0];
  }

  /** Operations inside equations are not announced: their first values say how large they are. */
  #trackOf(name: string, domain: string | null, size: number): Track {
    const known = this.#tracks.get(name);
    if (known) return known;
    const steps = domain === null ? 1 : (this.lengths[domain] ?? 0);
    const track = emptyTrack(domain, steps, size);
    this.#tracks.set(name, track);
    return track;
  }

  /** What is not finite is kept, and stays out of the range. */
  #write(track: Track, offset: number, values: Float32Array): void {
    const end = Math.min(offset + values.length, track.values.length);
    if (track.domain === null) [track.from, track.to] = [1, 1];
    for (let i = offset; i < end; i++) {
      const number = values[i - offset] as number;
      const isNumber = number - number === 0;
      track.values[i] = number;
      if (number < track.low && isNumber) track.low = number;
      if (number > track.high && isNumber) track.high = number;
    }
  }
}

/** A boundary value that the run computed, such as "s[0]". */
const BOUNDARY = /^([^[]+)\[(.+)\]$/;

/** The characters of a text that is given once; those of a sequence come with the run. */
function onceSymbols(
  start: StartEvent,
  inputs: Readonly<Record<string, InputValue>>,
): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) =>
      start.domains[name]?.length === 0 && !isNumbers(value) && "text" in value
        ? [[name, [...value.text]]]
        : [],
    ),
  );
}

/** "0" and "-1" are themselves; "end+1" is one beyond the last step. */
export function positionOf(text: string, steps: number): number {
  return text.startsWith("end") ? steps + Number(text.slice(3) || 0) : Number(text);
}

function fill(target: Float32Array, from: number, end: number, value: Nested): number {
  if (!Array.isArray(value)) {
    if (from < end) target[from] = value === null ? Number.NaN : value;
    return from + 1;
  }
  let at = from;
  for (const item of value) at = fill(target, at, end, item);
  return at;
}

function count(value: Nested): number {
  return Array.isArray(value) ? value.reduce<number>((sum, item) => sum + count(item), 0) : 1;
}

export function flatten(value: Nested): Float32Array {
  const flat = new Float32Array(count(value));
  fill(flat, 0, flat.length, value);
  return flat;
}

export function product(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total * number, 1);
}
