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

/** The children of each node, in the order of the nodes: leaves from the left, then parents after their children. */
export type Children = readonly (readonly [number, number] | null)[];

const known = new Map<number, Tree>();

/** The balanced tree of at most so many nodes. */
export function balancedTree(nodes: number): Tree {
  const found = known.get(nodes);
  if (found) return found;
  const leaves = Math.max(1, Math.floor((nodes + 1) / 2));
  const children: ([number, number] | null)[] = Array.from({ length: leaves }, () => null);
  let row = children.map((_, index) => index + 1);
  while (row.length > 1) {
    const above: number[] = [];
    for (let index = 0; index < row.length; index += 2) {
      const [left, right] = [row[index] ?? 0, row[index + 1]];
      if (right === undefined) above.push(left);
      else above.push(children.push([left, right]));
    }
    row = above;
  }
  const tree = treeOf(children);
  known.set(nodes, tree);
  return tree;
}

/** The tree with these children. */
export function treeOf(children: Children): Tree {
  const tree: Tree = { left: [0], right: [0], x: [0], level: [0], size: children.length };
  let leaves = 0;
  for (const pair of children) {
    const [left, right] = pair ?? [0, 0];
    const middle = ((tree.x[left] ?? 0) + (tree.x[right] ?? 0)) / 2;
    const below = Math.max(tree.level[left] ?? 0, tree.level[right] ?? 0);
    tree.left.push(left);
    tree.right.push(right);
    tree.x.push(pair ? middle : leaves++);
    tree.level.push(pair ? below + 1 : 0);
  }
  return tree;
}

export function isLeaf(tree: Tree, node: number): boolean {
  return (tree.left[node] ?? 0) === 0;
}
