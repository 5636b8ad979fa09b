import { describe, expect, test } from "vitest";
import {
  beatsOf,
  frontOf,
  type Moment,
  momentAt,
  next,
  type Phase,
  phasesOf,
  previous,
  type Stage,
  stepOf,
  upTo,
} from "../../src/core/playback.ts";
import type { FoldedGraph, Trace } from "../../src/core/types.ts";
import { read } from "./graphs.ts";

const LSTM: Stage[] = [
  { kind: "map", domain: "time", variables: [], operations: ["U_f @ x[t]", "b_f + U_f @ x[t]"] },
  {
    kind: "scan",
    domain: "time",
    direction: "forward",
    variables: ["f", "g", "q", "s", "h"],
    operations: [],
  },
  { kind: "map", domain: "time", variables: ["o", "p", "L"], operations: ["V @ h[t]"] },
  { kind: "map", domain: null, variables: ["loss"], operations: ["loss = sum(L)"] },
];
const PLACES = { lengths: { time: 3 }, trees: {} };
const { graph } = read("lstm");
const named = (names: string[]): string => [...names].sort().join(" ");

/** Every beat: what becomes known at each step of the chain. */
function walk(phases: Phase[], places: typeof PLACES, shows: Trace["shows"], of: FoldedGraph) {
  const beats: string[][] = [];
  for (let at: Moment | null = { phase: 0, beat: 1 }; at; at = next(phases, at, places)) {
    const front = frontOf(phases, at, places, shows);
    const steps = [1, 2, 3].map((step) =>
      named(of.nodes.map((node) => node.id).filter((id) => front?.isNew(id, step))),
    );
    beats.push(steps);
  }
  return beats;
}

describe("forward", () => {
  const phases = phasesOf(LSTM, graph, "values");

  test("what needs no earlier step comes at once, a scan step by step", () => {
    const given = "x y";
    const states = "f g h q s";
    expect(walk(phases, PLACES, "values", graph)).toEqual([
      [given, given, given],
      ["", "", ""], // products of inputs
      [states, "", ""],
      ["", states, ""],
      ["", "", states],
      ["L o p", "L o p", "L o p"],
      ["loss", "loss", "loss"],
    ]);
  });

  test("going back visits the same beats", () => {
    const there: Moment[] = [];
    for (let at: Moment | null = { phase: 0, beat: 1 }; at; at = next(phases, at, PLACES))
      there.push(at);
    const back: Moment[] = [];
    for (let at: Moment | null = there.at(-1) ?? null; at; at = previous(phases, at, PLACES))
      back.push(at);
    expect(back.reverse()).toEqual(there);
    expect(there).toHaveLength(7);
  });

  test("values stay hidden until their beat; boundary values before a scan are known", () => {
    const front = frontOf(phases, { phase: 2, beat: 2 }, PLACES, "values");
    const trace = {
      shows: "values",
      lengths: PLACES.lengths,
      arrived: PLACES.lengths,
      symbols: {},
      trees: {},
      version: 0,
      value: (_: string, step: number) => new Float32Array([step]),
      range: () => [0, 1],
    } as Trace;
    const seen = front && upTo(trace, front);
    const at = (name: string) => [0, 1, 2, 3].map((step) => seen?.value(name, step)?.[0] ?? null);
    expect(at("h")).toEqual([0, 1, 2, null]);
    expect(at("x")).toEqual([0, 1, 2, 3]);
    expect(at("o")).toEqual([null, null, null, null]);
  });

  test("a beat uses the lines into what it computes, and those of products made ahead", () => {
    const line = (source: string, target: string) =>
      graph.edges.find((edge) => edge.source === source && edge.target === target);
    const [ahead, state] = [line("x", "f"), line("h", "f")];
    if (!ahead || !state) throw new Error("the LSTM has these lines");
    const products = frontOf(phases, { phase: 1, beat: 1 }, PLACES, "values");
    expect([1, 2, 3].map((step) => products?.isUsed(ahead, step, step))).toEqual([
      true,
      true,
      true,
    ]);
    expect(products?.isUsed(state, 0, 1)).toBe(false);
    const scan = frontOf(phases, { phase: 2, beat: 2 }, PLACES, "values");
    expect([1, 2, 3].map((step) => scan?.isUsed(state, step - 1, step))).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("the scrubber finds the beat of its step", () => {
    expect(momentAt(phases, { phase: 0, beat: 1 }, "time", 3, PLACES)).toEqual({
      phase: 2,
      beat: 3,
    });
    expect(stepOf(phases, { phase: 2, beat: 3 }, PLACES)).toBe(3);
    expect(stepOf(phases, { phase: 3, beat: 1 }, PLACES)).toBeNull();
  });
});

describe("backward", () => {
  const phases = phasesOf(LSTM, graph, "gradients");

  test("gradients come from the last step to the first, those of inputs last", () => {
    const states = "f g h q s";
    expect(walk(phases, PLACES, "gradients", graph)).toEqual([
      ["loss", "loss", "loss"],
      ["L o p", "L o p", "L o p"],
      ["", "", states],
      ["", states, ""],
      [states, "", ""],
      ["x y", "x y", "x y"],
    ]);
  });

  test("a beat uses the lines out of what gets its gradient", () => {
    const front = frontOf(phases, { phase: 2, beat: 2 }, PLACES, "gradients");
    const line = graph.edges.find((edge) => edge.source === "h" && edge.target === "f");
    if (!line) throw new Error("the LSTM has this line");
    expect([0, 1, 2].map((step) => front?.isUsed(line, step, step + 1))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

test("a tree is computed level by level", () => {
  const stages: Stage[] = [
    { kind: "scan", domain: "tree", direction: "up", variables: ["h"], operations: [] },
  ];
  const places = {
    lengths: { tree: 5 },
    trees: { tree: [null, null, null, [1, 2], [4, 3]] as ([number, number] | null)[] },
  };
  const phases = phasesOf(stages, { nodes: [], edges: [] }, "values");
  expect(phases.map((phase) => beatsOf(phase, places))).toEqual([3]);
  const known = [1, 2, 3].map((beat) => {
    const front = frontOf(phases, { phase: 0, beat }, places, "values");
    return [1, 2, 3, 4, 5].filter((node) => front?.has("h", node));
  });
  expect(known).toEqual([
    [1, 2, 3],
    [1, 2, 3, 4],
    [1, 2, 3, 4, 5],
  ]);
});
