import { expect, test } from "vitest";
import type { StartEvent } from "../../src/api/wire.ts";
import { RunTrace } from "../../src/state/trace.ts";
import { chunk } from "../chunks.ts";

const START: StartEvent = {
  event: "start",
  run: null,
  lengths: { time: 3 },
  shapes: { h: [2], M: [2, 2], L: [], loss: [] },
  domains: { h: ["time"], M: ["time"], L: ["time"], loss: [] },
  symbols: {},
  boundary: { h: { "0": [9, 8], "end+1": [7, 6] } },
  cost: { parameters: 0, steps: 3, operations: 0, bytes: 0, critical_path: 0, lengths: {} },
  version: "0",
};

function steps(from: number, h: (number | null)[][]) {
  return chunk("steps", from, from + h.length - 1, { h, L: h.map(() => 1) });
}

test("steps become readable as they arrive, and not before", () => {
  const trace = new RunTrace(START);
  expect(trace.value("h", 1)).toBeNull();
  trace.add(steps(1, [[1, 2]]));
  trace.add(steps(2, [[3, 4]]));
  expect(trace.value("h", 2)).toEqual(Float32Array.of(3, 4));
  expect(trace.value("h", 3)).toBeNull();
  expect(trace.arrived).toEqual({ time: 2 });
});

test("boundary values stand before the first and after the last step", () => {
  const trace = new RunTrace(START);
  expect(trace.value("h", 0)).toEqual(Float32Array.of(9, 8));
  expect(trace.value("h", 4)).toEqual(Float32Array.of(7, 6));
  expect(trace.value("h", -1)).toBeNull();
});

test("boundary values that the run computes come with its end", () => {
  const trace = new RunTrace(START);
  trace.finish({ "h[-1]": [1, 2], "h[end+2]": [3, 4], loss: 1 });
  expect(trace.value("h", -1)).toEqual(Float32Array.of(1, 2));
  expect(trace.value("h", 5)).toEqual(Float32Array.of(3, 4));
  expect(trace.value("h", 0)).toEqual(Float32Array.of(9, 8));
});

test("a character that is given once is shown as itself", () => {
  const start = { ...START, shapes: { q: [8] }, domains: { q: [] } };
  expect(new RunTrace(start, { q: { text: "A" } }).symbols).toEqual({ q: ["A"] });
});

test("NaN and infinity are kept as they are, and stay out of the range", () => {
  const trace = new RunTrace(START);
  trace.add(steps(1, [[-1, null]]));
  trace.add(steps(2, [[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]]));
  expect(trace.value("h", 2)).toEqual(
    Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  expect(trace.value("h", 1)).toEqual(Float32Array.of(-1, Number.NaN));
  expect(trace.range("h")).toEqual([-1, -1]);
  expect(trace.value("loss", 1)).toBeNull();
  trace.finish({ loss: [Number.POSITIVE_INFINITY] });
  expect(trace.value("loss", 1)).toEqual(Float32Array.of(Number.POSITIVE_INFINITY));
});

test("matrices are row-major, and a variable without a domain is the same at every step", () => {
  const trace = new RunTrace(START);
  const values = {
    M: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  };
  trace.add(chunk("steps", 1, 1, values));
  expect(trace.value("M", 1)).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(trace.value("loss", 2)).toBeNull();
  trace.finish({ loss: 5 });
  expect(trace.value("loss", 2)).toEqual(Float32Array.of(5));
});

test("a run no longer fits a graph whose shapes differ", () => {
  const trace = new RunTrace(START);
  expect(
    trace.fits([
      { id: "h", shape: [2] },
      { id: "new", shape: [5] },
    ]),
  ).toBe(true);
  expect(trace.fits([{ id: "h", shape: [3] }])).toBe(false);
});

test("a variable of a later pass has no values before they arrive", () => {
  const trace = new RunTrace({
    event: "start",
    lengths: { time: 3 },
    shapes: { h: [], g: [] },
    domains: { h: ["time"], g: ["time"] },
    symbols: {},
  } as unknown as StartEvent);
  trace.add(chunk("steps", 1, 3, { h: [1, 2, 3] }));
  expect(trace.value("g", 2)).toBeNull();
  trace.add(chunk("steps", 3, 3, { g: [6] }));
  expect([...(trace.value("g", 3) ?? [])]).toEqual([6]);
  expect(trace.value("g", 2)).toBeNull();
});

test("a run that stops early has the steps it came to", () => {
  const trace = new RunTrace({
    event: "start",
    lengths: { time: 100 },
    shapes: { h: [] },
    domains: { h: ["time"] },
    symbols: {},
  } as unknown as StartEvent);
  trace.add(chunk("steps", 1, 2, { h: [1, 2] }));
  trace.finish({}, { time: 2 });
  expect(trace.lengths).toEqual({ time: 2 });
  expect([...(trace.value("h", 2) ?? [])]).toEqual([2]);
  expect(trace.value("h", 3)).toBeNull();
});

test("a variable that was never sent has no numbers", () => {
  const trace = new RunTrace(START);
  trace.add(steps(1, [[1, 2]]));
  trace.finish({});
  expect(trace.value("M", 1)?.every(Number.isNaN)).toBe(true);
});
