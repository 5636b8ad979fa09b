/**
 * The same unrolled graph drawn by the page's own stage and by what one would use instead. Boxes and lines of the
 * rivals are those that the stage draws: nodes as rectangles with their names, edges along the same corners. What
 * rivals need as input is made before the clock starts.
 */

import { Graph, layout } from "@dagrejs/dagre";
import cytoscape from "cytoscape";
import { select } from "d3-selection";
import { type ZoomBehavior, zoom, zoomIdentity } from "d3-zoom";
import { textOfRuns } from "../../frontend/src/core/label.ts";
import { boxOf, endsOf, wayOf } from "../../frontend/src/core/pose.ts";
import type { Domain, FoldedGraph, Trace } from "../../frontend/src/core/types.ts";
import { eachCopy } from "../../frontend/src/render/edges.ts";
import { eachNode } from "../../frontend/src/render/nodes.ts";
import { Stage } from "../../frontend/src/render/stage.ts";

interface Described {
  graph: FoldedGraph;
  domains: Domain[];
}

interface Drawn {
  nodes: { id: string; name: string; x: number; y: number; width: number; height: number }[];
  edges: { id: string; source: string; target: string; way: [number, number][] }[];
}

interface Contestant {
  mount(): void;
  pan(dx: number): void;
  zoom(factor: number): void;
}

const SIZE = { width: 1200, height: 640 };
const place = document.getElementById("place") as HTMLElement;

function traceOf({ graph, domains }: Described, steps: number): Trace {
  const values = new Map<string, [number, Float32Array]>();
  for (const node of graph.nodes) {
    const size = node.shape.reduce((product, axis) => product * axis, 1);
    const numbers = new Float32Array(steps * size).map((_, i) => Math.sin(i * 0.7));
    values.set(node.id, [size, numbers]);
  }
  return {
    shows: "values",
    lengths: Object.fromEntries(domains.map((domain) => [domain.name, steps])),
    arrived: Object.fromEntries(domains.map((domain) => [domain.name, steps])),
    symbols: {},
    trees: {},
    version: 1,
    range: () => [-1, 1],
    value(name, step) {
      const [size = 0, numbers] = values.get(name) ?? [];
      return step < 1 ? null : (numbers?.subarray((step - 1) * size, step * size) ?? null);
    },
  };
}

function stageOf(described: Described, trace: Trace): Stage {
  const canvas = document.createElement("canvas");
  canvas.style.cssText = `width: ${SIZE.width}px; height: ${SIZE.height}px`;
  place.replaceChildren(canvas);
  const rest = { selection: null, pins: [], alone: null, pointed: null, front: null };
  const input = { ...described, ...rest, trace, step: 1, playing: false, unfolded: true };
  const stage = new Stage(canvas, { ...input, theme: "paper", reducedMotion: false }, () => {});
  stage.resize(SIZE.width, SIZE.height);
  return stage;
}

/** Every box and every line of the whole drawing, as the stage places them. */
function drawnOf(described: Described, steps: number): Drawn {
  const stage = stageOf(described, traceOf(described, steps));
  const scene = stage.scene();
  stage.destroy();
  place.replaceChildren();
  const drawn: Drawn = { nodes: [], edges: [] };
  eachNode(scene, 0, steps, (node, column) => {
    const name = textOfRuns(node.name.runs);
    drawn.nodes.push({ id: `${node.id}@${column}`, name, ...boxOf(scene.pose, node, column) });
  });
  const known = new Set(drawn.nodes.map((node) => node.id));
  const way = new Float64Array(64);
  eachCopy(scene, 0, steps, (edge, step) => {
    const [from, to] = endsOf(scene.pose, edge, step);
    const [source, target] = [`${edge.source}@${from}`, `${edge.target}@${to}`];
    if (!known.has(source) || !known.has(target)) return;
    const count = wayOf(scene.pose, edge, step, way);
    const corners = Array.from({ length: count }, (_, i): [number, number] => [
      way[i * 2] ?? 0,
      way[i * 2 + 1] ?? 0,
    ]);
    drawn.edges.push({ id: `${edge.id}@${step}`, source, target, way: corners });
  });
  return drawn;
}

function unrolled(described: Described, steps: number): Contestant {
  const trace = traceOf(described, steps);
  let stage: Stage;
  return {
    mount() {
      stage = stageOf(described, trace);
    },
    pan: (dx) => stage.pan(dx, 0),
    zoom: (factor) => stage.zoom(factor),
  };
}

function d3(described: Described, steps: number): Contestant {
  const drawn = drawnOf(described, steps);
  const svg = select(place).append("svg").attr("width", SIZE.width).attr("height", SIZE.height);
  const root = svg.append("g");
  const element = svg as unknown as Parameters<ZoomBehavior<SVGSVGElement, unknown>>[0];
  const behaviour = zoom<SVGSVGElement, unknown>().on("zoom", (event) => {
    root.attr("transform", event.transform);
  });
  return {
    mount() {
      element.call(behaviour);
      behaviour.transform(element, zoomIdentity.translate(40, 40));
      root
        .selectAll("path")
        .data(drawn.edges)
        .join("path")
        .attr("d", (edge) => `M${edge.way.map((point) => point.join(",")).join("L")}`)
        .attr("fill", "none")
        .attr("stroke", "#8a4f9e");
      const nodes = root
        .selectAll("g")
        .data(drawn.nodes)
        .join("g")
        .attr("transform", (node) => `translate(${node.x},${node.y})`);
      nodes
        .append("rect")
        .attr("width", (node) => node.width)
        .attr("height", (node) => node.height)
        .attr("fill", "#fff")
        .attr("stroke", "#33343d");
      nodes.append("text").text((node) => node.name);
    },
    pan: (dx) => behaviour.translateBy(element, dx, 0),
    zoom: (factor) => behaviour.scaleBy(element, factor),
  };
}

function throughCytoscape(described: Described, steps: number): Contestant {
  const drawn = drawnOf(described, steps);
  const elements = {
    nodes: drawn.nodes.map(({ id, name, x, y, width, height }) => ({
      data: { id, name, width, height },
      position: { x: x + width / 2, y: y + height / 2 },
    })),
    edges: drawn.edges.map(({ id, source, target }) => ({ data: { id, source, target } })),
  };
  let graph: cytoscape.Core;
  return {
    mount() {
      graph = cytoscape({
        container: place,
        elements,
        layout: { name: "preset", fit: false },
        style: [
          {
            selector: "node",
            style: { shape: "rectangle", width: "data(width)", height: "data(height)" },
          },
          { selector: "node", style: { label: "data(name)", "background-color": "#fff" } },
          { selector: "edge", style: { width: 1, "line-color": "#8a4f9e" } },
        ],
        zoom: 1,
        pan: { x: 40, y: 40 },
      });
    },
    pan: (dx) => graph.panBy({ x: dx, y: 0 }),
    zoom: (factor) => graph.zoom(graph.zoom() * factor),
  };
}

/** A layout and nothing else: it draws nothing that could be moved. */
function dagre(described: Described, steps: number): Contestant {
  const drawn = drawnOf(described, steps);
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR" });
  for (const { id, width, height } of drawn.nodes) graph.setNode(id, { width, height });
  for (const { id, source, target } of drawn.edges) graph.setEdge(source, target, {}, id);
  const nothing = () => {};
  return { mount: () => layout(graph), pan: nothing, zoom: nothing };
}

const CONTESTANTS = { unrolled, d3, cytoscape: throughCytoscape, dagre };

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

let contestant: Contestant;

const bench = {
  /** How many nodes and edges the whole drawing has. */
  count(described: Described, steps: number): [number, number] {
    const { nodes, edges } = drawnOf(described, steps);
    return [nodes.length, edges.length];
  },
  /** Makes what a contestant is given. */
  prepare(name: keyof typeof CONTESTANTS, described: Described, steps: number): void {
    contestant = CONTESTANTS[name](described, steps);
  },
  /** From the data to the first picture. */
  async mount(): Promise<void> {
    contestant.mount();
    await frame();
    await frame();
  },
  async pan(frames: number): Promise<void> {
    for (let i = 0; i < frames; i++) {
      contestant.pan(i % 20 < 10 ? -7 : 7);
      await frame();
    }
  },
  async zoom(frames: number): Promise<void> {
    for (let i = 0; i < frames; i++) {
      contestant.zoom(i % 20 < 10 ? 1 / 1.05 : 1.05);
      await frame();
    }
  },
};

export type Bench = typeof bench;
Object.assign(window, { bench });
