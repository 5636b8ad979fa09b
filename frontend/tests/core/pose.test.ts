import { describe, expect, test } from "vitest";
import { hit } from "../../src/core/hit.ts";
import { boxOf, indexNodes, poseOf, stepAt, stepX, visibleSteps } from "../../src/core/pose.ts";
import { edgeCopies, nodeCopies, pathOf, poseAt, template } from "./graphs.ts";

/** Nodes and edges of the unfolded drawing over τ steps, counted from the equations; biases have no edge. */
const COUNTS: [string, (steps: number) => number, (steps: number) => number][] = [
  // x h o p L y a step, h[0], loss; U W V, o→p, o→L, y→L a step, L→loss a step and its rail's end
  ["rnn-hidden-recurrence", (t) => 6 * t + 2, (t) => 7 * t + 1],
  ["rnn-output-recurrence", (t) => 6 * t + 2, (t) => 7 * t + 1],
  ["rnn-single-output", (t) => 2 * t + 5, (t) => 2 * t + 4],
  // 8 gate products, f s, s s, g, U and W into s; s→h, q→h; V, p, L, y, loss
  ["lstm", (t) => 10 * t + 3, (t) => 18 * t + 1],
  ["teacher-forcing", (t) => 6 * t + 2, (t) => 8 * t + 1],
  ["skip-3", (t) => 5 * t + 4, (t) => 7 * t + 1],
  ["bidirectional-rnn", (t) => 7 * t + 3, (t) => 10 * t + 1],
];

test.each(COUNTS)("%s unfolds into the nodes and edges of the equations", (name, nodes, edges) => {
  const placed = template(name);
  for (const steps of [1, 4, 7]) {
    const pose = poseAt(placed, 1, steps);
    expect(nodeCopies(pose)).toHaveLength(nodes(steps));
    expect(edgeCopies(pose)).toHaveLength(edges(steps));
  }
  const folded = poseAt(placed, 0);
  expect(nodeCopies(folded)).toHaveLength(placed.nodes.length);
  expect(edgeCopies(folded)).toHaveLength(placed.edges.length);
});

describe("a long run", () => {
  const placed = template("lstm");
  const nodes = indexNodes(placed);

  test("shows as many columns in a window as a short one", () => {
    const count = (steps: number, from: number): number => {
      const pose = poseAt(placed, 1, steps);
      const { first, last } = visibleSteps(pose, from, from + 1000);
      return last - first + 1;
    };
    expect(count(100_000, placed.pitch * 50_000)).toBe(count(20, placed.pitch * 10));
    expect(count(100_000, placed.pitch * 50_000)).toBeLessThan(8);
  });

  test("is hit by arithmetic: the box under every place of its own", () => {
    const pose = poseOf(placed, { time: 100_000 }, 1, 1);
    for (const step of [1, 2, 777, 50_001, 100_000]) {
      for (const node of placed.nodes.filter((one) => one.place === "step")) {
        const box = boxOf(pose, node, step);
        const found = hit(pose, nodes, box.x + box.width / 2, box.y + box.height / 2, 6);
        expect(found).toEqual({ kind: "node", id: node.id, step });
      }
      expect(stepAt(pose, stepX(pose, step))).toBe(step);
    }
  });

  test("takes no longer to ask than a short one", () => {
    const time = (steps: number): number => {
      const pose = poseOf(placed, { time: steps }, 1, 1);
      const middle = (steps / 2) * placed.pitch;
      const start = performance.now();
      for (let round = 0; round < 300; round++) {
        visibleSteps(pose, middle, middle + 1200);
        hit(pose, nodes, middle + round, round, 6);
      }
      return performance.now() - start;
    };
    time(20);
    const short = Math.min(time(20), time(20), time(20));
    const long = Math.min(time(100_000), time(100_000), time(100_000));
    expect(long).toBeLessThan(short * 3 + 5);
  });

  test("is hit on the line of an edge, and not beside it", () => {
    const pose = poseOf(placed, { time: 9 }, 1, 1);
    const copy = edgeCopies(pose).find((one) => one.of.parameter === "W_f" && one.step === 5);
    if (!copy) throw new Error("no edge through W_f into step 5");
    const path = pathOf(pose, copy);
    const [x1, y1] = path[1] as [number, number];
    const [, y2] = path[2] as [number, number];
    // Midway down the gap, clear of the state's own line to the next step.
    const y = y1 + (y2 - y1) * 0.25;
    expect(hit(pose, nodes, x1, y, 3)).toEqual({ kind: "edge", id: copy.of.ids[0], step: 5 });
  });
});

describe("folding", () => {
  test.each(["lstm", "bidirectional-rnn", "skip-3", "attention"])(
    "%s moves without a jump",
    (name) => {
      const placed = template(name);
      const frames = 240;
      let before = new Map<string, [number, number][]>();
      for (let frame = 1; frame < frames; frame++) {
        const pose = poseAt(placed, frame / frames, 5, 2);
        const now = new Map(edgeCopies(pose).map((copy) => [copy.key, ends(pathOf(pose, copy))]));
        for (const [key, points] of now) {
          const last = before.get(key);
          if (!last) continue;
          points.forEach(([x, y], index) => {
            const [lastX, lastY] = last[index] as [number, number];
            expect(Math.hypot(x - lastX, y - lastY), `${key} at ${frame}`).toBeLessThan(
              placed.pitch / 12,
            );
          });
        }
        before = now;
      }
    },
  );

  test("lets the anchor's column stand still", () => {
    const placed = template("gru");
    const [first] = placed.nodes;
    if (!first) throw new Error("no nodes");
    const at = (progress: number): number => boxOf(poseAt(placed, progress, 9, 4), first, 4).x;
    expect(at(0)).toBeCloseTo(at(0.37), 9);
    expect(at(0)).toBeCloseTo(at(1), 9);
  });
});

function ends(path: [number, number][]): [number, number][] {
  return [path[0] as [number, number], path.at(-1) as [number, number]];
}

describe("values before the first step and after the last", () => {
  const copies = (id: string, source: string, target: string): string[] => {
    const pose = poseAt(template(`catalogue:${id}`), 1, 5);
    return edgeCopies(pose)
      .filter((copy) => copy.of.source === source && copy.of.target === target)
      .map((copy) => `${copy.of.kind}@${copy.step}`);
  };

  test("come from a value beside them as every step's do", () => {
    expect(copies("gru/literal", "h", "u")).toEqual([0, 1, 2, 3, 4, 5].map((t) => `within@${t}`));
  });

  test("come from the one step that is read, not from every one", () => {
    expect(copies("attention", "g", "s")).toEqual(["fan@0", "join@1"]);
  });

  test("beyond the end stand there, reached from what comes after", () => {
    expect(copies("information-flow-regularizer", "p", "k")).toEqual(["depart@6"]);
  });

  test("are passed over by what leads from before all steps to after them", () => {
    const pose = poseAt(template("catalogue:memory-network"), 1, 5);
    const copy = edgeCopies(pose).find((one) => one.of.kind === "over");
    if (!copy) throw new Error("u does not reach a");
    const path = pathOf(pose, copy);
    expect(path.length).toBeGreaterThan(4);
    expect(path.at(-1)?.[0]).toBeGreaterThan(5 * pose.template.pitch - pose.template.left);
  });
});

test("what runs along an index inside a box is a loop at its side, at every step", () => {
  const pose = poseAt(template("catalogue:long-term-dependencies/figure"), 1, 3);
  const loops = edgeCopies(pose).filter((copy) => copy.of.kind === "inner");
  expect(loops.map((copy) => [copy.of.parameter, copy.step])).toEqual([
    ["W", 1],
    ["W", 2],
    ["W", 3],
  ]);
  const h = nodeCopies(pose).find((copy) => copy.key === "h@1");
  if (!h || !loops[0]) throw new Error("no h or no loop");
  const box = boxOf(pose, h.of, 1);
  const path = pathOf(pose, loops[0]);
  expect(path.map(([x]) => x - box.x - box.width)).toEqual([0, 16, 16, 0]);
  expect((path.at(-1)?.[1] ?? 0) - (path[0]?.[1] ?? 0)).toBeGreaterThan(12);
});
