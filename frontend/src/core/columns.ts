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

function count(links: readonly Link[], end: "lower" | "upper"): Map<Element, number> {
  const counts = new Map<Element, number>();
  for (const link of links) counts.set(link[end], (counts.get(link[end]) ?? 0) + 1);
  return counts;
}

/** Orders the rows and sets x of every element; the boxes' common middle comes to lie at 0. */
export function placeColumn(lattice: Lattice, gap: number, crowning: ReadonlySet<string>): void {
  const orders = goodOrders(lattice);
  let best = Number.POSITIVE_INFINITY;
  let winner = orders[0] ?? [];
  for (const order of orders) {
    applyOrder(lattice, order);
    const cost = placeOrdered(lattice, gap) + disorderOf(lattice) * DISORDER;
    if (cost < best - 1e-6) {
      best = cost;
      winner = order;
    }
  }
  applyOrder(lattice, winner);
  placeOrdered(lattice, gap);
  centre(lattice, crowning);
}

/** What two names against the order of the text, and a bend, cost: as much as so many units of lean. */
const DISORDER = 60;
const BEND = 12;

function placeOrdered(lattice: Lattice, gap: number): number {
  const up = count(lattice.links, "lower");
  const down = count(lattice.links, "upper");
  const weighted = lattice.links.map((link) => ({ link, weight: weightOf(link, up, down) }));
  const elements = lattice.rows.flat();
  const touching = touchingOf(lattice);
  for (const row of lattice.rows) pack(row, gap);

  const cost = (): number => {
    let total = 0;
    for (const { link, weight } of weighted) {
      const lean = Math.abs(link.lower.x - link.upper.x);
      total += weight * (lean + 0.004 * lean * lean + (lean > 0.5 ? BEND : 0));
    }
    for (const element of elements) total += 0.0004 * element.x * element.x;
    return total;
  };

  let best = cost();
  const before = new Float64Array(elements.length);
  const keep = (element: Element, index: number): void => {
    before[index] = element.x;
  };
  const restore = (element: Element, index: number): void => {
    element.x = before[index] ?? 0;
  };
  const attempt = (block: readonly Element[], shift: number): void => {
    elements.forEach(keep);
    for (const element of block) element.x += shift;
    for (const row of lattice.rows) push(row, block, gap);
    const after = cost();
    if (after < best - 1e-6) best = after;
    else elements.forEach(restore);
  };

  // Large columns settle for less: what is left after so many rounds is a matter of a few units.
  const rounds = elements.length > 30 ? 12 : 60;
  for (let round = 0; round < rounds; round++) {
    const start = best;
    for (const element of elements) {
      const hanging = uprightBlock(element, touching);
      for (const block of hanging.length > 1 ? [[element], hanging] : [hanging]) {
        for (const shift of shiftsOf(block, touching)) attempt(block, shift);
      }
    }
    if (start - best < 0.5) break;
  }
  return best;
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

type Touching = ReadonlyMap<Element, readonly Link[]>;

function touchingOf(lattice: Lattice): Touching {
  const touching = new Map<Element, Link[]>(lattice.rows.flat().map((element) => [element, []]));
  for (const link of lattice.links) {
    touching.get(link.lower)?.push(link);
    touching.get(link.upper)?.push(link);
  }
  return touching;
}

/** Elements that hang together by upright links. */
function uprightBlock(start: Element, touching: Touching): Element[] {
  const block = new Set([start]);
  for (const element of block) {
    for (const { lower, upper } of touching.get(element) ?? []) {
      if (Math.abs(lower.x - upper.x) <= 0.01) block.add(lower === element ? upper : lower);
    }
  }
  return [...block];
}

/** Shifts that would make one of the block's leaning links upright, and small ones towards balance. */
function shiftsOf(block: readonly Element[], touching: Touching): number[] {
  const inside = new Set(block);
  const shifts = new Set<number>();
  for (const element of block) {
    for (const { lower, upper } of touching.get(element) ?? []) {
      if (inside.has(lower) === inside.has(upper)) continue;
      const lean = inside.has(lower) ? upper.x - lower.x : lower.x - upper.x;
      shifts.add(lean).add(lean / 2);
    }
  }
  for (const step of [24, 8, 2]) shifts.add(step).add(-step);
  return [...shifts].filter((shift) => Math.abs(shift) > 0.01);
}

/** Restores the distances in a row; what was moved on purpose stays, the others give way. */
function push(row: Element[], fixed: readonly Element[], gap: number): void {
  const anchor = row.findIndex((element) => fixed.includes(element));
  if (anchor < 0) return;
  for (let index = anchor + 1; index < row.length; index++) {
    const [previous, element] = [row[index - 1], row[index]];
    if (!previous || !element) continue;
    element.x = Math.max(element.x, previous.x + previous.right + gap + element.left);
  }
  for (let index = anchor - 1; index >= 0; index--) {
    const [next, element] = [row[index + 1], row[index]];
    if (!next || !element) continue;
    element.x = Math.min(element.x, next.x - next.left - gap - element.right);
  }
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
