/** A strip from left to right: columns of some steps each, kept from frame to frame, so that only what is new is read. */

import type { Pyramid } from "./pyramid.ts";

export class Overview {
  /** The first step of the first column, and the steps of each. */
  first = 1;
  span = 1;
  columns = 0;
  /** Column after column a number for every row. */
  values = new Float32Array(0);
  /** Columns of which at least one step has arrived. */
  known = new Uint8Array(0);
  /** So many columns from the left cannot change any more. */
  private done = 0;

  constructor(readonly pyramid: Pyramid) {}

  /** How many steps share a column where a step is so many pixels wide. */
  spanAt(pitch: number): number {
    const steps = 1 / pitch;
    const { block } = this.pyramid;
    return steps < block ? Math.max(1, Math.floor(steps)) : Math.ceil(steps / block) * block;
  }

  /** Brings the columns from the step `first` to `last` up to date; columns begin at multiples of their steps. */
  show(first: number, last: number, span: number): void {
    const { rows, length } = this.pyramid;
    const from = Math.floor((first - 1) / span) * span + 1;
    const columns = Math.max(0, Math.ceil((last - from + 1) / span));
    if (from !== this.first || span !== this.span || columns !== this.columns) {
      const isLonger = from === this.first && span === this.span && columns > this.columns;
      const [values, known] = [this.values, this.known];
      this.values = new Float32Array(columns * rows);
      this.known = new Uint8Array(columns);
      if (isLonger) {
        this.values.set(values);
        this.known.set(known);
      } else this.done = 0;
      [this.first, this.span, this.columns] = [from, span, columns];
    }
    let isFinal = true;
    for (let column = this.done; column < columns; column++) {
      const start = from + column * span;
      const end = Math.min(start + span - 1, length);
      const into = this.values.subarray(column * rows, (column + 1) * rows);
      this.known[column] = this.pyramid.between(start, end, into) ? 1 : 0;
      isFinal &&= this.pyramid.has(start) && this.pyramid.has(end);
      if (isFinal) this.done = column + 1;
    }
  }
}
