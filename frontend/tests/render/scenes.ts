/** A scene of a fixture with made-up values, painted into an SVG document. */

import { openGraph } from "../../src/core/opening.ts";
import { indexNodes, poseOf } from "../../src/core/pose.ts";
import { layOut } from "../../src/core/template.ts";
import type { Selection, Theme, Trace } from "../../src/core/types.ts";
import { foldedCamera, unfoldedCamera } from "../../src/core/view.ts";
import { emphasisOf, NONE } from "../../src/render/emphasis.ts";
import { paint } from "../../src/render/paint.ts";
import { gatesOf, learnedOf, namesOf, type Scene } from "../../src/render/scene.ts";
import { SvgPainter } from "../../src/render/svg.ts";
import { rangesOf } from "../../src/render/values.ts";
import { type Described, read } from "../core/graphs.ts";

export interface Wanted {
  progress: number;
  step?: number;
  steps?: number;
  arrived?: number;
  pointed?: Selection | null;
  selection?: Selection | null;
  theme?: Theme;
  /** Variables that are open. */
  open?: string[];
  /** How large the picture is, instead of fitted. */
  scale?: number;
}

export function fakeTrace({ graph, domains }: Described, steps: number, arrived: number): Trace {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  return {
    shows: "values",
    trees: {},
    lengths: Object.fromEntries(domains.map((domain) => [domain.name, steps])),
    arrived: Object.fromEntries(domains.map((domain) => [domain.name, arrived])),
    symbols: { x: [..."hello world, hello"].slice(0, steps) },
    version: 1,
    range: () => [-1, 1],
    value: (name, step) => {
      const node = byId.get(name);
      if (!node || (node.domains.length > 0 && step > arrived)) return null;
      const size = node.shape.reduce((product, one) => product * one, 1);
      return Float32Array.from({ length: size }, (_, unit) => Math.sin(unit + step));
    },
  };
}

export function sceneOf(name: string, wanted: Wanted): Scene {
  const closed = read(name);
  const { equations = [], domains } = closed;
  const graph = openGraph(closed.graph, equations, new Set(wanted.open ?? []));
  const described = { ...closed, graph };
  const { steps = 6, step = 2, arrived = steps, theme = "paper" } = wanted;
  const size = { width: 1000, height: 640 };
  const template = layOut(graph, domains);
  const trace = fakeTrace(described, steps, arrived);
  const pose = poseOf(template, trace.lengths, wanted.progress, step);
  const pointed = wanted.pointed ?? null;
  const fitted =
    wanted.progress === 0 ? foldedCamera(pose, size) : unfoldedCamera(pose, size, null);
  return {
    pose,
    nodes: indexNodes(template),
    camera: { ...fitted, scale: wanted.scale ?? fitted.scale },
    size,
    theme,
    trace,
    front: null,
    pins: [],
    alone: null,
    ranges: rangesOf(graph, trace),
    kept: { first: 0, last: 4 },
    step,
    selection: wanted.selection ?? null,
    pointed,
    emphasis: { from: NONE, to: emphasisOf(pointed, pose, graph), share: 1 },
    names: namesOf(graph),
    learned: learnedOf(graph),
    gates: gatesOf(graph),
  };
}

export function drawing(name: string, wanted: Wanted): string {
  const scene = sceneOf(name, wanted);
  const painter = new SvgPainter();
  paint(painter, scene);
  return painter.document(scene.size.width, scene.size.height, "#fff", { title: name });
}
