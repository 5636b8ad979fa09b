/** Which inputs a run gets, when the equations may ask for others than the catalogue's. Pure. */
import type { Branch, Description, InputValue } from "../api/wire.ts";
import { isNumbers, leavesOf } from "../core/branching.ts";
import type { GraphNode } from "../core/types.ts";

export const DEFAULT_LENGTH = 12;

type Inputs = Record<string, InputValue>;

/** For each input of the graph: the reader's value, else the catalogue's, else a generated one. */
export function inputsOf(description: Description | null, chosen: Inputs, usual: Inputs): Inputs {
  const inputs: Inputs = {};
  const nodes = description?.graph.nodes.filter((node) => node.kind === "input") ?? [];
  for (const node of nodes) {
    const forms = [chosen[node.id], usual[node.id]];
    const held = forms.find((value) => value !== undefined && suits(value, node, nodes));
    inputs[node.id] = held ?? { generate: node.one_hot ? "symbols" : "normal" };
  }
  return inputs;
}

/** An edited text may have made numbers of an input, or taken away what another looks ahead in. */
function suits(value: InputValue, node: GraphNode, inputs: readonly GraphNode[]): boolean {
  if (isNumbers(value)) return true;
  if ("next" in value) return leaders(node, inputs).some((each) => each.id === value.next);
  return !("text" in value) || node.one_hot;
}

/** The inputs that this one can be one step ahead of: alike in kind, domain and size. */
export function leaders(node: GraphNode, inputs: readonly GraphNode[]): GraphNode[] {
  const form = formOf(node);
  return inputs.filter((each) => each.id !== node.id && formOf(each) === form);
}

function formOf(node: GraphNode): string {
  return JSON.stringify([node.one_hot, node.domains, node.shape]);
}

/** Whether a one-hot input is given as whole numbers, one a step. */
export function isClasses(value: InputValue | undefined, node: GraphNode): boolean {
  return node.one_hot && Array.isArray(value) && value.every((each) => typeof each === "number");
}

/** The domains that are trees. */
export function treesOf(description: Description | null): Set<string> {
  const trees = (description?.domains ?? []).filter((domain) => domain.kind === "tree");
  return new Set(trees.map((domain) => domain.name));
}

/** Whether the leaves of a tree over this input are rows of numbers rather than single ones. */
export function isVectorLeaf(node: GraphNode): boolean {
  return !node.one_hot && node.shape.length > 0;
}

/** The rows of an input, from left to right where they are the leaves of a tree. */
export function rowsOf(value: readonly Branch[], node: GraphNode, isTree: boolean): Row[] {
  return isTree ? (leavesOf(value, isVectorLeaf(node)) as Row[]) : (value as Row[]);
}

type Row = number[] | number;

/** Whether this input itself says how long the run is. */
export function fixesLength(value: InputValue): boolean {
  return isNumbers(value) || "text" in value;
}

/** Lengths of the domains that no input fixes. */
export function lengthsOf(
  description: Description | null,
  inputs: Inputs,
  chosen: Record<string, number>,
  usual: Record<string, number>,
): Record<string, number> {
  const lengths: Record<string, number> = {};
  for (const domain of description?.domains ?? []) {
    if (domain.kind === "tree") continue;
    const own = (description?.graph.nodes ?? []).filter(
      (node) => node.kind === "input" && node.domains.includes(domain.name),
    );
    const isFixed = own.some((node) => {
      const value = inputs[node.id];
      return value !== undefined && fixesLength(value);
    });
    if (!isFixed)
      lengths[domain.name] = chosen[domain.name] ?? usual[domain.name] ?? DEFAULT_LENGTH;
  }
  return lengths;
}
