import { describe, expect, test } from "vitest";
import { runsOfLatex, widthOfRuns } from "../../src/core/label.ts";
import { MEASURE } from "../../src/core/measures.ts";
import { boxOf, columnX, endsOf, wayOf } from "../../src/core/pose.ts";
import { toScreen } from "../../src/core/view.ts";
import { parameterColour } from "../../src/render/colours.ts";
import { eachCopy } from "../../src/render/edges.ts";
import { paint, windowOf } from "../../src/render/paint.ts";
import { SvgPainter } from "../../src/render/svg.ts";
import { shortNumber } from "../../src/render/values.ts";
import { NAMES } from "../core/graphs.ts";
import { drawing, sceneOf } from "./scenes.ts";

/** Opacities of the lines drawn in a colour. */
function opacities(svg: string, colour: string): number[] {
  const lines = svg.matchAll(new RegExp(`<path [^>]*stroke="${colour}"[^>]*>`, "g"));
  return [...lines].map(([line]) => Number(/stroke-opacity="([^"]+)"/.exec(line)?.[1] ?? "1"));
}

describe.each(NAMES)("%s", (name) => {
  test.each([0, 0.4, 1])("is painted at %f without a number missing", (progress) => {
    const svg = drawing(name, { progress });
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg.length).toBeGreaterThan(2000);
  });
});

test("one parameter has one colour at every step", () => {
  const svg = drawing("lstm", { progress: 1 });
  const colour = parameterColour("W_f", "paper");
  expect(opacities(svg, colour).length).toBeGreaterThanOrEqual(4);
});

test.each([0.48, 0.7, 1])("opened functions keep their names at scale %f", (scale) => {
  const wanted = { progress: 1, open: ["s"], scale };
  const texts = [...drawing("catalogue:lstm", wanted).matchAll(/<text [^>]*>([^<]*)</g)];
  expect(texts.filter(([, text]) => text === "tanh").length).toBeGreaterThan(0);
});

test("lines through weights that are held still are grey, through learned ones coloured", () => {
  const svg = drawing("catalogue:echo-state-network", { progress: 1 });
  expect(opacities(svg, parameterColour("V", "paper")).length).toBeGreaterThan(0);
  for (const name of ["U", "W"]) expect(svg).not.toContain(parameterColour(name, "paper"));
});

test("what only starts a state is a dotted line to it in the folded drawing", () => {
  for (const name of ["vector-to-sequence/initial", "encoder-decoder/initial"]) {
    const scene = sceneOf(`catalogue:${name}`, { progress: 0 });
    const painted: string[] = [];
    eachCopy(scene, 0, 4, (edge) => painted.push(`${edge.kind} ${edge.target}`));
    const state = name.startsWith("vector") ? "depart h" : "fan s";
    expect(painted).toContain(state);
    expect(drawing(`catalogue:${name}`, { progress: 0 })).toMatch(/<path [^>]*stroke-dasharray/);
  }
});

test("pointing at a parameter lights all its lines and dims the others to 12 %", () => {
  const svg = drawing("lstm", { progress: 1, pointed: { kind: "parameter", id: "W_f" } });
  expect(new Set(opacities(svg, parameterColour("W_f", "paper")))).toEqual(new Set([1]));
  expect(new Set(opacities(svg, parameterColour("W_g", "paper")))).toEqual(new Set([0.12]));
});

test("at rest lines stand back at 35 %, those of the current step come forward", () => {
  const svg = drawing("lstm", { progress: 1, step: 3 });
  const found = opacities(svg, parameterColour("U_f", "paper"));
  expect(found.filter((alpha) => alpha === 0.85)).toHaveLength(1);
  expect(found.filter((alpha) => alpha === 0.35).length).toBeGreaterThan(1);
});

test("pointing at a node lights its own lines at its step and no other's", () => {
  const svg = drawing("lstm", { progress: 1, pointed: { kind: "node", id: "f", step: 2 } });
  const found = opacities(svg, parameterColour("W_f", "paper"));
  expect(found.filter((alpha) => alpha === 1)).toHaveLength(1);
});

test("the black squares are in the folded drawing only, with the delay where it is more than one", () => {
  const square = /<rect [^>]*fill="#24252c"[^>]*stroke="#fdfcf9"/g;
  expect(drawing("lstm", { progress: 0 }).match(square)).toHaveLength(5);
  expect(drawing("lstm", { progress: 1 }).match(square)).toBeNull();
  expect(drawing("skip-3", { progress: 0 })).toContain(">3</text>");
});

test("a boundary value is dashed, and a cut edge too", () => {
  expect(drawing("lstm", { progress: 1 })).toMatch(/<rect [^>]*stroke-dasharray/);
  expect(drawing("teacher-forcing", { progress: 0 })).toMatch(/<path [^>]*stroke-dasharray/);
});

test("a one-hot input shows its character, a blank as a sign", () => {
  const svg = drawing("lstm", { progress: 1, steps: 4 });
  expect(svg).toContain(">h</text>");
  expect(drawing("lstm", { progress: 0, step: 6 })).toContain(">␣</text>");
});

test("steps that have not arrived keep their outline and no values", () => {
  const cells = (arrived: number): number =>
    drawing("lstm", { progress: 1, arrived }).split("<clipPath").length;
  expect(cells(1)).toBeLessThan(cells(3));
});

test("in the night the same names have lighter colours", () => {
  const night = drawing("lstm", { progress: 1, theme: "night" });
  expect(night).toContain(parameterColour("W_f", "night"));
  expect(night).not.toContain(parameterColour("W_f", "paper"));
});

test("a frame of 100,000 steps paints as much as one of 20", () => {
  const size = (steps: number): number =>
    drawing("lstm", { progress: 1, steps, arrived: 20 }).length;
  expect(size(100_000)).toBeLessThan(size(20) * 1.1);
  expect(sceneOf("lstm", { progress: 1, steps: 100_000 }).pose.lengths).toEqual([100_000]);
});

/** A painter that also keeps where the heads of lines lie, their middles a little behind the points. */
class HeadPainter extends SvgPainter {
  readonly heads: { tip: [number, number]; body: [number, number] }[] = [];

  override head(...head: Parameters<SvgPainter["head"]>): void {
    const [x, y, dx, dy, size] = head;
    this.heads.push({ tip: [x, y], body: [x - (dx * size) / 2, y - (dy * size) / 2] });
    super.head(...head);
  }
}

test.each(NAMES)("in %s every line into a box has its head outside, where it enters", (name) => {
  for (const progress of [0, 1]) {
    const scene = sceneOf(name, { progress });
    const { pose, camera, size } = scene;
    const painter = new HeadPainter();
    paint(painter, scene);
    const { first, last } = windowOf(scene);
    eachCopy(scene, first, last, (edge, step) => {
      const node = scene.nodes.get(edge.target);
      if (!node || edge.targetPlace === "rail") return;
      const [, target] = endsOf(pose, edge, step);
      const column = edge.targetPlace === "step" && progress === 0 ? pose.anchor : target;
      const box = boxOf(pose, node, column);
      const [left, top] = toScreen(camera, size, box.x, box.y);
      const [right, bottom] = toScreen(camera, size, box.x + box.width, box.y + box.height);
      const isIn = ([x, y]: [number, number], room: number): boolean =>
        x > left - room && x < right + room && y > top - room && y < bottom + room;
      const path = new Float64Array(64);
      const count = wayOf(pose, edge, step, path);
      const end = toScreen(camera, size, path[count * 2 - 2] ?? 0, path[count * 2 - 1] ?? 0);
      const own = painter.heads.filter(
        ({ tip }) => Math.hypot(tip[0] - end[0], tip[1] - end[1]) < 0.1,
      );
      expect(own.length, `${edge.key}@${step}`).toBeGreaterThan(0);
      for (const { tip, body } of own) {
        expect(isIn(tip, 1), `${edge.key}@${step} ends at its box`).toBe(true);
        if (node.extent.shape === "diamond") continue;
        expect(isIn(body, 0), `${edge.key}@${step} has its head in the box`).toBe(false);
      }
    });
  }
});

test("the name beside a line from beyond the last step is on no box", () => {
  const { pose, nodes } = sceneOf("two-directions", { progress: 1 });
  const edge = pose.template.edges.find((one) => one.parameter === "W_g");
  const node = nodes.get("g");
  const mark = edge?.name.beyond;
  if (!edge || !node || !mark) throw new Error("no name of W_g at the end");
  const last = pose.lengths[0] ?? 0;
  const [low, high] = [boxOf(pose, node, last), boxOf(pose, node, last + 1)];
  const half = (widthOfRuns(runsOfLatex("\\boldsymbol{W}_{g}")) * MEASURE.parameter) / 2;
  expect(mark.align).toBe("center");
  const x = columnX(pose, edge.band, last) + mark.x;
  expect(x - half).toBeGreaterThan(low.x + low.width);
  expect(x + half).toBeLessThan(high.x);
});

test("near enough, every unit says its number", () => {
  const scene = sceneOf("lstm", { progress: 1 });
  const node = scene.nodes.get("h");
  if (!node) throw new Error("no h");
  const { x, y, width, height } = boxOf(scene.pose, node, 1);
  const middle = { x: x + width / 2, y: y + height / 2 };
  const values = [...(scene.trace?.value("h", 1) ?? [])].map(shortNumber);
  const numbersAt = (scale: number): string[] => {
    const painter = new SvgPainter();
    paint(painter, { ...scene, camera: { ...middle, scale } });
    const svg = painter.document(scene.size.width, scene.size.height, "#fff", { title: "h" });
    return [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text ?? "");
  };
  expect(values.length).toBe(8);
  expect(numbersAt(4)).toEqual(expect.arrayContaining(values));
  expect(values.every((one) => numbersAt(1).includes(one))).toBe(false);
});

test("numbers in boxes are short, and say no zeros that are not needed", () => {
  const shown = [0, 1, 10, 10.01, 12.34, -12, 3.126, 123.4, 0.004, 12_345, -1e-7].map(shortNumber);
  expect(shown).toEqual([
    "0",
    "1",
    "10",
    "10",
    "12.3",
    "−12",
    "3.13",
    "123",
    "4e−3",
    "1e4",
    "−1e−7",
  ]);
});
