import { expect, test } from "vitest";
import type { Architecture, Description } from "../../src/api/wire.ts";
import { inputsOf, lengthsOf } from "../../src/state/inputs.ts";
import lstm from "../fixtures/lstm.json";

const HELLO = { x: { text: "hello" }, y: { next: "x" } };

/** The fixture's description with inputs of the given names: one-hot, or of real numbers. */
function withInputs(inputs: Record<string, boolean>): Description {
  const fixture = "recurrence" in lstm ? lstm.recurrence : lstm;
  const description = fixture as Architecture["recurrence"];
  const [model] = description.graph.nodes.filter((node) => node.kind === "input");
  if (!model) throw new Error("the fixture has no input");
  const nodes = Object.entries(inputs).map(([id, one_hot]) => ({ ...model, id, one_hot }));
  return { ...description, graph: { ...description.graph, nodes } };
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

test("a length is asked for only where no input fixes it", () => {
  const description = withInputs({ x: true, y: true });
  expect(lengthsOf(description, HELLO, { time: 5 }, {})).toEqual({});
  const generated = { x: { generate: "symbols" as const }, y: { next: "x" } };
  expect(lengthsOf(description, generated, {}, {})).toEqual({ time: 12 });
  expect(lengthsOf(description, generated, { time: 5 }, { time: 7 })).toEqual({ time: 5 });
});
