/**
 * Who stands left of whom in a row: the orders in which the fewest links cross. All of them when they can be
 * counted out, else the best that sweeps, exchanges and moves find. Which of the equals is best only
 * shows when they are placed.
 */

import {
  applyOrder,
  type Element,
  type Lattice,
  type Link,
  type Order,
  orderOf,
} from "./lattice.ts";

const EXHAUSTIVE = 1500;
const MOST = 16;

function linksAbove(lattice: Lattice): Link[][] {
  const above: Link[][] = lattice.rows.map(() => []);
  for (const link of lattice.links) above[link.lower.row]?.push(link);
  return above;
}

/** As written is better than not; losses stand at the right, where their sum is. */
function disorderOfRow(row: readonly Element[]): number {
  let disorder = 0;
  for (let i = 0; i < row.length; i++) {
    for (let j = i + 1; j < row.length; j++) {
      const [a, b] = [row[i], row[j]];
      if (!a?.node || !b?.node) continue;
      if (a.node.role === "loss" && b.node.role !== "loss") disorder += 100;
      else if ((a.node.line ?? 0) > (b.node.line ?? 0)) disorder += 1;
    }
  }
  return disorder;
}

export function disorderOf(lattice: Lattice): number {
  return lattice.rows.reduce((sum, row) => sum + disorderOfRow(row), 0);
}

/** How many of the links between two rows cross, and how far they lean: the second decides between equals. */
function priceOfLayer(lattice: Lattice, layer: readonly Link[]): number {
  let crossings = 0;
  let lean = 0;
  const share = (element: Element): number =>
    element.order - ((lattice.rows[element.row]?.length ?? 1) - 1) / 2;
  for (let i = 0; i < layer.length; i++) {
    const a = layer[i];
    if (!a) continue;
    lean += Math.abs(share(a.lower) - share(a.upper));
    for (let j = i + 1; j < layer.length; j++) {
      const b = layer[j];
      if (!b) continue;
      if ((a.lower.order - b.lower.order) * (a.upper.order - b.upper.order) < 0) crossings++;
    }
  }
  return crossings * 1000 + lean;
}

function price(lattice: Lattice, above: readonly Link[][]): number {
  const layers = above.reduce((sum, layer) => sum + priceOfLayer(lattice, layer), 0);
  return layers + disorderOf(lattice);
}

/** What changes in the price when only one row is rearranged. */
function priceAround(lattice: Lattice, above: readonly Link[][], row: number): number {
  return (
    priceOfLayer(lattice, above[row] ?? []) +
    priceOfLayer(lattice, above[row - 1] ?? []) +
    disorderOfRow(lattice.rows[row] ?? [])
  );
}

/** The orders worth placing, the cheapest first. */
export function goodOrders(lattice: Lattice): Order[] {
  const above = linksAbove(lattice);
  const count = lattice.rows.reduce((product, row) => product * factorial(row.length), 1);
  if (count <= EXHAUSTIVE) return everyOrder(lattice, above);
  sweep(lattice, above);
  improve(lattice, above);
  return [orderOf(lattice)];
}

function factorial(size: number): number {
  return size <= 1 ? 1 : size * factorial(size - 1);
}

function permutations(size: number): number[][] {
  if (size <= 1) return [Array.from({ length: size }, (_, index) => index)];
  return permutations(size - 1).flatMap((shorter) =>
    Array.from({ length: size }, (_, place) => [
      ...shorter.slice(0, size - 1 - place),
      size - 1,
      ...shorter.slice(size - 1 - place),
    ]),
  );
}

function everyOrder(lattice: Lattice, above: readonly Link[][]): Order[] {
  const original = orderOf(lattice);
  const choices = original.map((row) => permutations(row.length));
  const found: { cost: number; order: Order }[] = [];
  const descend = (index: number): void => {
    const row = original[index];
    if (!row) {
      const cost = price(lattice, above);
      const worst = found.at(-1)?.cost ?? Number.POSITIVE_INFINITY;
      if (found.length >= MOST && cost >= worst) return;
      found.push({ cost, order: orderOf(lattice) });
      found.sort((a, b) => a.cost - b.cost);
      found.length = Math.min(found.length, MOST);
      return;
    }
    for (const permutation of choices[index] ?? []) {
      const arranged = permutation.flatMap((place) => row[place] ?? []);
      lattice.rows[index] = arranged;
      renumber(arranged);
      descend(index + 1);
    }
  };
  descend(0);
  const least = Math.floor((found[0]?.cost ?? 0) / 1000);
  return found.filter(({ cost }) => Math.floor(cost / 1000) === least).map(({ order }) => order);
}

function renumber(row: Element[]): void {
  row.forEach((element, order) => {
    element.order = order;
  });
}

/** Sorts each row by the middle of its neighbours, upwards and downwards, keeping the best seen. */
function sweep(lattice: Lattice, above: readonly Link[][]): void {
  let best = price(lattice, above);
  let winner = orderOf(lattice);
  for (let round = 0; round < 12; round++) {
    const upwards = round % 2 === 0;
    const indices = lattice.rows.map((_, index) => index);
    for (const index of upwards ? indices : indices.reverse()) {
      sortByNeighbours(lattice, lattice.rows[index] ?? [], upwards);
    }
    const cost = price(lattice, above);
    if (cost < best) {
      best = cost;
      winner = orderOf(lattice);
    }
  }
  applyOrder(lattice, winner);
}

function sortByNeighbours(lattice: Lattice, row: Element[], upwards: boolean): void {
  const middle = new Map(
    row.map((element) => {
      const places = lattice.links
        .filter((link) => (upwards ? link.upper : link.lower) === element)
        .map((link) => {
          const other = upwards ? link.lower : link.upper;
          return (other.order + 0.5) / (lattice.rows[other.row]?.length ?? 1);
        });
      const mean = places.reduce((sum, place) => sum + place, 0) / Math.max(places.length, 1);
      return [element, places.length > 0 ? mean : (element.order + 0.5) / row.length] as const;
    }),
  );
  row.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || a.order - b.order);
  renumber(row);
}

function improve(lattice: Lattice, above: readonly Link[][]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const [index, row] of lattice.rows.entries()) {
      let best = priceAround(lattice, above, index);
      for (let from = 0; from < row.length; from++) {
        for (let to = 0; to < row.length; to++) {
          if (from === to) continue;
          row.splice(to, 0, ...row.splice(from, 1));
          renumber(row);
          const cost = priceAround(lattice, above, index);
          if (cost < best - 1e-9) {
            best = cost;
            changed = true;
          } else {
            row.splice(from, 0, ...row.splice(to, 1));
            renumber(row);
          }
        }
      }
    }
  }
}
