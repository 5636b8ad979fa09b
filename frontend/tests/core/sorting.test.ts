import { expect, test } from "vitest";
import { inOrder, orderOf } from "../../src/core/sorting.ts";

const steps = Array.from({ length: 40 }, (_, at) => at + 1);
const wave = (step: number) => Math.sin(step / 3);
/** Units 0 and 3 move with the wave, 2 and 4 against it, 1 hardly; unit 4 lies highest. */
const value = (step: number) =>
  Float32Array.of(wave(step), 0.01 * step, -wave(step), 0.9 * wave(step) - 1, 5 - 0.8 * wave(step));

test("by number there is no other order", () => {
  expect(orderOf("unit", 5, steps.length, value)).toBeNull();
  expect(orderOf("mean", 1, steps.length, value)).toBeNull();
  expect(inOrder(value, null)).toBe(value);
});

test("by mean the highest stands on top", () => {
  const means = [0, 1, 2, 3, 4].map(
    (unit) => steps.reduce((sum, step) => sum + (value(step)[unit] ?? 0), 0) / steps.length,
  );
  const expected = [0, 1, 2, 3, 4].sort((a, b) => (means[b] ?? 0) - (means[a] ?? 0));
  expect(orderOf("mean", 5, steps.length, value)).toEqual(expected);
});

test("by likeness those that move together stand together", () => {
  const order = orderOf("likeness", 5, steps.length, value) ?? [];
  const at = (unit: number) => order.indexOf(unit);
  expect(Math.abs(at(0) - at(3))).toBe(1);
  expect(Math.abs(at(2) - at(4))).toBe(1);
  expect(at(1)).toBe(2);
});

test("an order is read row by row; missing steps stay missing", () => {
  const read = inOrder((step) => (step === 1 ? Float32Array.of(10, 20, 30) : null), [2, 0, 1]);
  expect([...(read(1) ?? [])]).toEqual([30, 10, 20]);
  expect(read(2)).toBeNull();
  expect(orderOf("likeness", 2, 3, () => Float32Array.of(7, 7))).toEqual([0, 1]);
});
