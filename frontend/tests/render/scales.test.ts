import { expect, test } from "vitest";
import type { FoldedGraph, GraphNode, Role, Trace } from "../../src/core/types.ts";
import { shareScales } from "../../src/render/scales.ts";
import { colourOf, rangesOf } from "../../src/render/values.ts";
import { fakeTrace } from "./scenes.ts";

function variable(id: string, role: Role): GraphNode {
  const domains = ["time"];
  return { id, kind: "variable", role, domains, shape: [2], one_hot: false, latex: id, line: 1 };
}

/** Variables by name with the reach of their values; capital letters are outputs. */
function groups(reaches: Record<string, number>): string[] {
  const members = Object.entries(reaches).map(([id, reach]) => ({
    node: variable(id, /[A-Z]/.test(id) ? "output" : "state"),
    reach,
  }));
  return shareScales(members).map((group) => group.map(({ node }) => node.id).join(""));
}

test.each([
  ["alike values share a scale", { h: 1, s: 0.4, O: 2 }, ["hsO"]],
  ["outputs several times as large as the states have their own", { h: 1, O: 6 }, ["h", "O"]],
  ["what another drowns has its own", { h: 1000, k: 1, m: 2 }, ["h", "km"]],
  ["three sizes are three scales", { h: 1e6, k: 1, M: 1000 }, ["h", "k", "M"]],
  ["what is nothing but zero needs none", { h: 0, O: 3 }, ["hO"]],
  ["the legend has room for four", { a: 1, b: 1e2, c: 1e4, d: 1e6, e: 1e8 }, ["e", "d", "c", "ab"]],
])("%s", (_, reaches, expected) => {
  expect(groups(reaches)).toEqual(expected);
});

function ranges(reaches: Record<string, number>) {
  const nodes = Object.keys(reaches).map((id) => variable(id, "state"));
  const graph: FoldedGraph = { nodes, edges: [] };
  const trace: Trace = {
    ...fakeTrace({ graph, domains: [] }, 3, 3),
    range: (name) => [0, reaches[name] ?? 0],
  };
  return { nodes, own: rangesOf(graph, trace) };
}

test("the legend names whose scale it is as soon as there are several", () => {
  const { own } = ranges({ h: 5000, k: 1 });
  expect(own.legend.map(({ range, nodes }) => [range, nodes.map(({ id }) => id)])).toEqual([
    [[-5000, 5000], ["h"]],
    [[-1, 1], ["k"]],
  ]);
  expect(ranges({ h: 2, k: 1 }).own.legend.map(({ nodes }) => nodes)).toEqual([[]]);
});

test("what rounding leaves is not blown up to a full colour", () => {
  const { nodes, own } = ranges({ h: 4e-31 });
  const [h] = nodes;
  if (!h) throw new Error("no h");
  expect(own.legend[0]?.range).toEqual([-1, 1]);
  expect(colourOf(h, 4e-31, own, "paper")).toBe(colourOf(h, 0, own, "paper"));
});
