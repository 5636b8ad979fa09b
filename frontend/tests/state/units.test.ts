import { expect, test } from "vitest";
import { unitAddress, unitName } from "../../src/state/units.ts";

const LENGTHS = { time: 5, source: 4 };

const UNITS: [string, string[], number[], number, string, string][] = [
  ["h", ["time"], [8], 0, "0", "h[3][0]"],
  ["h", ["time"], [8], 7, "7", "h[3][7]"],
  ["M", ["time"], [4, 6], 9, "1,3", "M[3][1,3]"],
  ["c", [], [8], 2, "2", "c[2]"],
  ["α", ["time", "source"], [], 0, "1", "α[3,1]"],
  ["k", ["time", "source"], [3], 5, "2,2", "k[3,2][2]"],
];

test.each(UNITS)(
  "of %s over %j, shape %j, number %d is %s: %s",
  (id, domains, shape, i, ...said) => {
    const node = { id, domains, shape };
    expect([unitName(i, node, LENGTHS), unitAddress(i, 3, node, LENGTHS)]).toEqual(said);
  },
);
