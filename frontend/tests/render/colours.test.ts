import { expect, test } from "vitest";
import type { Role, Theme } from "../../src/core/types.ts";
import {
  domainOfScale,
  ink,
  parameterColour,
  roleColour,
  valueColour,
} from "../../src/render/colours.ts";
import { contrast, rgbOfHex } from "../../src/render/oklch.ts";

const THEMES: Theme[] = ["paper", "night", "projector"];
const ROLES: Role[] = [
  "input",
  "target",
  "state",
  "hidden",
  "gate",
  "output",
  "probability",
  "loss",
];
const PARAMETERS = [
  ..."UWV".split("").flatMap((letter) => ["", "_f", "_g", "_o", "_u", "_r"].map((sub) => letter + sub)),
  "R", "b", "b_f", "b_g", "b_o", "c", "W_a", "w_b", "C", "K",
]; // biome-ignore format: a table

test.each(THEMES)("roles and parameters read as text on the paper of %s", (theme) => {
  const paper = ink(theme).paper;
  for (const role of ROLES) expect(contrast(roleColour(role, theme), paper)).toBeGreaterThan(4.5);
  for (const name of PARAMETERS) {
    expect(contrast(parameterColour(name, theme), paper), name).toBeGreaterThan(4.5);
  }
  expect(contrast(ink(theme).muted, paper)).toBeGreaterThan(4.5);
});

test.each(THEMES)("the parameters that meet in one cell differ in %s", (theme) => {
  for (const cell of [
    ["U", "U_f", "U_g", "U_o"],
    ["W", "W_f", "W_g", "W_o"],
    ["U", "U_u", "U_r"],
    ["W", "W_u", "W_r"],
    ["W", "W_1", "W_2", "W_3"],
    ["b", "b_f", "b_g", "b_o"],
    ["p_f", "p_g", "p_o"],
    ["b_f", "p_f", "U_f", "W_f"],
    ["b_o", "p_o"],
    ["b_g", "p_g"],
  ]) {
    for (const a of cell) {
      for (const b of cell) {
        if (a === b) continue;
        const [first, second] = [
          rgbOfHex(parameterColour(a, theme)),
          rgbOfHex(parameterColour(b, theme)),
        ];
        const distance = Math.hypot(
          ...first.map((value, channel) => value - (second[channel] ?? 0)),
        );
        expect(distance, `${a} ${b}`).toBeGreaterThan(24);
      }
    }
  }
});

test("a value's sign decides between orange and purple, its size how far", () => {
  const [red, , blue] = rgbOfHex(valueColour("diverging", 0.5, [-1, 0.2], "paper"));
  expect(red).toBeGreaterThan(blue);
  const [lessRed, , moreBlue] = rgbOfHex(valueColour("diverging", -0.5, [-1, 0.2], "paper"));
  expect(moreBlue).toBeGreaterThan(lessRed);
  expect(domainOfScale("diverging", [-0.25, 2])).toEqual([-2, 2]);
  expect(domainOfScale("gate", [0.4, 0.6])).toEqual([0, 1]);
  expect(valueColour("gate", 0, [0, 1], "paper")).toBe(
    valueColour("diverging", 0, [-1, 1], "paper"),
  );
  expect(valueColour("gate", 1, [0, 1], "night")).toBe(
    valueColour("diverging", 1, [-1, 1], "night"),
  );
});
