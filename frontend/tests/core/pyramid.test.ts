import { describe, expect, test } from "vitest";
import { Pyramid } from "../../src/core/pyramid.ts";

const LENGTH = 5000;
const UNITS = 6;

function value(step: number, unit: number): number {
  return Math.sin(step * 12.9898 + unit * 78.233) * (step % 97 === 0 ? 3 : 1);
}

function read(step: number): Float32Array | null {
  return step < 1 || step > LENGTH
    ? null
    : Float32Array.from({ length: UNITS }, (_, unit) => value(step, unit));
}

function slow(first: number, last: number, row: number, group: number): number {
  let best = 0;
  for (let step = first; step <= last; step++) {
    for (let unit = row * group; unit < (row + 1) * group; unit++) {
      const one = Math.fround(value(step, unit));
      if (Math.abs(one) > Math.abs(best)) best = one;
    }
  }
  return best;
}

describe.each([
  [6, 1],
  [3, 2],
  [1, 6],
])("with %i rows", (rows, group) => {
  test.each([
    [1, 1],
    [1, 16],
    [2, 300],
    [17, 4097],
    [1, LENGTH],
  ])("steps %i to %i give the value farthest from zero, sign kept", (first, last) => {
    const pyramid = new Pyramid(rows, LENGTH, read, UNITS);
    pyramid.extend(LENGTH);
    const into = new Float32Array(rows);
    expect(pyramid.between(first, last, into)).toBe(true);
    into.forEach((found, row) => {
      expect(found).toBe(slow(first, last, row, group));
    });
  });
});

test("what arrives later is taken up, and what has not arrived is not invented", () => {
  let arrived = 40;
  const pyramid = new Pyramid(UNITS, LENGTH, (step) => (step <= arrived ? read(step) : null));
  const into = new Float32Array(UNITS);
  pyramid.extend(arrived);
  expect(pyramid.between(41, 200, into)).toBe(false);
  arrived = 200;
  pyramid.extend(arrived);
  expect(pyramid.between(41, 200, into)).toBe(true);
  expect(into[0]).toBe(slow(41, 200, 0, 1));
});

test("a value that is not a number is not hidden by the largest", () => {
  const pyramid = new Pyramid(1, 64, (step) => Float32Array.of(step === 30 ? Number.NaN : 5));
  pyramid.extend(64);
  const into = new Float32Array(1);
  pyramid.between(1, 64, into);
  expect(into[0]).toBeNaN();
});

test("infinity is not hidden either, and not by what follows it", () => {
  const pyramid = new Pyramid(1, 64, (step) => Float32Array.of(step === 30 ? -Infinity : 5));
  pyramid.extend(64);
  const into = new Float32Array(1);
  pyramid.between(1, 64, into);
  expect(into[0]).toBe(-Infinity);
});

test("a pass from the end is not summed up before it is there", () => {
  let from = 100;
  const pyramid = new Pyramid(UNITS, LENGTH, (step) => (step >= from ? read(step) : null));
  const into = new Float32Array(UNITS);
  pyramid.extend(LENGTH);
  expect(pyramid.between(1, 64, into)).toBe(false);
  from = 1;
  pyramid.extend(LENGTH);
  expect(pyramid.between(1, 64, into)).toBe(true);
  expect(into[0]).toBe(slow(1, 64, 0, 1));
});
