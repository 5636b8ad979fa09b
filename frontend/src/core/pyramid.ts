/**
 * A long run at the width of a screen: of the steps that share a pixel, the value farthest from zero, sign
 * kept, so that an oscillation does not turn grey. Blocks of steps are summed up once, as they arrive.
 */

const BLOCK = 16;
const LEVELS = 5;

export type Reader = (step: number) => Float32Array | null;

function farther(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  return Math.abs(b) > Math.abs(a) ? b : a;
}

export class Pyramid {
  /** levels[k] holds, for every block of 16^(k+1) steps, one value per row. */
  private readonly levels: Float32Array[] = [];
  private readonly complete: number[] = [];

  constructor(
    readonly rows: number,
    readonly length: number,
    private readonly read: Reader,
  ) {
    for (let level = 0, blocks = length; level < LEVELS; level++) {
      blocks = Math.ceil(blocks / BLOCK);
      if (blocks < 2 && level > 0) break;
      this.levels.push(new Float32Array(blocks * rows));
      this.complete.push(0);
    }
  }

  /** One step's values, units gathered into this pyramid's rows. */
  step(step: number, into: Float32Array): boolean {
    const values = this.read(step);
    if (!values) return false;
    const group = Math.ceil(values.length / this.rows);
    for (let row = 0; row < this.rows; row++) {
      let best = 0;
      const end = Math.min((row + 1) * group, values.length);
      for (let index = row * group; index < end; index++) best = farther(best, values[index] ?? 0);
      into[row] = best;
    }
    return true;
  }

  /** Sums up the blocks that the first `arrived` steps fill. */
  extend(arrived: number): void {
    const column = new Float32Array(this.rows);
    this.levels.forEach((level, index) => {
      const size = BLOCK ** (index + 1);
      const whole =
        arrived >= this.length ? Math.ceil(this.length / size) : Math.floor(arrived / size);
      for (let block = this.complete[index] ?? 0; block < whole; block++) {
        for (let part = 0; part < BLOCK; part++) {
          if (!this.part(index, block * BLOCK + part, column)) break;
          for (let row = 0; row < this.rows; row++) {
            const at = block * this.rows + row;
            level[at] = farther(level[at] ?? 0, column[row] ?? 0);
          }
        }
        this.complete[index] = block + 1;
      }
    });
  }

  private part(level: number, index: number, into: Float32Array): boolean {
    if (level === 0) return index < this.length && this.step(index + 1, into);
    const below = this.levels[level - 1];
    const start = index * this.rows;
    if (!below || start >= below.length) return false;
    into.set(below.subarray(start, start + this.rows));
    return true;
  }

  /** Of the steps from `first` to `last`, the value farthest from zero in every row; false when none arrived. */
  between(first: number, last: number, into: Float32Array): boolean {
    into.fill(0);
    const column = new Float32Array(this.rows);
    const add = (): void => {
      for (let row = 0; row < this.rows; row++)
        into[row] = farther(into[row] ?? 0, column[row] ?? 0);
    };
    let found = false;
    for (let step = first; step <= last; ) {
      let taken = 1;
      let isKnown = false;
      for (let level = this.levels.length - 1; level >= 0 && !isKnown; level--) {
        const size = BLOCK ** (level + 1);
        const block = (step - 1) / size;
        if (!Number.isInteger(block) || step + size - 1 > last) continue;
        if (block >= (this.complete[level] ?? 0)) continue;
        column.set(
          (this.levels[level] ?? column).subarray(block * this.rows, (block + 1) * this.rows),
        );
        taken = size;
        isKnown = true;
      }
      if (!isKnown) isKnown = this.step(step, column);
      if (isKnown) add();
      found ||= isKnown;
      step += taken;
    }
    return found;
  }
}
