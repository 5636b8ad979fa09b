import { expect, test } from "vitest";
import { DURATION, ease, isMoving, resting, send, valueAt } from "../../src/core/motion.ts";

test("easing begins and ends at rest and never turns back", () => {
  expect(ease(0)).toBe(0);
  expect(ease(1)).toBe(1);
  for (let step = 1; step <= 100; step++) {
    expect(ease(step / 100)).toBeGreaterThanOrEqual(ease((step - 1) / 100));
  }
});

test("a motion that is interrupted goes on from where it is, and ends where the new one ends", () => {
  const opening = send(resting(0), 1, 1000, DURATION.folding);
  const there = valueAt(opening, 1400);
  const closing = send(opening, 0, 1400, DURATION.folding);
  expect(valueAt(closing, 1400)).toBe(there);
  expect(valueAt(closing, 1400 + DURATION.folding)).toBe(0);
  expect(isMoving(closing, 1400 + DURATION.folding)).toBe(false);
});

test("sent to where it already is, nothing moves", () => {
  expect(isMoving(send(resting(1), 1, 0, 900), 10)).toBe(false);
});
