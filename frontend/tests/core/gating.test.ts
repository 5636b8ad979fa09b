import { expect, test } from "vitest";
import { type Gate, gated, passing } from "../../src/core/gating.ts";
import type { Trace } from "../../src/core/types.ts";
import { read } from "./graphs.ts";

/** The gates of a text of the catalogue: "s->s: f", "h_tilde->h: 1-u". */
function gates(name: string): Record<string, string> {
  const { graph, equations = [] } = read(`catalogue:${name}`);
  const found = gated(graph, equations).edges.filter((edge) => edge.gate);
  return Object.fromEntries(found.map(({ id, gate }) => [id, written(gate as Gate)]));
}

function written({ variable, isComplement, reads }: Gate): string {
  const places = reads.map(({ domain, delay }) => (delay === null ? domain : `${domain}-${delay}`));
  return `${isComplement ? "1-" : ""}${variable}[${places}]`;
}

test("gates are read off the equations of the book", () => {
  expect(gates("lstm")).toEqual({
    "s-s-+1": "f[time-0]",
    "s-h": "q[time-0]",
  });
});

test("one minus a gate, a gate without steps, attention weights", () => {
  expect(gates("gru")).toEqual({ "h-h-+1": "u[time-0]", "h_tilde-h": "1-u[time-0]" });
  expect(gates("leaky-units/learned")).toEqual({ "h-h-+1": "α[]", "u-h": "1-α[]" });
  expect(gates("attention")).toEqual({
    "h-r-all": "α[target-0,source]",
    "g-r-all": "α[target-0,source]",
  });
  expect(gates("memory-network")).toMatchObject({ "c-o-all": "p[facts]" });
});

test("a text without gates has none", () => {
  expect(gates("rnn-hidden-recurrence")).toEqual({});
  expect(gates("clockwork-rnn")).toEqual({});
});

test("what passes is the mean over units, or the weight of the pair of steps", () => {
  const trace = {
    lengths: { source: 3, target: 2 },
    value: (name: string, step: number) =>
      name === "f" && step === 4
        ? Float32Array.of(0.25, 0.75, 0.5, 0.5)
        : name === "α" && step === 2
          ? Float32Array.of(0.1, 0.2, 0.7)
          : null,
  } as unknown as Trace;
  const f: Gate = { variable: "f", isComplement: false, reads: [{ domain: "time", delay: 0 }] };
  expect(passing(f, trace, 3, 4)).toBeCloseTo(0.5);
  expect(passing({ ...f, isComplement: true }, trace, 3, 4)).toBeCloseTo(0.5);
  expect(passing(f, trace, 3, 5)).toBeNull();
  const reads = [
    { domain: "target", delay: 0 },
    { domain: "source", delay: null },
  ];
  const α: Gate = { variable: "α", isComplement: false, reads };
  expect([1, 2, 3].map((source) => passing(α, trace, source, 2))).toEqual([
    expect.closeTo(0.1),
    expect.closeTo(0.2),
    expect.closeTo(0.7),
  ]);
});
