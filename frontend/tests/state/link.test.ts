import { expect, test } from "vitest";
import { type Link, readLink, writeLink } from "../../src/state/link.ts";

const HOST = "http://localhost";
const LINKS: [string, Link][] = [
  ["nothing but an architecture", { architecture: "lstm" }],
  ["a variant", { architecture: "lstm/book", step: 3 }],
  ["the catalogue's first page", { architecture: null }],
  ["a text", { architecture: "lstm", inputs: { x: { text: "a & b = c?\n你好" } } }],
  [
    "a text with its alphabet",
    { architecture: "l", inputs: { x: { text: "héé", alphabet: "éh " } } },
  ],
  [
    "rows of numbers",
    {
      architecture: "l",
      inputs: {
        x: [
          [0.5, -1e-7],
          [3, 4],
        ],
      },
    },
  ],
  ["a tree of numbers", { architecture: "l", inputs: { x: [0, [1, 2]] } }],
  ["a generated input", { architecture: "l", inputs: { x: { generate: "sine", seed: 4 } } }],
  ["a target that looks ahead", { architecture: "l", inputs: { y: { next: "x" } } }],
  [
    "equations",
    { architecture: "lstm", equations: "for t in time:\n    h[t] = α * h[t-1] + x[t]\n" },
  ],
  ["a selected parameter", { architecture: "lstm", selection: { kind: "parameter", id: "W_f" } }],
  [
    "a selected edge",
    { architecture: "l", selection: { kind: "edge", id: "h-f-W_f-1", step: null } },
  ],
  [
    "everything else",
    {
      architecture: "lstm",
      sizes: { h: 3, x: 27 },
      lengths: { time: 5 },
      settings: { α: 0.25 },
      forcing: 0,
      seed: 7,
      view: "unfolded",
      step: 5,
      selection: { kind: "node", id: "f", step: null },
      unit: 0,
      place: { x: 120, y: -40, scale: 1.25 },
      speed: 0.5,
      edit: true,
      lang: "zh",
      theme: "night",
    },
  ],
];

test.each(LINKS)("%s survives being written to the address and read back", (_, link) => {
  expect(readLink(new URL(writeLink(link), HOST))).toEqual(link);
});

test("fields that cannot be read are left out", () => {
  const url = new URL("/lstm?step=soon&theme=pink&lang=fr&forcing=&values.x=1,b&else=1", HOST);
  expect(readLink(url)).toEqual({ architecture: "lstm" });
});

test("a place that is none is left out, and one out of reach is brought near", () => {
  const placeIn = (text: string) => readLink(new URL(`${HOST}/lstm?place=${text}`)).place;
  for (const text of ["", "1,2", "1,2,x", "1,,1", "1,2,3,4", "1,2,Infinity"]) {
    expect(placeIn(text)).toBeUndefined();
  }
  expect(placeIn("1,2,0")?.scale).toBeGreaterThan(0);
  expect(placeIn("1,2,1000")?.scale).toBeLessThan(10);
});
