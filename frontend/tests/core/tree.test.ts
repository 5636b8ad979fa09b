import { describe, expect, test } from "vitest";
import { poseOf, stepX } from "../../src/core/pose.ts";
import { layOut } from "../../src/core/template.ts";
import { balancedTree, type Children, isLeaf, treeOf } from "../../src/core/tree.ts";
import { read } from "./graphs.ts";

/** ((1 2) 3) 4: every parent joins all that is on its left with one leaf. */
const chain: Children = [null, null, null, null, [1, 2], [5, 3], [6, 4]];

describe("a tree", () => {
  test("grows a level with every node of a left chain", () => {
    const tree = treeOf(chain);
    expect(tree.size).toBe(7);
    expect(tree.level.slice(1)).toEqual([0, 0, 0, 0, 1, 2, 3]);
    expect(tree.x.slice(1)).toEqual([0, 1, 2, 3, 0.5, 1.25, 2.125]);
    expect([1, 4, 5].map((node) => isLeaf(tree, node))).toEqual([true, true, false]);
  });

  test.each([1, 2, 3, 5, 8, 13])("of %i leaves is balanced with the fewest levels", (leaves) => {
    const tree = balancedTree(2 * leaves - 1);
    expect(tree.size).toBe(2 * leaves - 1);
    expect(Math.max(...tree.level)).toBe(Math.ceil(Math.log2(leaves)));
    const children = [...tree.left.slice(1), ...tree.right.slice(1)].filter((node) => node > 0);
    expect(new Set(children).size).toBe(tree.size - 1);
  });

  test("is drawn as the run says it branches", () => {
    const { graph, domains } = read("tree");
    const template = layOut(graph, domains);
    const name = domains[0]?.name ?? "";
    const pose = poseOf(template, { [name]: 7 }, 1, 1, { [name]: chain });
    expect(stepX(pose, 7, 0)).toBeCloseTo(2.125 * template.pitch);
    expect(pose.lengths).toEqual([7]);
  });
});
