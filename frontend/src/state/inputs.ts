/** Which inputs a run gets, when the equations may ask for others than the catalogue's. Pure. */
import type { Description, InputValue } from "../api/wire.ts";
import type { GraphNode } from "../core/types.ts";

export const DEFAULT_LENGTH = 12;

type Inputs = Record<string, InputValue>;

/** For each input of the graph: the reader's value, else the catalogue's, else a generated one. */
export function inputsOf(description: Description | null, chosen: Inputs, usual: Inputs): Inputs {
  const inputs: Inputs = {};
  for (const node of description?.graph.nodes ?? []) {
    if (node.kind !== "input") continue;
    const held = [chosen[node.id], usual[node.id]].find((value) => value && suits(value, node));
    inputs[node.id] = held ?? { generate: node.one_hot ? "symbols" : "normal" };
  }
  for (const [name, value] of Object.entries(inputs)) {
    const isLost = !Array.isArray(value) && "next" in value && !(value.next in inputs);
    if (isLost) inputs[name] = { generate: "symbols" };
  }
  return inputs;
}

/** Text is for one-hot inputs only: an edited text may have made numbers of an input. */
function suits(value: InputValue, node: GraphNode): boolean {
  return Array.isArray(value) || !("text" in value) || node.one_hot;
}

/** Whether this input itself says how long the run is. */
export function fixesLength(value: InputValue): boolean {
  return Array.isArray(value) || "text" in value;
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
