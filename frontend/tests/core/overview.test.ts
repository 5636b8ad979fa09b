import { expect, test } from "vitest";
import { Overview } from "../../src/core/overview.ts";
import { Pyramid } from "../../src/core/pyramid.ts";

const LENGTH = 1000;
const value = (step: number, unit: number) => Math.fround(Math.sin(step * 12.9898 + unit * 7.1));

/** A run whose steps arrive as `arrived` says, and how often it is read. */
function arriving(units: number, has: (step: number) => boolean) {
  const counted = { reads: 0 };
  const read = (step: number) => {
    if (step < 1 || step > LENGTH || !has(step)) return null;
    counted.reads++;
    return Float32Array.from({ length: units }, (_, unit) => value(step, unit));
  };
  return { read, counted };
}

/** Of the arrived steps of a column the value farthest from zero. */
function expected(first: number, span: number, unit: number, has: (step: number) => boolean) {
  let best = 0;
  for (let step = first; step < Math.min(first + span, LENGTH + 1); step++) {
    const one = has(step) ? value(step, unit) : 0;
    if (Math.abs(one) > Math.abs(best)) best = one;
  }
  return best;
}

function check(overview: Overview, rows: number, has: (step: number) => boolean) {
  for (let column = 0; column < overview.columns; column++) {
    const first = overview.first + column * overview.span;
    for (let row = 0; row < rows; row++) {
      const found = overview.values[column * rows + row];
      expect(found, `column ${column}`).toBe(expected(first, overview.span, row, has));
    }
  }
}

test.each([0.03, 0.09, 0.4, 3])(
  "a run that arrives is shown as far as it is there, at %f pixels a step",
  (pitch) => {
    let arrived = 0;
    const has = (step: number) => step <= arrived;
    const pyramid = new Pyramid(3, LENGTH, arriving(3, has).read);
    const overview = new Overview(pyramid);
    for (arrived of [1, 2, 40, 41, 700, LENGTH]) {
      pyramid.extend(arrived);
      overview.show(1, arrived, overview.spanAt(pitch));
      check(overview, 3, has);
    }
  },
);

test("a pass that arrives from the end, and a window that moves, are shown as they are", () => {
  let from = LENGTH + 1;
  const has = (step: number) => step >= from;
  const pyramid = new Pyramid(2, LENGTH, arriving(2, has).read);
  const overview = new Overview(pyramid);
  for (from of [990, 400, 17, 1]) {
    pyramid.extend(LENGTH);
    overview.show(1, LENGTH, overview.spanAt(0.07));
    check(overview, 2, has);
  }
  overview.show(433, 700, 16);
  expect(overview.first).toBe(433);
  check(overview, 2, has);
  overview.show(440, 700, 1);
  check(overview, 2, has);
});

test("what is complete is not read again", () => {
  let arrived = 0;
  const { read, counted } = arriving(2, (step) => step <= arrived);
  const pyramid = new Pyramid(2, LENGTH, read);
  const overview = new Overview(pyramid);
  for (arrived = 1; arrived <= LENGTH; arrived++) {
    pyramid.extend(arrived);
    overview.show(1, arrived, overview.spanAt(0.5));
  }
  expect(counted.reads).toBeLessThan(12 * LENGTH);
  const before = counted.reads;
  pyramid.extend(LENGTH);
  overview.show(1, LENGTH, overview.spanAt(0.5));
  expect(counted.reads).toBe(before);
});
