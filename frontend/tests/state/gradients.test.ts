import { describe, expect, test } from "vitest";
import type { StartEvent } from "../../src/api/wire.ts";
import { rangesOf } from "../../src/render/values.ts";
import { GradientTrace } from "../../src/state/gradients.ts";
import { RunTrace } from "../../src/state/trace.ts";
import { chunk } from "../chunks.ts";
import { read } from "../core/graphs.ts";

const START = {
  event: "start",
  lengths: { time: 3 },
  shapes: { h: [2], loss: [] },
  domains: { h: ["time"], loss: [] },
  symbols: {},
} as unknown as StartEvent;

const VALUES = {
  loss: 7,
  "grad/h[0]": [0.5, 0.25],
  "grad/W": [
    [1, 2],
    [3, 4],
  ],
  "grad/loss": 1,
};

const back = (from: number, h: number[][]) => chunk("gradients", from, from - h.length + 1, { h });

describe("gradients of a run", () => {
  const gradients = new GradientTrace(new RunTrace(START));

  test("arrive from the last step to the first", () => {
    gradients.add(
      back(3, [
        [5, -6],
        [3, -4],
      ]),
    );
    expect([1, 2, 3].map((step) => gradients.value("h", step)?.[0] ?? null)).toEqual([null, 3, 5]);
    expect(gradients.range("h")).toEqual([-6, 5]);
    gradients.add(back(1, [[1, -2]]));
    gradients.finish(VALUES);
  });

  test("are read step by step, boundary values too", () => {
    expect([...(gradients.value("h", 2) ?? [])]).toEqual([3, -4]);
    expect([...(gradients.value("h", 0) ?? [])]).toEqual([0.5, 0.25]);
    expect(gradients.value("h", 4)).toBeNull();
    expect([...(gradients.value("loss", 2) ?? [])]).toEqual([1]);
    expect(gradients.range("h")).toEqual([-6, 5]);
    expect(gradients.value("x", 1)).toBeNull();
  });

  test("share one scale that no loss stretches", () => {
    const { graph } = read("lstm");
    const ranges = rangesOf(graph, gradients);
    expect(ranges.legend.map((each) => [each.kind, each.scale])).toEqual([
      ["gradient", "diverging"],
    ]);
    const gate = graph.nodes.find((node) => node.role === "gate");
    expect(gate && ranges.scaleOf(gate)).toBe("diverging");
    expect(gate && ranges.of(gate)).toEqual([-6, 5]);
  });
});
