import { describe, expect, test } from "vitest";
import { type Clamp, heldIn, isSamePlace, readClamps, writeClamps } from "../../src/core/clamp.ts";

const CLAMPS: Clamp[] = [
  { variable: "f", value: 1 },
  { variable: "s", value: -0.5, steps: [3, 6] },
  { variable: "α", value: 0, steps: [2, 2], units: [0, 2] },
  { variable: "h", value: 1e-3, units: [7] },
];

describe("what is held", () => {
  test("survives an address", () => {
    expect(writeClamps(CLAMPS)).toBe("f:1,s:-0.5:3-6,α:0:2-2:0.2,h:0.001::7");
    expect(readClamps(writeClamps(CLAMPS))).toEqual(CLAMPS);
  });

  test("is left out where it cannot be read", () => {
    expect(readClamps("f, f:x, :1, f:1:a-b:c")).toEqual([{ variable: "f", value: 1 }]);
    expect(readClamps("")).toEqual([]);
  });

  test("is held whole where neither steps nor units are named and the text has it", () => {
    const text = "f: 3\nfor t in time:\n    f[t] = x[t]\n    α = 1\nloss = sum(f)";
    const more = [...CLAMPS, { variable: "loss", value: 1 }, { variable: "x", value: 1 }];
    expect(heldIn(text, more)).toEqual(["f", "loss"]);
  });

  test("is in one place only once", () => {
    expect(isSamePlace({ variable: "f", value: 1 }, { variable: "f", value: 0 })).toBe(true);
    expect(isSamePlace({ variable: "f", value: 1 }, { variable: "f", value: 1, units: [0] })).toBe(
      false,
    );
  });
});
