import { describe, expect, test } from "vitest";
import { widthOfRuns } from "../../src/core/label.ts";
import { MEASURE, nameOf, type Shape } from "../../src/core/measures.ts";
import { nameGap, nameY } from "../../src/core/names.ts";
import type { Box } from "../../src/core/pose.ts";
import { layOut, type PlacedNode } from "../../src/core/template.ts";
import {
  boxOf,
  CATALOGUE,
  edgeCopies,
  isEnd,
  isInside,
  NAMES,
  nodeCopies,
  overlap,
  pathOf,
  pieces,
  poseAt,
  read,
  template,
} from "./graphs.ts";

/** Every text of the catalogue, closed, and with every variable opened into its operations. */
const DRAWN = [
  ...NAMES,
  ...[...CATALOGUE.keys()].flatMap((id) => [`catalogue:${id}`, `opened:${id}`]),
];

const MODES = [
  ["folded", 0],
  ["unfolded", 1],
] as const;

/** So far inside the corner of its box a line may end on a shape. */
const ROUNDING: Record<Shape, number> = {
  diamond: MEASURE.diamond.width / 2,
  circle: 6,
  vector: 1,
  matrix: 1,
  scalar: 1,
  token: 1,
};

/** Lines from one child to several of its reader's operations share a part of their way here. */
const SHARED_WAY = "opened:recursive-net/tensor";

function nameBox(box: Box, node: PlacedNode): Box {
  const width = Math.min(widthOfRuns(node.name.runs) * MEASURE.name, nameOf(node.node).width);
  const x =
    node.name.side === "left" ? box.x - nameGap(node) - width : box.x + box.width + nameGap(node);
  const y = box.y + box.height / 2 + nameY(node) - node.y;
  return { x, y: y - MEASURE.name * 0.3, width, height: MEASURE.name * 0.6 };
}

describe.each(DRAWN)("the drawing of %s", (name) => {
  const placed = template(name);

  test("is the same every time", () => {
    const { graph, domains } = read(name);
    expect(JSON.stringify(layOut(graph, domains))).toBe(JSON.stringify(placed));
  });

  describe.each(MODES)("%s", (_, progress) => {
    const pose = poseAt(placed, progress);
    const boxes = nodeCopies(pose).map((copy) => ({
      ...copy,
      box: boxOf(pose, copy.of, copy.step),
    }));

    test("has no two boxes that touch", () => {
      for (const [index, a] of boxes.entries()) {
        for (const b of boxes.slice(index + 1)) {
          expect(overlap(a.box, b.box, 4), `${a.key} ${b.key}`).toBe(false);
        }
      }
    });

    test("has no name on a box or on another name", () => {
      const named =
        progress === 0 ? boxes : boxes.filter((one) => one.step === 2 || one.step === "tail");
      const names = named.map((one) => ({ key: one.key, box: nameBox(one.box, one.of) }));
      for (const [index, a] of names.entries()) {
        for (const b of names.slice(index + 1)) {
          expect(overlap(a.box, b.box), `${a.key} ${b.key}`).toBe(false);
        }
        for (const b of boxes) expect(overlap(a.box, b.box), `${a.key} on ${b.key}`).toBe(false);
      }
    });

    test("has no upright line through the name of a box", () => {
      const names = boxes
        .filter((one) => progress === 0 || one.step === 2 || one.step === "tail")
        .map((one) => ({ key: one.key, box: nameBox(one.box, one.of) }));
      for (const piece of pieces(pose)) {
        if (Math.abs(piece.from[0] - piece.to[0]) > 0.6) continue;
        const [x, low, high] = [piece.from[0], piece.from[1], piece.to[1]];
        for (const { key, box } of names) {
          const isBeside = x < box.x + 1 || x > box.x + box.width - 1;
          const isApart =
            Math.max(low, high) < box.y + 1 || Math.min(low, high) > box.y + box.height - 1;
          expect(isBeside || isApart, `${piece.key} through the name of ${key}`).toBe(true);
        }
      }
    });

    test("has no line through a box it does not belong to", () => {
      for (const copy of edgeCopies(pose)) {
        const path = pathOf(pose, copy);
        for (let index = 1; index < path.length; index++) {
          const [x1, y1] = path[index - 1] as [number, number];
          const [x2, y2] = path[index] as [number, number];
          const samples = Math.ceil(Math.hypot(x2 - x1, y2 - y1) / 2) + 1;
          for (let sample = 0; sample <= samples; sample++) {
            const [x, y] = [
              x1 + ((x2 - x1) * sample) / samples,
              y1 + ((y2 - y1) * sample) / samples,
            ];
            for (const node of boxes) {
              const margin = isEnd(pose, copy, node) ? ROUNDING[node.of.extent.shape] : -2;
              if (isInside(node.box, x, y, margin)) {
                expect.fail(`${copy.key} runs through ${node.key} at ${x}, ${y}`);
              }
            }
          }
        }
      }
    });

    test("has only level and upright lines, and ends that lie on their boxes", () => {
      for (const copy of edgeCopies(pose)) {
        const path = pathOf(pose, copy);
        expect(path.length, copy.key).toBeGreaterThan(1);
        for (let index = 1; index < path.length; index++) {
          const [x1, y1] = path[index - 1] as [number, number];
          const [x2, y2] = path[index] as [number, number];
          expect(Math.min(Math.abs(x1 - x2), Math.abs(y1 - y2)), copy.key).toBeLessThan(0.6);
        }
      }
    });

    test("has no two lines that run on one another", () => {
      const all = pieces(pose);
      for (const [index, a] of all.entries()) {
        for (const b of all.slice(index + 1)) {
          if (a.line === b.line) continue;
          if (name === SHARED_WAY && [a, b].every((one) => one.line.startsWith("h-h-"))) continue;
          for (const axis of [0, 1] as const) {
            const across = axis === 0 ? 1 : 0;
            const isAlong = [a, b].every(
              (one) => Math.abs(one.from[across] - one.to[across]) < 0.6,
            );
            if (!isAlong || Math.abs(a.from[across] - b.from[across]) > 3) continue;
            const low = Math.max(
              Math.min(a.from[axis], a.to[axis]),
              Math.min(b.from[axis], b.to[axis]),
            );
            const high = Math.min(
              Math.max(a.from[axis], a.to[axis]),
              Math.max(b.from[axis], b.to[axis]),
            );
            expect(high - low, `${a.key} on ${b.key} from ${low}`).toBeLessThan(3);
          }
        }
      }
    });
  });
});

test.each(["recursive-net", "recursive-net/chain"])(
  "in %s both children's weights are named",
  (id) => {
    const named = template(`catalogue:${id}`).edges.filter((edge) => edge.child !== null);
    expect(named.map((edge) => [edge.parameter, edge.name.unfolded !== null])).toEqual([
      ["U", true],
      ["W", true],
    ]);
    for (const edge of named) expect(edge.name.folded, edge.key).not.toBeNull();
  },
);
