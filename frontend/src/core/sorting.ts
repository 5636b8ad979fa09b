/** In which order the units of a variable stand in its strip. */

import type { Reader } from "./pyramid.ts";

export const SORTS = ["unit", "mean", "likeness"] as const;
export type Sort = (typeof SORTS)[number];

/** Steps that are looked at: so many, evenly spread, are enough to sort by. */
const MOST = 400;
const ROUNDS = 30;

/** Units from the top row to the bottom one; null in the order of their numbers. */
export function orderOf(sort: Sort, units: number, length: number, read: Reader): number[] | null {
  if (sort === "unit" || units < 2) return null;
  const rows = seriesOf(units, length, read);
  const keys = sort === "mean" ? rows.map(meanOf) : likenessOf(rows);
  return rows.map((_, unit) => unit).sort((a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || a - b);
}

/** Each unit over time; steps that have not arrived are left out. */
function seriesOf(units: number, length: number, read: Reader): number[][] {
  const rows: number[][] = Array.from({ length: units }, () => []);
  const by = Math.max(1, Math.ceil(length / MOST));
  for (let step = 1; step <= length; step += by) {
    const values = read(step);
    if (!values) continue;
    rows.forEach((row, unit) => {
      const value = values[unit] ?? 0;
      row.push(Number.isFinite(value) ? value : 0);
    });
  }
  return rows;
}

function meanOf(row: readonly number[]): number {
  return row.length > 0 ? row.reduce((sum, value) => sum + value, 0) / row.length : 0;
}

/**
 * What moves alike stands together: units by their part in the direction in which most of them move, the first
 * principal component of their centred values, found by power iteration.
 */
function likenessOf(rows: readonly number[][]): number[] {
  const centred = rows.map((row) => {
    const mean = meanOf(row);
    return row.map((value) => value - mean);
  });
  const steps = centred[0]?.length ?? 0;
  let weights = centred.map((_, unit) => 1 + unit / centred.length);
  for (let round = 0; round < ROUNDS; round++) {
    const series = Array.from({ length: steps }, (_, at) =>
      centred.reduce((sum, row, unit) => sum + (row[at] ?? 0) * (weights[unit] ?? 0), 0),
    );
    const next = centred.map((row) =>
      row.reduce((sum, value, at) => sum + value * (series[at] ?? 0), 0),
    );
    const norm = Math.hypot(...next);
    if (norm === 0) return rows.map(meanOf);
    weights = next.map((value) => value / norm);
  }
  return weights;
}

/** A reader that gives the units in an order. */
export function inOrder(read: Reader, order: readonly number[] | null): Reader {
  if (!order) return read;
  return (step) => {
    const values = read(step);
    return values && Float32Array.from(order, (unit) => values[unit] ?? 0);
  };
}
