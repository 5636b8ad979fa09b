import { describe, expect, test } from "vitest";
import {
  bracketsOf,
  leavesOf,
  type Nested,
  presetBrackets,
  treeOfBrackets,
} from "../../src/core/branching.ts";

const A = [1, 0];
const B = [0, 1];
const C = [0.5, 0.5];

describe("brackets", () => {
  test.each<[Nested, boolean, string]>([
    [[[A, B], C], true, "((1 2) 3)"],
    [[A, [B, C]], true, "(1 (2 3))"],
    [A, true, "1"],
    [[7, [3, 7]], false, "(1 (2 3))"],
    [4, false, "1"],
  ])("of %j", (tree, isVector, brackets) => {
    expect(bracketsOf(tree, isVector)).toBe(brackets);
    expect(treeOfBrackets(brackets, leavesOf(tree, isVector))).toEqual(tree);
  });

  test("take leaves in any order, and more than once", () => {
    expect(treeOfBrackets("( 2 (1 2) )", [A, B])).toEqual([B, [A, B]]);
    expect(treeOfBrackets("（2 1）", [A, B])).toEqual([B, A]);
  });

  test.each(["", "(1", "(1 2 3)", "(1)", "1 2", "(1 9)", "(1 x)", "(1 2))", "()"])(
    "are none: %j",
    (text) => {
      expect(treeOfBrackets(text, [A, B])).toBeNull();
    },
  );

  test("of a kind", () => {
    expect(presetBrackets("left", 4)).toBe("(((1 2) 3) 4)");
    expect(presetBrackets("right", 4)).toBe("(1 (2 (3 4)))");
    expect(presetBrackets("balanced", 5)).toBe("(((1 2) (3 4)) 5)");
    expect(presetBrackets("balanced", 1)).toBe("1");
  });
});
