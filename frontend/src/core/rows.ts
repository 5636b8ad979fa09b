/**
 * Which row a node stands in: inputs at the bottom, then by the longest path without delay, targets above
 * what compares itself with them. A state that feeds itself has its row alone, so that the line
 * from one step to the next can run straight, as in the book.
 */

import type { Band, Wire } from "./structure.ts";

export interface Rows {
  /** Node ids from the bottom row upwards, in the order in which they were written. */
  rows: string[][];
  rowOf: Map<string, number>;
}

function isUpward(wire: Wire): boolean {
  return wire.kind === "within" || wire.kind === "arrive" || wire.kind === "collect";
}

/** Longest path from the bottom; an edge that would close a circle is left out. */
function longestPaths(
  ids: string[],
  wires: Wire[],
  floor: Map<string, number>,
): Map<string, number> {
  const incoming = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const wire of wires) incoming.get(wire.target)?.push(wire.source);
  const rank = new Map<string, number>();
  const open = new Set<string>();
  const visit = (id: string): number => {
    const known = rank.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return -1;
    open.add(id);
    let value = floor.get(id) ?? 0;
    for (const source of incoming.get(id) ?? []) value = Math.max(value, visit(source) + 1);
    open.delete(id);
    rank.set(id, value);
    return value;
  };
  for (const id of ids) visit(id);
  return rank;
}

/** Splits a rank so that a node with a line to its own next step is alone among the steps' nodes. */
function splitByLoops(row: string[], loops: Set<string>): string[][] {
  const looping = row.filter((id) => loops.has(id));
  if (looping.length === 0 || row.length <= 1) return row.length > 0 ? [row] : [];
  const others = row.filter((id) => !loops.has(id));
  return [...(others.length > 0 ? [others] : []), ...looping.map((id) => [id])];
}

/** Of exchanges within the band those that lead upwards by themselves: away from all that they come from. */
function upwardExchanges(band: Band, upward: readonly Wire[], shared: readonly Wire[]): Wire[] {
  const own = new Set(band.nodes.map((node) => node.id));
  const found: Wire[] = [];
  const reaches = (from: string, to: string): boolean =>
    from === to ||
    [...upward, ...found].some((wire) => wire.source === from && reaches(wire.target, to));
  for (const wire of shared) {
    if (wire.kind !== "exchange" || !own.has(wire.source) || !own.has(wire.target)) continue;
    if (!reaches(wire.target, wire.source)) found.push(wire);
  }
  return found;
}

/** `shared`: wires that are no lines of the band itself, exchanges among its own steps among them. */
export function arrangeRows(band: Band, shared: readonly Wire[]): Rows {
  const ids = band.nodes.map((node) => node.id);
  const placeOf = (id: string): string => band.places.get(id) ?? "step";
  const direct = band.wires.filter(isUpward);
  const upward = [...direct, ...upwardExchanges(band, direct, shared)];
  const targets = new Set(
    band.nodes
      .filter((node) => node.kind === "input" && node.role === "target")
      .filter((node) => upward.some((wire) => wire.source === node.id))
      .map((node) => node.id),
  );
  const inputs = band.nodes.filter((node) => node.kind === "input" && !targets.has(node.id));
  const hasFloor = inputs.some((node) => placeOf(node.id) === "step");
  const floor = new Map(
    band.nodes.map((node) => [node.id, node.kind === "input" || !hasFloor ? 0 : 1]),
  );
  const plain = ids.filter((id) => !targets.has(id));
  const rank = longestPaths(
    plain,
    upward.filter((wire) => !targets.has(wire.source)),
    floor,
  );
  for (const id of targets) {
    const readers = band.wires.filter((wire) => wire.source === id).map((wire) => wire.target);
    rank.set(id, Math.max(...readers.map((reader) => rank.get(reader) ?? 0)) + 1);
  }
  // What is given once stands beside the lowest row that reads it, one below if there is one.
  for (const id of ids) {
    if (placeOf(id) !== "head") continue;
    const readers = band.wires.filter((wire) => wire.source === id && !isUpward(wire));
    const lowest = Math.min(...readers.map((wire) => rank.get(wire.target) ?? 0));
    if (Number.isFinite(lowest)) rank.set(id, Math.max(rank.get(id) ?? 0, lowest - 1));
  }

  const height = Math.max(0, ...rank.values()) + 1;
  const ranks: string[][] = Array.from({ length: height }, () => []);
  for (const id of ids) ranks[rank.get(id) ?? 0]?.push(id);
  const loops = new Set(
    band.wires
      .filter((wire) => wire.kind === "delayed" && wire.source === wire.target)
      .map((wire) => wire.source),
  );
  const rows = ranks.flatMap((row): string[][] => {
    const steps = row.filter((id) => placeOf(id) === "step");
    const once = row.filter((id) => placeOf(id) !== "step");
    const split = splitByLoops(steps, loops);
    if (once.length === 0) return split;
    const [first = [], ...rest] = split;
    return [[...first, ...once], ...rest];
  });
  const rowOf = new Map(rows.flatMap((row, index) => row.map((id) => [id, index] as const)));
  return { rows, rowOf };
}
