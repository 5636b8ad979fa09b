import { describe, expect, test } from "vitest";
import { canOpen, openGraph, ownerOf } from "../../src/core/opening.ts";
import type { FoldedGraph, GraphEdge } from "../../src/core/types.ts";
import { CATALOGUE, type Described, openable, read } from "./graphs.ts";

function opened(name: string, ...variables: string[]): FoldedGraph {
  const { graph, equations = [] } = read(`catalogue:${name}`);
  return openGraph(graph, equations, new Set(variables));
}

const signs = (graph: FoldedGraph): string[] =>
  graph.nodes.flatMap((node) => (node.sign === undefined ? [] : [node.sign]));

/** "source -parameter-> target's sign", for what leads to an operation or out of one. */
function lines(graph: FoldedGraph): string[] {
  const signOf = (id: string): string => graph.nodes.find((node) => node.id === id)?.sign ?? id;
  const isInside = (edge: GraphEdge): boolean =>
    edge.source.includes("/") || edge.target.includes("/");
  return graph.edges
    .filter(isInside)
    .map((one) => `${signOf(one.source)} -${one.parameter ?? ""}-> ${signOf(one.target)}`)
    .sort();
}

test("a gate is the activation of one sum; products lie on the lines of their parameters", () => {
  const graph = opened("lstm", "f");
  expect(signs(graph)).toEqual(["+", "σ"]);
  expect(lines(graph)).toEqual(["+ --> σ", "b_f -b_f-> +", "h -W_f-> +", "x -U_f-> +", "σ --> f"]);
});

test("the inner loop of an LSTM: what is kept and what is added", () => {
  const graph = opened("lstm", "s");
  expect(lines(graph)).toEqual(
    [
      "f --> ×",
      "s --> ×", // the state one step back
      "× --> +",
      "g --> ×",
      "tanh --> ×",
      "+ --> tanh",
      "b -b-> +",
      "x -U-> +",
      "h -W-> +",
      "× --> +",
      "+ --> s",
    ].sort(),
  );
  const kept = graph.edges.find((edge) => edge.source === "s" && edge.target.startsWith("s/"));
  expect(kept?.reads).toEqual([{ domain: "time", delay: 1 }]);
});

test("a number stands beside the sign of its operation", () => {
  expect(signs(opened("gru", "h"))).toContain("1−");
});

test("parameters that are multiplied with each other are no node", () => {
  const graph = opened("clockwork-rnn", "u");
  expect(signs(graph)).toEqual(["+", "tanh"]);
  expect(lines(graph)).toContain("h -W-> +");
});

test("without a variable to open the graph stays as it is", () => {
  const { graph, equations = [] } = read("catalogue:lstm");
  expect(openGraph(graph, equations, new Set())).toBe(graph);
  expect(openGraph(graph, equations, new Set(["x", "nothing"]))).toBe(graph);
  expect(canOpen(equations, "x")).toBe(false);
  expect(canOpen(equations, "s")).toBe(true);
  expect(ownerOf("s/12")).toBe("s");
});

describe.each([...CATALOGUE])("opening %s", (_, described: Described) => {
  const { graph, equations = [] } = described;

  test("every line that led to a variable leads to one of its operations, and none is lost", () => {
    for (const id of openable(described)) {
      const open = openGraph(graph, equations, new Set([id]));
      const names = new Set(open.nodes.map((node) => node.id));
      expect(names.size).toBe(open.nodes.length);
      expect(new Set(open.edges.map((edge) => edge.id)).size).toBe(open.edges.length);
      for (const edge of open.edges) {
        expect(names.has(edge.source), `${edge.id} from ${edge.source}`).toBe(true);
        expect(names.has(edge.target), `${edge.id} to ${edge.target}`).toBe(true);
      }
      const isData = (edge: GraphEdge): boolean => {
        const kind = graph.nodes.find((node) => node.id === edge.source)?.kind;
        return kind === "variable" || kind === "input";
      };
      const before = graph.edges.filter((edge) => edge.target === id && isData(edge));
      const kept = new Set(open.edges.map((edge) => edge.id));
      expect(before.filter((edge) => !kept.has(edge.id)).map((edge) => edge.id)).toEqual([]);
      // all that it reads reaches it again
      const inward = new Set([id]);
      for (let size = 0; size < inward.size; ) {
        size = inward.size;
        for (const edge of open.edges) {
          if (inward.has(edge.target) && ownerOf(edge.target) === id) inward.add(edge.source);
        }
      }
      for (const edge of before)
        expect(inward.has(edge.source), `${edge.source} → ${id}`).toBe(true);
    }
  });
});
