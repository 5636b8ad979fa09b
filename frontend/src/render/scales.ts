/**
 * Which variables share a scale of colours. As many as can, so that their colours compare; but what another
 * variable of the run drowns, because it is many times as large, would show nothing and has a scale of its own.
 */

import type { GraphNode } from "../core/types.ts";

export interface Member {
  node: GraphNode;
  /** Distance from zero of its farthest value. */
  reach: number;
}

/** States and outputs share a scale up to this ratio, variables of one kind up to the other. */
const KINDS_APART = 3;
const DROWNED = 8;
/** The legend has room for so many. */
const MOST = 4;

function reachOf(members: readonly Member[]): number {
  return Math.max(0, ...members.map((member) => member.reach));
}

/** Those that stand out beside the largest first, then those among which the rest stand out, and so on. */
function layers(members: readonly Member[], most: number): Member[][] {
  const floor = reachOf(members) / DROWNED;
  const small = members.filter((member) => member.reach > 0 && member.reach < floor);
  if (small.length === 0 || most <= 1) return [[...members]];
  const large = members.filter((member) => !small.includes(member));
  return [large, ...layers(small, most - 1)];
}

function isAlike(a: readonly Member[], b: readonly Member[]): boolean {
  const [low, high] = [reachOf(a), reachOf(b)].sort((one, other) => one - other);
  return low === 0 || (high ?? 0) / (low ?? 1) <= KINDS_APART;
}

/** The variables in groups, each in the order in which they were given. */
export function shareScales(members: readonly Member[]): Member[][] {
  const outputs = members.filter(({ node }) => node.role === "output");
  const states = members.filter(({ node }) => node.role !== "output");
  const kinds = isAlike(states, outputs) ? [[...members]] : [states, outputs];
  const groups: Member[][] = [];
  for (const layer of kinds.flatMap((kind) => layers(kind, MOST))) {
    const like = groups.find((group) => isAlike(group, layer));
    if (like) like.push(...layer);
    else if (groups.length < MOST) groups.push(layer);
    else groups.at(-1)?.push(...layer);
  }
  return groups.map((group) => members.filter((member) => group.includes(member)));
}
