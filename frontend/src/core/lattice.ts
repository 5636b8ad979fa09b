/**
 * One column as a lattice: its nodes in rows, a slot in every row that a line passes, and links between
 * neighbouring rows.
 */

import type { Wire } from "./structure.ts";
import type { GraphNode } from "./types.ts";

export interface Element {
  key: string;
  /** A slot has none. */
  node: GraphNode | null;
  row: number;
  /** Place in its row, from the left. */
  order: number;
  x: number;
  /** Half of its box, and how far it reaches to either side of x with its name. */
  half: number;
  left: number;
  right: number;
}

/** A piece of a wire between a row and the next higher one. */
export interface Link {
  wire: Wire;
  lower: Element;
  upper: Element;
}

export interface Lattice {
  rows: Element[][];
  links: Link[];
  /** Elements by node id. */
  byId: Map<string, Element>;
  /** Links of a wire from its lower to its upper end. */
  chains: Map<string, Link[]>;
}

export interface Reach {
  half: number;
  left: number;
  right: number;
}

/** Rows of nodes and the wires within them as a lattice, in the order in which they were written. */
export function latticeOf(
  rows: readonly (readonly GraphNode[])[],
  wires: readonly Wire[],
  reachOf: (node: GraphNode | null) => Reach,
): Lattice {
  const byId = new Map<string, Element>();
  const element = (key: string, node: GraphNode | null, row: number): Element => {
    const order = grid[row]?.length ?? 0;
    const made: Element = { key, node, row, order, x: 0, ...reachOf(node) };
    grid[row]?.push(made);
    return made;
  };
  const grid: Element[][] = rows.map(() => []);
  rows.forEach((row, index) => {
    for (const node of row) byId.set(node.id, element(node.id, node, index));
  });
  const links: Link[] = [];
  const chains = new Map<string, Link[]>();
  for (const wire of wires) {
    const ends = [byId.get(wire.source), byId.get(wire.target)];
    const [lower, upper] = ends.sort((a, b) => (a?.row ?? 0) - (b?.row ?? 0));
    if (!lower || !upper || lower.row === upper.row) continue;
    const chain: Link[] = [];
    let from = lower;
    for (let row = lower.row + 1; row <= upper.row; row++) {
      const to = row === upper.row ? upper : element(`${wire.id}/${row}`, null, row);
      chain.push({ wire, lower: from, upper: to });
      from = to;
    }
    chains.set(wire.id, chain);
    links.push(...chain);
  }
  return { rows: grid, links, byId, chains };
}

/** The order of every row, to be kept while others are tried. */
export type Order = Element[][];

export function orderOf(lattice: Lattice): Order {
  return lattice.rows.map((row) => [...row]);
}

export function applyOrder(lattice: Lattice, order: Order): void {
  order.forEach((row, index) => {
    lattice.rows[index] = [...row];
    row.forEach((element, place) => {
      element.order = place;
    });
  });
}
