/** Two runs in the same place: what is shown minus the run that was kept. */
import { signal } from "@preact/signals";
import type { Trace } from "../core/types.ts";
import { product, type RunTrace } from "./trace.ts";

export interface Kept {
  trace: RunTrace;
  /** Its loss, where it has one. */
  loss: number | null;
}

/** The run that others are compared with. */
export const kept = signal<Kept | null>(null);

/**
 * A scale reaches at least so far, as a share of the values: what parts two runs by rounding alone
 * (a few times 6e-8) stays pale on it.
 */
const ROUNDING = 2 ** -16;

/** Values of a run minus those of another; null where one of them has none, or another shape. */
export class DifferenceTrace implements Trace {
  readonly shows = "difference";
  readonly lengths: Record<string, number>;
  readonly arrived: Record<string, number>;
  readonly symbols: Record<string, string[]>;
  readonly trees: Trace["trees"];
  readonly version: number;
  #ranges = new Map<string, [number, number]>();

  constructor(
    private readonly now: RunTrace,
    private readonly then: RunTrace,
  ) {
    this.lengths = now.lengths;
    this.arrived = now.arrived;
    this.symbols = now.symbols;
    this.trees = now.trees;
    this.version = now.version;
  }

  value(name: string, step: number): Float32Array | null {
    const [a, b] = [this.now.value(name, step), this.then.value(name, step)];
    if (!a || !b || a.length !== b.length) return null;
    return a.map((value, i) => value - (b[i] ?? 0));
  }

  range(name: string): [number, number] {
    const known = this.#ranges.get(name);
    if (known) return known;
    const size = Math.max(...[this.now, this.then].flatMap((run) => run.range(name).map(Math.abs)));
    let [low, high] = [-size * ROUNDING, size * ROUNDING];
    for (let step = 1; step <= this.now.stepsOf(name); step++) {
      for (const value of this.value(name, step) ?? []) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    this.#ranges.set(name, [low, high]);
    return [low, high];
  }
}

/** Whether two runs have a variable of the same shape: only then there is something to compare. */
export function areComparable(now: RunTrace, then: RunTrace): boolean {
  return Object.entries(now.shapes).some(([name, shape]) => {
    const other = then.shapes[name];
    return other !== undefined && product(other) === product(shape);
  });
}

/** The difference of the run that is given to the kept one. */
export function differenceOf(values: RunTrace | null): DifferenceTrace | null {
  const other = kept.value;
  if (!values || !other || !areComparable(values, other.trace)) return null;
  return new DifferenceTrace(values, other.trace);
}
