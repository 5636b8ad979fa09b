/**
 * Where the nodes of a binary tree stand: leaves side by side at the bottom, every parent above the middle of
 * its children. Until a run says how its tree branches, neighbours are joined pair by pair.
 */

export interface Tree {
  /** By node, from 1; 0 where there is none. Leaves come first, the root is last. */
  left: number[];
  right: number[];
  /** In leaves from the left, and in levels from the bottom. */
  x: number[];
  level: number[];
  size: number;
}

const known = new Map<number, Tree>();

/** The balanced tree of at most so many nodes. */
export function balancedTree(nodes: number): Tree {
  const found = known.get(nodes);
  if (found) return found;
  const leaves = Math.max(1, Math.floor((nodes + 1) / 2));
  const tree: Tree = { left: [0], right: [0], x: [0], level: [0], size: 2 * leaves - 1 };
  const add = (left: number, right: number, x: number, level: number): number => {
    tree.left.push(left);
    tree.right.push(right);
    tree.x.push(x);
    tree.level.push(level);
    return tree.x.length - 1;
  };
  let row = Array.from({ length: leaves }, (_, index) => add(0, 0, index, 0));
  while (row.length > 1) {
    const above: number[] = [];
    for (let index = 0; index < row.length; index += 2) {
      const [left, right] = [row[index] ?? 0, row[index + 1]];
      if (right === undefined) {
        above.push(left);
        continue;
      }
      const x = ((tree.x[left] ?? 0) + (tree.x[right] ?? 0)) / 2;
      const level = Math.max(tree.level[left] ?? 0, tree.level[right] ?? 0) + 1;
      above.push(add(left, right, x, level));
    }
    row = above;
  }
  known.set(nodes, tree);
  return tree;
}

export function isLeaf(tree: Tree, node: number): boolean {
  return (tree.left[node] ?? 0) === 0;
}
