/**
 * Where the elements of a column stand from left to right: as many links upright as can be, nothing closer
 * than its reach allows. A small problem solved by moves that make a link upright and push what is in the way.
 */

import { applyOrder, type Element, type Lattice, type Link } from "./lattice.ts";
import { disorderOf, goodOrders } from "./order.ts";

/** A link weighs more where it is an element's only one, and most where it carries on a line. */
function weightOf(link: Link, up: Map<Element, number>, down: Map<Element, number>): number {
  const share = 2 / (up.get(link.lower) ?? 1) + 2 / (down.get(link.upper) ?? 1);
  if (!link.lower.node && !link.upper.node) return share * 2;
  return link.lower.node && link.upper.node ? share * 1.25 : share;
}

function counted(links: readonly Link[], end: "lower" | "upper"): Map<Element, number> {
  const counts = new Map<Element, number>();
  for (const link of links) counts.set(link[end], (counts.get(link[end]) ?? 0) + 1);
  return counts;
}

/** Orders the rows and sets x of every element; the boxes' common middle comes to lie at 0. */
export function placeColumn(lattice: Lattice, gap: number, crowning: ReadonlySet<string>): void {
  const orders = goodOrders(lattice);
  let best = Number.POSITIVE_INFINITY;
  let winner = orders[0] ?? [];
  let places = new Map<Element, number>();
  for (const order of orders) {
    applyOrder(lattice, order);
    const cost = placeOrdered(lattice, gap) + disorderOf(lattice) * DISORDER;
    if (cost < best - 1e-6) {
      best = cost;
      winner = order;
      places = new Map(lattice.rows.flat().map((element) => [element, element.x]));
    }
  }
  applyOrder(lattice, winner);
  for (const [element, x] of places) element.x = x;
  centre(lattice, crowning);
}

/** What two names against the order of the text, and a bend, cost: as much as so many units of lean. */
const DISORDER = 60;
const BEND = 12;

function placeOrdered(lattice: Lattice, gap: number): number {
  for (const row of lattice.rows) pack(row, gap);
  const column = new Column(lattice, gap);
  const cost = column.settle();
  column.leave();
  return cost;
}

/**
 * A lattice while its elements find their places: numbers in flat arrays, since thousands of moves are tried.
 * Elements are numbered row by row, from left to right.
 */
class Column {
  private readonly elements: readonly Element[];
  private readonly x: Float64Array;
  private readonly before: Float64Array;
  private readonly rowOf: Int32Array;
  /** Where each row begins, and behind the last one where it ends. */
  private readonly rows: Int32Array;
  /** How far apart an element's middle and its left neighbour's have to be. */
  private readonly apart: Float64Array;
  private readonly lower: Int32Array;
  private readonly upper: Int32Array;
  private readonly weight: Float64Array;
  /** The elements at the other ends of an element's links. */
  private readonly others: readonly (readonly number[])[];
  /** Marks the elements of the block that is moved, and the first of them in each row. */
  private readonly isMoved: Uint8Array;
  private readonly anchors: Int32Array;
  private best = 0;

  constructor(lattice: Lattice, gap: number) {
    const elements = lattice.rows.flat();
    const count = elements.length;
    const numbers = new Map(elements.map((element, index) => [element, index]));
    this.elements = elements;
    this.x = Float64Array.from(elements, (element) => element.x);
    this.before = new Float64Array(count);
    this.isMoved = new Uint8Array(count);
    this.anchors = new Int32Array(lattice.rows.length);
    this.rows = new Int32Array(lattice.rows.length + 1);
    this.rowOf = new Int32Array(count);
    this.apart = new Float64Array(count);
    lattice.rows.forEach((row, index) => {
      const start = this.rows[index] ?? 0;
      this.rows[index + 1] = start + row.length;
      this.rowOf.fill(index, start, start + row.length);
      row.forEach((element, place) => {
        const previous = row[place - 1];
        if (previous) this.apart[start + place] = previous.right + gap + element.left;
      });
    });
    const { links } = lattice;
    const [up, down] = [counted(links, "lower"), counted(links, "upper")];
    const numberOf = (element: Element): number => numbers.get(element) ?? 0;
    this.lower = Int32Array.from(links, (link) => numberOf(link.lower));
    this.upper = Int32Array.from(links, (link) => numberOf(link.upper));
    this.weight = Float64Array.from(links, (link) => weightOf(link, up, down));
    const others = elements.map((): number[] => []);
    links.forEach((_, index) => {
      const [lower, upper] = [this.lower[index] ?? 0, this.upper[index] ?? 0];
      others[lower]?.push(upper);
      others[upper]?.push(lower);
    });
    this.others = others;
  }

  /** Moves what makes the column better until nothing does; what it then costs. */
  settle(): number {
    this.best = this.cost(Number.POSITIVE_INFINITY);
    const { length } = this.elements;
    // Large columns settle for less: what is left after so many rounds is a matter of a few units.
    const rounds = length > 30 ? 12 : 60;
    for (let round = 0; round < rounds; round++) {
      const start = this.best;
      for (let element = 0; element < length; element++) {
        const hanging = this.uprightBlock(element);
        if (hanging.length > 1) this.move([element]);
        this.move(hanging);
      }
      if (start - this.best < 0.5) break;
    }
    return this.best;
  }

  /** Hands the places to the elements. */
  leave(): void {
    this.elements.forEach((element, index) => {
      element.x = this.x[index] ?? 0;
    });
  }

  /** What the present places cost; only that it is above `most`, where it is. */
  private cost(most: number): number {
    const { x, lower, upper, weight } = this;
    let total = 0;
    for (let link = 0; link < lower.length; link++) {
      const lean = Math.abs(
        (x[lower[link] as number] as number) - (x[upper[link] as number] as number),
      );
      total += (weight[link] as number) * (lean + 0.004 * lean * lean + (lean > 0.5 ? BEND : 0));
      if (total > most) return total;
    }
    for (const place of x) total += 0.0004 * place * place;
    return total;
  }

  private move(block: readonly number[]): void {
    const { isMoved, rows, rowOf } = this;
    this.anchors.fill(-1);
    for (const element of block) {
      isMoved[element] = 1;
      const row = rowOf[element] as number;
      const anchor = this.anchors[row] as number;
      if (anchor < 0 || element < anchor) this.anchors[row] = element;
    }
    const shifts = this.shiftsOf(block);
    for (const element of block) isMoved[element] = 0;
    for (const shift of shifts) {
      this.before.set(this.x);
      for (const element of block) this.x[element] = (this.x[element] as number) + shift;
      for (let row = 0; row < this.anchors.length; row++) {
        const anchor = this.anchors[row] as number;
        if (anchor >= 0) this.push(anchor, rows[row] as number, rows[row + 1] as number);
      }
      const after = this.cost(this.best);
      if (after < this.best - 1e-6) this.best = after;
      else this.x.set(this.before);
    }
  }

  /** Restores the distances in a row; what was moved on purpose stays, the others give way. */
  private push(anchor: number, start: number, end: number): void {
    const { x, apart } = this;
    for (let index = anchor + 1; index < end; index++) {
      const least = (x[index - 1] as number) + (apart[index] as number);
      if ((x[index] as number) < least) x[index] = least;
    }
    for (let index = anchor - 1; index >= start; index--) {
      const most = (x[index + 1] as number) - (apart[index + 1] as number);
      if ((x[index] as number) > most) x[index] = most;
    }
  }

  /** Elements that hang together by upright links. */
  private uprightBlock(start: number): number[] {
    const { x, isMoved, others } = this;
    const block = [start];
    isMoved[start] = 1;
    for (const element of block) {
      for (const other of others[element] ?? []) {
        if (isMoved[other] || Math.abs((x[element] as number) - (x[other] as number)) > 0.01)
          continue;
        isMoved[other] = 1;
        block.push(other);
      }
    }
    for (const element of block) isMoved[element] = 0;
    return block;
  }

  /** Shifts that would make one of the block's leaning links upright, and small ones towards balance. */
  private shiftsOf(block: readonly number[]): number[] {
    const { x, isMoved, others } = this;
    const shifts: number[] = [];
    const add = (shift: number): void => {
      if (Math.abs(shift) > 0.01 && !shifts.includes(shift)) shifts.push(shift);
    };
    for (const element of block) {
      for (const other of others[element] ?? []) {
        if (isMoved[other]) continue;
        const lean = (x[other] as number) - (x[element] as number);
        add(lean);
        add(lean / 2);
      }
    }
    for (const step of [24, 8, 2]) {
      add(step);
      add(-step);
    }
    return shifts;
  }
}

/** Side by side without links, around 0. */
function pack(row: Element[], gap: number): void {
  let x = 0;
  row.forEach((element, index) => {
    const previous = row[index - 1];
    x += previous ? previous.right + gap + element.left : element.left;
    element.x = x;
  });
  const middle = ((row[0]?.x ?? 0) + x) / 2;
  for (const element of row) element.x -= middle;
}

/** The middle is that of the lowest boxes, the column's spine, unless that leaves the column lopsided. */
function centre(lattice: Lattice, crowning: ReadonlySet<string>): void {
  const all = lattice.rows.flat().filter((element) => element.node);
  const own = all.filter((element) => !crowning.has(element.key));
  const boxes = own.length > 0 ? own : all;
  const lowest = lattice.rows.find((row) => row.some((element) => element.node)) ?? [];
  if (boxes.length === 0) return;
  const low = Math.min(...boxes.map((element) => element.x - element.half));
  const high = Math.max(...boxes.map((element) => element.x + element.half));
  const base = lowest.filter((element) => element.node).map((element) => element.x);
  const spine = (Math.min(...base) + Math.max(...base)) / 2;
  const middle = Math.min(
    Math.max(spine, (low + high) / 2 - LOPSIDED),
    (low + high) / 2 + LOPSIDED,
  );
  for (const element of lattice.rows.flat()) {
    element.x = Math.round((element.x - middle) * 2) / 2;
  }
}

const LOPSIDED = 40;
