import { expect, test } from "vitest";
import { parseNumbers, writeNumbers } from "../../src/state/numbers.ts";

const GOOD: [string, string, number, number[][]][] = [
  [
    "lines with commas",
    "1, 2\n3, 4",
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "tabs, as a spreadsheet copies them",
    "1\t2\r\n-3\t4e-1\r\n",
    2,
    [
      [1, 2],
      [-3, 0.4],
    ],
  ],
  [
    "spaces",
    "  1 2 \n\n 3   4",
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "full-width commas",
    "1，2\n3，4",
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "a trailing comma",
    "1, 2,\n3, 4,",
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "JSON",
    "[[1, 2], [3, 4]]",
    2,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["a JSON list of scalars", "[1, 2, 3]", 1, [[1], [2], [3]]],
  ["scalars on one line", "1, 2, 3", 1, [[1], [2], [3]]],
  ["scalars a line each", "1\n2\n3", 1, [[1], [2], [3]]],
];

test.each(GOOD)("reads %s", (_, text, width, rows) => {
  expect(parseNumbers(text, width)).toEqual({ rows });
});

const BAD: [string, string, number, object][] = [
  ["nothing", "  \n", 2, { code: "empty" }],
  ["a word", "1, 2\n3, four", 2, { code: "not-a-number", row: 2, column: 2, found: "four" }],
  ["a gap", "1,,3", 3, { code: "not-a-number", row: 1, column: 2, found: "" }],
  ["null", "[[1, null]]", 2, { code: "not-a-number", row: 1, column: 2, found: "null" }],
  ["a long row", "1, 2\n3, 4, 5", 2, { code: "row-length", row: 2, have: 3, expected: 2 }],
];

test.each(BAD)("names the place of %s", (_, text, width, fault) => {
  expect(parseNumbers(text, width)).toEqual({ fault });
});

test("broken JSON is named as such", () => {
  expect(parseNumbers("[[1, 2], [3", 2)).toMatchObject({ fault: { code: "json" } });
});

test("rows written for editing are read back the same", () => {
  const rows = [
    [0.1, -2e-9],
    [1e10, 3],
  ];
  expect(parseNumbers(writeNumbers(rows), 2)).toEqual({ rows });
});
