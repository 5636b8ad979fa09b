/** How a unit is called: as in Python, in CSV and on the wire. Steps count from 1, units from 0. */
import type { GraphNode } from "../core/types.ts";

type Place = Pick<GraphNode, "id" | "domains" | "shape">;

/** Steps of inner domains, then the axes of the shape, of a number among those of an outer step. */
function placeOf(i: number, node: Place, lengths: Readonly<Record<string, number>>) {
  const inner = node.domains.slice(1).map((domain) => lengths[domain] ?? 1);
  const sizes = [...inner, ...node.shape];
  let rest = i;
  const found = sizes.map(() => 0);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = Math.max(sizes[axis] ?? 1, 1);
    found[axis] = rest % size;
    rest = Math.floor(rest / size);
  }
  const steps = found.slice(0, inner.length).map((each) => each + 1);
  return { steps, units: found.slice(inner.length) };
}

/** "3"; of a matrix row and column, "0,3"; of what has inner steps these first. */
export function unitName(i: number, node: Place, lengths: Readonly<Record<string, number>>) {
  const { steps, units } = placeOf(i, node, lengths);
  return [...steps, ...units].join(",");
}

/** "h[3][0]", as a gradient is asked of it; `at` is the outer step. */
export function unitAddress(
  i: number,
  at: number,
  node: Place,
  lengths: Readonly<Record<string, number>>,
): string {
  const { steps, units } = placeOf(i, node, lengths);
  const outer = node.domains.length > 0 ? [at] : [];
  const brackets = [[...outer, ...steps], units].filter((each) => each.length > 0);
  return node.id + brackets.map((each) => `[${each.join(",")}]`).join("");
}
