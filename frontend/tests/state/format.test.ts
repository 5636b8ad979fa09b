import { expect, test } from "vitest";
import {
  copied,
  formatBytes,
  formatCount,
  formatNumber,
  fullNumber,
} from "../../src/state/format.ts";

const NUMBERS: [number, string][] = [
  [0.73105857, "0.7311"],
  [-12.5, "−12.5"],
  [0, "0"],
  [1e-7, "1e−7"],
  [1.2346e-7, "1.235e−7"],
  [123456, "1.235e5"],
  [0.00012345, "0.0001234"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "−∞"],
];

test.each(NUMBERS)("%d is written %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("the full value of a float32 is the shortest decimal that is still it", () => {
  expect(fullNumber(Math.fround(0.1))).toBe("0.1");
  expect(Math.fround(Number(fullNumber(Math.fround(1 / 3))))).toBe(Math.fround(1 / 3));
});

test("copied values are short, in rows, and keep what JSON lacks", () => {
  expect(copied(Float32Array.of(0.1, -2, 1e-8))).toBe("[0.1, -2, 1e-8]");
  expect(copied([1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 3)).toBe(
    "[[1, 2, 3], [NaN, Infinity, -Infinity]]",
  );
});

test("counts and bytes carry their unit", () => {
  expect(formatCount(1284)).toBe("1,284");
  expect(formatCount(12345678)).toBe("12.3 M");
  expect(formatBytes(5678)).toBe("5.68 kB");
  expect(formatBytes(0)).toBe("0 B");
});
