import { expect, test } from "vitest";
import { layOut } from "../../src/core/template.ts";
import type { Domain, FoldedGraph, GraphEdge, GraphNode } from "../../src/core/types.ts";
import {
  boxOf,
  edgeCopies,
  isEnd,
  isInside,
  nodeCopies,
  overlap,
  pathOf,
  poseAt,
} from "./graphs.ts";

/** A generator of equal sequences for equal seeds (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

const ROLES = ["state", "hidden", "gate", "output", "loss", "memory"] as const;

/** A recurrence that a visitor might type: inputs, variables that read earlier ones and the past, a total. */
function recurrence(seed: number): { graph: FoldedGraph; domains: Domain[] } {
  const next = random(seed);
  const pick = (count: number): number => Math.floor(next() * count);
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const add = (
    id: string,
    kind: GraphNode["kind"],
    role: GraphNode["role"],
    shape: number[],
  ): void => {
    const isOnce = id === "loss";
    nodes.push({
      id,
      kind,
      role,
      domains: isOnce ? [] : ["time"],
      shape,
      one_hot: kind === "input" && next() < 0.5,
      latex: id.length === 1 ? `\\boldsymbol{${id}}` : `\\mathrm{${id}}`,
      line: nodes.length + 1,
      boundary: [],
    });
  };
  const join = (source: string, target: string, delay: number): void => {
    const parameter = next() < 0.6 ? `W_${pick(5)}` : null;
    edges.push({
      id: `${source}-${target}-${edges.length}`,
      source,
      target,
      parameter,
      reads: [{ domain: "time", delay }],
      operation: "matmul",
      cut: next() < 0.1,
    });
    const read = nodes.find((node) => node.id === source);
    for (let step = 1; step <= Math.abs(delay) && next() < 0.8; step++) {
      const boundary =
        delay > 0
          ? { position: 1 - step, anchor: "start" as const }
          : { position: step, anchor: "end" as const };
      const isKnown = read?.boundary?.some(
        (one) => one.position === boundary.position && one.anchor === boundary.anchor,
      );
      if (!isKnown) read?.boundary?.push({ domain: "time", ...boundary });
    }
  };
  const inputs = 1 + pick(2);
  for (let index = 0; index < inputs; index++)
    add("xyz"[index] ?? "x", "input", index === 1 ? "target" : "input", [4]);
  const variables = 1 + pick(9);
  for (let index = 0; index < variables; index++) {
    const id = next() < 0.25 ? `signal${index}` : ("abcdefghijk"[index] ?? "a");
    const role = ROLES[pick(ROLES.length)] ?? "state";
    const shape = [[], [1], [2], [8], [27], [6, 4]][pick(6)] ?? [8];
    const earlier = nodes.map((node) => node.id);
    add(id, "variable", role, role === "loss" ? [] : shape);
    for (const source of earlier) if (next() < 0.45) join(source, id, 0);
    if (next() < 0.5) join(id, id, 1 + pick(3));
    const past = nodes[pick(nodes.length)];
    if (past && next() < 0.4) join(past.id, id, 1);
    if (next() < 0.15) join(id, id, -1);
    const later = nodes[pick(nodes.length)];
    if (later?.kind === "variable" && next() < 0.4) join(id, later.id, 1 + pick(2));
  }
  if (next() < 0.6) {
    add("loss", "variable", "loss", []);
    const last = nodes.at(-2)?.id ?? "x";
    edges.push({
      id: "total",
      source: last,
      target: "loss",
      parameter: null,
      reads: [{ domain: "time", position: next() < 0.5 ? "all" : "end" }],
      operation: "sum",
      cut: false,
    });
  }
  for (const name of new Set(edges.flatMap((edge) => edge.parameter ?? [])))
    add(name, "parameter", "parameter", [8, 8]);
  return { graph: { nodes, edges }, domains: [{ name: "time", index: "t", kind: "chain" }] };
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  "recurrence %i of a visitor is drawn without overlap, and no line runs through a box",
  (seed) => {
    const { graph, domains } = recurrence(seed);
    const placed = layOut(graph, domains);
    for (const progress of [0, 1]) {
      const pose = poseAt(placed, progress, 4);
      const boxes = nodeCopies(pose).map((copy) => ({
        ...copy,
        box: boxOf(pose, copy.of, copy.step),
      }));
      for (const [index, a] of boxes.entries()) {
        for (const b of boxes.slice(index + 1)) {
          if (overlap(a.box, b.box, 2)) expect.fail(`${a.key} on ${b.key}`);
        }
      }
      for (const copy of edgeCopies(pose)) {
        const path = pathOf(pose, copy);
        for (let index = 1; index < path.length; index++) {
          const [x1, y1] = path[index - 1] as [number, number];
          const [x2, y2] = path[index] as [number, number];
          const samples = Math.ceil(Math.hypot(x2 - x1, y2 - y1) / 4) + 1;
          for (let sample = 0; sample <= samples; sample++) {
            const [x, y] = [
              x1 + ((x2 - x1) * sample) / samples,
              y1 + ((y2 - y1) * sample) / samples,
            ];
            expect(Number.isFinite(x + y)).toBe(true);
            for (const node of boxes) {
              const isOwn = isEnd(pose, copy, node);
              const margin = isOwn
                ? node.of.extent.shape === "diamond"
                  ? node.box.width / 2
                  : 2
                : 0;
              if (isInside(node.box, x, y, margin)) expect.fail(`${copy.key} through ${node.key}`);
            }
          }
        }
      }
    }
  },
);
