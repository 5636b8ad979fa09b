import { beforeEach, expect, test } from "vitest";
import type { StartEvent } from "../../src/api/wire.ts";
import { rangesOf } from "../../src/render/values.ts";
import { areComparable, DifferenceTrace, differenceOf, kept } from "../../src/state/difference.ts";
import { RunTrace } from "../../src/state/trace.ts";
import { chunk } from "../chunks.ts";
import { read } from "../core/graphs.ts";

function runOf(h: number[][], size = 2): RunTrace {
  const start = {
    event: "start",
    lengths: { time: h.length },
    shapes: { h: [size], loss: [] },
    domains: { h: ["time"], loss: [] },
    symbols: {},
    boundary: { h: { "0": h[0] } },
  } as unknown as StartEvent;
  const trace = new RunTrace(start);
  trace.add(chunk("steps", 1, h.length, { h }));
  return trace;
}

beforeEach(() => {
  kept.value = null;
});

const now = runOf([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const then = runOf([
  [0, 4],
  [3, 3.5],
]);

test("is the shown run minus the kept one, unit by unit, boundary values too", () => {
  const difference = new DifferenceTrace(now, then);
  const at = (step: number) => [...(difference.value("h", step) ?? [])];
  expect([0, 1, 2].map(at)).toEqual([
    [1, -2],
    [1, -2],
    [0, 0.5],
  ]);
  expect(difference.value("h", 3)).toBeNull(); // the kept run was shorter
  expect(difference.range("h")).toEqual([-2, 1]);
  expect(difference.lengths).toEqual({ time: 3 });
});

test("leaves what rounding alone makes pale", () => {
  const noisy = runOf([
    [1 + 2 ** -23, 2],
    [3, 4 - 2 ** -21],
    [5, 6],
  ]);
  const [low, high] = new DifferenceTrace(noisy, now).range("h");
  expect(high).toBeGreaterThan(100 * 2 ** -21);
  expect(high).toBeLessThan(1e-3 * 6);
  expect(low).toBe(-high);
});

test("has one diverging scale for all variables that its size suits", () => {
  const { graph } = read("lstm");
  const ranges = rangesOf(graph, new DifferenceTrace(now, then));
  expect(ranges.legend.map(({ kind, scale }) => [kind, scale])).toEqual([
    ["difference", "diverging"],
  ]);
  const gate = graph.nodes.find((node) => node.role === "gate");
  expect(gate && ranges.scaleOf(gate)).toBe("diverging");
});

test("needs a kept run of the same shapes", () => {
  expect(differenceOf(now)).toBeNull();
  const other = runOf([[1, 2, 3]], 3);
  expect(areComparable(now, then)).toBe(true);
  kept.value = { trace: other, loss: null };
  expect(differenceOf(now)?.value("h", 1)).toBeNull();
  kept.value = { trace: then, loss: null };
  expect(differenceOf(now)?.value("h", 2)?.[1]).toBe(0.5);
  expect(differenceOf(null)).toBeNull();
});
