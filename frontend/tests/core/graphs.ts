/** Folded graphs as the service describes them, and what the tests measure on their drawings. */

import { readdirSync, readFileSync } from "node:fs";
import { canOpen, type OpenedEquation, openGraph } from "../../src/core/opening.ts";
import {
  type Box,
  boxOf,
  type ColumnAt,
  columnOf,
  endsOf,
  exists,
  indexNodes,
  isSingle,
  type Pose,
  poseOf,
  railSpan,
  singleStep,
  stands,
  wayOf,
} from "../../src/core/pose.ts";
import {
  layOut,
  type PlacedEdge,
  type PlacedNode,
  type Template,
} from "../../src/core/template.ts";
import type { Domain, FoldedGraph } from "../../src/core/types.ts";

const FOLDER = new URL("../fixtures/graphs/", import.meta.url);

export interface Described {
  graph: FoldedGraph;
  domains: Domain[];
  equations?: OpenedEquation[];
}

export const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.replace(".json", ""));

/** Every text of the catalogue, as tests/catalogue/test_drawn.py writes it. */
export const CATALOGUE: ReadonlyMap<string, Described> = new Map(
  readFileSync(new URL("../fixtures/catalogue.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map(({ id, equations, ...described }: Described & { id: string }) => [
      id,
      { ...described, equations: (equations ?? []).map(completed) },
    ]),
);

/** What is empty is left out of the file. */
function completed(equation: OpenedEquation): OpenedEquation {
  const empty = { operands: [], shape: [], domains: [], reference: null, reads: [], latex: "" };
  const operations = equation.operations.map((one) => ({ ...empty, ...one }));
  return { variable: equation.variable, boundary: equation.boundary ?? null, operations };
}

/** Every variable of a text of the catalogue that can be opened. */
export function openable({ graph, equations = [] }: Described): string[] {
  return graph.nodes.map((node) => node.id).filter((id) => canOpen(equations, id));
}

/**
 * A graph of the fixtures by its name, a text of the catalogue by `catalogue:` and its name, or with all of its
 * variables opened by `opened:`.
 */
export function read(name: string): Described {
  const closed = name.startsWith("opened:") ? CATALOGUE.get(name.slice(7)) : undefined;
  if (closed) {
    const graph = openGraph(closed.graph, closed.equations ?? [], new Set(openable(closed)));
    return { ...closed, graph };
  }
  const own = name.startsWith("catalogue:") ? CATALOGUE.get(name.slice(10)) : undefined;
  return own ?? JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));
}

export function template(name: string): Template {
  const { graph, domains } = read(name);
  return layOut(graph, domains);
}

/** The whole drawing over so many steps of every domain. */
export function poseAt(placed: Template, progress: number, steps = 5, anchor = 1): Pose {
  const lengths = Object.fromEntries(placed.bands.map((band) => [band.domain.name, steps]));
  return poseOf(placed, lengths, progress, anchor);
}

export interface Copy<T> {
  of: T;
  key: string;
  step: ColumnAt;
}

function stepsOf(pose: Pose): number[] {
  if (pose.progress === 0) return [pose.anchor];
  const longest = Math.max(...pose.lengths);
  return Array.from({ length: longest + 10 }, (_, index) => index - 4);
}

export function nodeCopies(pose: Pose): Copy<PlacedNode>[] {
  return pose.template.nodes.flatMap((node) => {
    const columns: ColumnAt[] =
      node.place === "step"
        ? stepsOf(pose).filter((step) => exists(pose, node, step))
        : [columnOf(pose, node, null)];
    return columns.map((step) => ({ of: node, key: `${node.id}@${step}`, step }));
  });
}

export function edgeCopies(pose: Pose): Copy<PlacedEdge>[] {
  const nodes = indexNodes(pose.template);
  return pose.template.edges.flatMap((edge) => {
    const steps = isSingle(edge) ? [singleStep(pose, edge)] : stepsOf(pose);
    return steps
      .filter((step) => stands(pose, edge, step, nodes))
      .map((step) => ({ of: edge, key: `${edge.key}@${step}`, step }));
  });
}

export function pathOf(pose: Pose, copy: Copy<PlacedEdge>): [number, number][] {
  const way = new Float64Array(64);
  const count = wayOf(pose, copy.of, copy.step as number, way);
  return Array.from({ length: count }, (_, index) => [
    way[index * 2] ?? Number.NaN,
    way[index * 2 + 1] ?? Number.NaN,
  ]);
}

/** Whether a box is one that an edge's copy joins; in the folded drawing every step is one box. */
export function isEnd(pose: Pose, copy: Copy<PlacedEdge>, node: Copy<PlacedNode>): boolean {
  const [source, target] = endsOf(pose, copy.of, copy.step as number);
  const matches = (id: string, column: ColumnAt): boolean =>
    node.of.id === id && (pose.progress === 0 || node.step === column);
  return matches(copy.of.source, source) || matches(copy.of.target, target);
}

export interface Piece {
  key: string;
  line: string;
  from: [number, number];
  to: [number, number];
}

/** All straight pieces of all lines, rails included. `line` is shared by what may lie on one another. */
export function pieces(pose: Pose): Piece[] {
  const edges = edgeCopies(pose).flatMap((copy) => {
    const path = pathOf(pose, copy);
    return path.slice(1).map((to, index) => ({
      key: copy.key,
      line: copy.of.ids[0] ?? "",
      from: path[index] as [number, number],
      to,
    }));
  });
  const rails = pose.template.rails.map((rail): Piece => {
    const { from, to, y } = railSpan(pose, rail);
    return { key: rail.key, line: rail.ids[0] ?? "", from: [from, y], to: [to, y] };
  });
  return [...edges, ...rails];
}

export function isInside(box: Box, x: number, y: number, margin: number): boolean {
  return (
    x > box.x + margin &&
    x < box.x + box.width - margin &&
    y > box.y + margin &&
    y < box.y + box.height - margin
  );
}

export function overlap(a: Box, b: Box, room = 0): boolean {
  return (
    a.x < b.x + b.width + room &&
    b.x < a.x + a.width + room &&
    a.y < b.y + b.height + room &&
    b.y < a.y + a.height + room
  );
}

export { boxOf };
