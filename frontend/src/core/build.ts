/** The columns of a band, ready to be connected: rows, boxes of the size their lines need, and x of each. */

import { placeColumn } from "./columns.ts";
import { type Element, latticeOf } from "./lattice.ts";
import { type Extent, extentOf, MEASURE, nameOf } from "./measures.ts";
import { type BandColumns, type Column, crowningOf, type Part, partsOf } from "./parts.ts";
import { arrangeRows } from "./rows.ts";
import type { Band, Place, Wire } from "./structure.ts";

/** How many lines end on the busier of top and bottom, and on the busier of left and right. */
function countEnds(parts: readonly Part[], id: string): [number, number] {
  const counts = { top: 0, bottom: 0, left: 0, right: 0 };
  let folded = 0;
  for (const part of parts) {
    if (part.source?.key === id) counts[part.exit]++;
    if (part.target?.key === id) counts[part.entry.unfolded]++;
    if (part.source?.key === id && part.exit === "right") folded++;
    if (part.target?.key === id && part.entry.folded === "right") folded++;
  }
  return [Math.max(counts.top, counts.bottom), Math.max(counts.left, counts.right, folded)];
}

/** A state that comes from the right has its loop at the left, and therefore its name at the right. */
export function isNamedRight(band: Band, id: string): boolean {
  const delays = band.wires
    .filter((wire) => wire.kind === "delayed" && (wire.source === id || wire.target === id))
    .map((wire) => wire.delay);
  return delays.length > 0 && delays.every((delay) => delay < 0);
}

/** Room for a loop at the right of a box, with its parameter's name. */
function innerReach(band: Band, id: string): number {
  const loops = band.wires.filter((wire) => wire.kind === "inner" && wire.source === id);
  if (loops.length === 0) return 0;
  return loops.some((wire) => wire.parameter) ? MEASURE.inner * 2 : MEASURE.inner;
}

/** Boxes first without their lines, then, when it is known how many end on each side, as large as they need. */
export function columnsOf(band: Band, crossing: readonly Wire[]): BuiltColumns {
  const bare = buildColumns(band, crossing, () => [1, 1]);
  const parts = partsOf(bare, crossing);
  return buildColumns(band, crossing, (id) => countEnds(parts, id));
}

export type BuiltColumns = BandColumns & { extents: Map<string, Extent> };

function buildColumns(
  band: Band,
  crossing: readonly Wire[],
  endsOf: (id: string) => [number, number],
): BuiltColumns {
  const { rows, rowOf } = arrangeRows(band, crossing);
  const crowning = crowningOf(band, rowOf);
  const extents = new Map(band.nodes.map((node) => [node.id, extentOf(node, ...endsOf(node.id))]));
  const byId = new Map(band.nodes.map((node) => [node.id, node]));
  const placeOf = (id: string): Place =>
    crowning.has(id) ? "step" : (band.places.get(id) ?? "step");
  const column = (place: Place): Column => {
    const own = rows.map((row) =>
      row.filter((id) => placeOf(id) === place).flatMap((id) => byId.get(id) ?? []),
    );
    const wires = band.wires.filter(
      (wire) =>
        (wire.kind === "within" || (wire.kind === "arrive" && crowning.has(wire.target))) &&
        placeOf(wire.source) === place &&
        placeOf(wire.target) === place,
    );
    const isCrown = (element: Element): boolean =>
      crowning.has(element.key) ||
      (element.node === null &&
        lattice.rows[element.row]?.some((other) => crowning.has(other.key)) === true);
    const lattice = latticeOf(own, wires, (node) => {
      if (!node) return { half: 0, left: MEASURE.slot / 2, right: MEASURE.slot / 2 };
      const half = (extents.get(node.id)?.width ?? 0) / 2;
      const named = half + MEASURE.nameGap + nameOf(node).width;
      const plain = half + innerReach(band, node.id);
      return isNamedRight(band, node.id)
        ? { half, left: half, right: Math.max(named, plain) }
        : { half, left: named, right: plain };
    });
    placeColumn(lattice, MEASURE.boxGap, crowning);
    // What stands once above the last step does not widen every step.
    const elements = lattice.rows.flat().filter((element) => !isCrown(element));
    return {
      place,
      lattice,
      left: Math.max(0, ...elements.map((element) => element.left - element.x)),
      right: Math.max(0, ...elements.map((element) => element.right + element.x)),
    };
  };
  const columns = { step: column("step"), tail: column("tail"), head: column("head") };
  return { band, columns, rowCount: rows.length, crowning, extents };
}
