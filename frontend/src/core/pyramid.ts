/**
 * A long run at the width of a screen: of the steps that share a pixel, the value farthest from zero, sign
 * kept, so that an oscillation does not turn grey. Blocks of steps are summed up once, as they arrive.
 */

/** Steps of the smallest block: few where a row stands for many units, which are dear to read again. */
const BLOCKS = { fine: 4, coarse: 16 } as const;
/** Units a row from which on blocks are fine: their sums take little beside the values themselves. */
const MANY = 4;

export type Reader = (step: number) => Float32Array | null;

function farther(a: number, b: number): number {
  if (!Number.isFinite(a)) return a;
  if (!Number.isFinite(b)) return b;
  return Math.abs(b) > Math.abs(a) ? b : a;
}

export class Pyramid {
  /** Steps of the smallest block. */
  readonly block: number;
  /** levels[k] holds, for every block of `block`^(k+1) steps, one value per row. */
  private readonly levels: Float32Array[] = [];
  private readonly complete: number[] = [];

  /** `units`: numbers of a step, which are gathered into so many rows. */
  constructor(
    readonly rows: number,
    readonly length: number,
    private readonly read: Reader,
    units = rows,
  ) {
    this.block = units >= MANY * rows ? BLOCKS.fine : BLOCKS.coarse;
    for (let blocks = Math.ceil(length / this.block); ; blocks = Math.ceil(blocks / this.block)) {
      this.levels.push(new Float32Array(blocks * rows));
      this.complete.push(0);
      if (blocks < 2) break;
    }
  }

  /** Whether a step has arrived. */
  has(step: number): boolean {
    return this.read(step) !== null;
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

  /** Sums up the blocks that the first `arrived` steps fill, as far as they are there from the first on. */
  extend(arrived: number): void {
    const column = new Float32Array(this.rows);
    this.levels.forEach((level, index) => {
      const size = this.block ** (index + 1);
      const isWhole = arrived >= this.length;
      const whole = isWhole ? Math.ceil(this.length / size) : Math.floor(arrived / size);
      const count = index === 0 ? this.length : (this.complete[index - 1] ?? 0);
      const most = index === 0 ? this.length : Math.ceil(this.length / (size / this.block));
      for (let block = this.complete[index] ?? 0; block < whole; block++) {
        const from = block * this.block;
        const to = Math.min(from + this.block, most);
        if (to > count) return;
        if (index === 0 && !(this.has(from + 1) && this.has(to))) return;
        for (let part = from; part < to; part++) {
          this.part(index, part, column);
          for (let row = 0; row < this.rows; row++) {
            const at = block * this.rows + row;
            level[at] = farther(level[at] ?? 0, column[row] ?? 0);
          }
        }
        this.complete[index] = block + 1;
      }
    });
  }

  private part(level: number, index: number, into: Float32Array): void {
    if (level === 0) this.step(index + 1, into);
    else {
      const start = index * this.rows;
      into.set(this.levels[level - 1]?.subarray(start, start + this.rows) ?? []);
    }
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
        const size = this.block ** (level + 1);
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
