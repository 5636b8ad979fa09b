import { expect, test } from "vitest";
import type { Description } from "../../src/api/wire.ts";
import { inputsOf, lengthsOf } from "../../src/state/inputs.ts";

const HELLO = { x: { text: "hello" }, y: { next: "x" } };

/** A description with inputs of the given names: one-hot, or of real numbers. */
function withInputs(inputs: Record<string, boolean>): Description {
  const nodes = Object.entries(inputs).map(([id, one_hot]) => ({
    id,
    kind: "input" as const,
    role: "input" as const,
    domains: ["time"],
    shape: [27],
    one_hot,
    latex: id,
    line: 1,
  }));
  return {
    equations_text: "",
    domains: [{ name: "time", index: "t", kind: "chain" }],
    sizes: {},
    settings: [],
    graph: { nodes, edges: [] },
    equations: [],
    schedule: [],
    parameters: [],
    cost: { parameters: 0, steps: 0, operations: 0, bytes: 0, critical_path: 0, lengths: {} },
    facts: {
      folded: { nodes: nodes.length, edges: 0 },
      unfolded: null,
      trees: [],
      parameters: { count: 0, formula: "0", each: [] },
      operations: { count: 0, formula: "0" },
      bytes: { count: 0, formula: "0" },
      critical_path: { count: 0, formula: "0" },
      parallel: { at_once: [], in_order: [], sequential_steps: 0, words: { en: "", zh: "" } },
    },
    has_forcing: false,
    is_random: false,
    misspelt: [],
  };
}

test("the reader's input comes before the catalogue's", () => {
  const inputs = inputsOf(withInputs({ x: true, y: true }), { x: { text: "a" } }, HELLO);
  expect(inputs).toEqual({ x: { text: "a" }, y: { next: "x" } });
});

test("an input that the catalogue does not know is generated, by its kind", () => {
  expect(inputsOf(withInputs({ u: true, v: false }), {}, HELLO)).toEqual({
    u: { generate: "symbols" },
    v: { generate: "normal" },
  });
});

test("a text is not given to an input that has become real-valued, nor a next of what is gone", () => {
  expect(inputsOf(withInputs({ x: false }), {}, HELLO)).toEqual({ x: { generate: "normal" } });
  expect(inputsOf(withInputs({ y: true }), {}, HELLO)).toEqual({ y: { generate: "symbols" } });
});

test("a next of an input that is not alike any more is generated instead", () => {
  const changes = [{ domains: ["target"] }, { shape: [5] }, { one_hot: false }];
  for (const [i, change] of changes.entries()) {
    const description = withInputs({ x: true, y: true });
    Object.assign(description.graph.nodes[1] ?? {}, change);
    const y = { generate: i === 2 ? "normal" : "symbols" };
    expect(inputsOf(description, {}, HELLO)).toEqual({ x: { text: "hello" }, y });
    expect(inputsOf(description, { y: { next: "x" } }, HELLO).y).toEqual(y);
  }
});

test("a length is asked for only where no input fixes it", () => {
  const description = withInputs({ x: true, y: true });
  expect(lengthsOf(description, HELLO, { time: 5 }, {})).toEqual({});
  const generated = { x: { generate: "symbols" as const }, y: { next: "x" } };
  expect(lengthsOf(description, generated, {}, {})).toEqual({ time: 12 });
  expect(lengthsOf(description, generated, { time: 5 }, { time: 7 })).toEqual({ time: 5 });
});
