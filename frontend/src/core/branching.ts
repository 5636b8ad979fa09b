/** The shape of a tree as brackets over its leaves, "((1 2) 3)", and back to the nested list of a run. Pure. */

export type Leaf = number | readonly number[];
export type Nested = Leaf | readonly [Nested, Nested];
type Shape = number | [Shape, Shape];

export type Preset = "balanced" | "left" | "right";
export const PRESETS: readonly Preset[] = ["balanced", "left", "right"];

/** Whether an input is given as numbers: one, rows of them, or a tree of rows. */
export function isNumbers<T>(value: T): value is Extract<T, number | readonly unknown[]> {
  return typeof value === "number" || Array.isArray(value);
}

function isPair(value: unknown, isVector: boolean): value is [Nested, Nested] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return !isVector || value.every(Array.isArray);
}

/** The leaves from left to right. A leaf is a row of numbers, or one number where the input is one-hot. */
export function leavesOf(value: unknown, isVector: boolean): Leaf[] {
  if (isPair(value, isVector)) return value.flatMap((child) => leavesOf(child, isVector));
  return [value as Leaf];
}

export function bracketsOf(value: unknown, isVector: boolean): string {
  let leaf = 0;
  const write = (node: unknown): string =>
    isPair(node, isVector) ? `(${write(node[0])} ${write(node[1])})` : String(++leaf);
  return write(value);
}

/** The tree with these brackets; null where they are none, or name a leaf that is not there. */
export function treeOfBrackets(text: string, leaves: readonly Leaf[]): Nested | null {
  const shape = shapeOfBrackets(text);
  const build = (node: Shape): Nested | null => {
    if (typeof node === "number") return leaves[node - 1] ?? null;
    const [left, right] = [build(node[0]), build(node[1])];
    return left === null || right === null ? null : [left, right];
  };
  return shape === null ? null : build(shape);
}

function shapeOfBrackets(text: string): Shape | null {
  const pieces = text.match(/[()（）]|\d+|[^\s()（）\d]+/g) ?? [];
  let at = 0;
  const read = (): Shape | null => {
    const piece = pieces[at++];
    if (piece !== undefined && /^\d+$/.test(piece)) return Number(piece);
    if (piece !== "(" && piece !== "（") return null;
    const left = read();
    const right = left === null ? null : read();
    const end = pieces[at++];
    return left !== null && right !== null && (end === ")" || end === "）") ? [left, right] : null;
  };
  const shape = read();
  return at === pieces.length ? shape : null;
}

/** Neighbours joined pair by pair, or one leaf after the other from the left or from the right. */
export function presetBrackets(preset: Preset, leaves: number): string {
  let row = Array.from({ length: Math.max(leaves, 1) }, (_, index) => String(index + 1));
  if (preset === "left") return row.reduce((tree, leaf) => `(${tree} ${leaf})`);
  if (preset === "right") return row.reduceRight((tree, leaf) => `(${leaf} ${tree})`);
  while (row.length > 1) {
    const above: string[] = [];
    for (let index = 0; index < row.length; index += 2) {
      const [left, right] = [row[index] ?? "", row[index + 1]];
      above.push(right === undefined ? left : `(${left} ${right})`);
    }
    row = above;
  }
  return row[0] ?? "1";
}
