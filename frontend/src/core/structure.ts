/**
 * What is drawn, before anything has a position: bands (one per domain), the place of each node in its
 * band, and wires (references that look alike drawn as one). Biases and other parameters are no nodes:
 * a parameter colours the wires it lies on.
 */

import type { Domain, FoldedGraph, GraphEdge, GraphNode, Position, Read } from "./types.ts";

/** step: repeated at every index; head: once, before the first; tail: once, after the last. */
export type Place = "step" | "head" | "tail";

/**
 * within: both ends in one column. delayed: `delay` columns on. collect: every step into one node.
 * broadcast: one node into every step. exchange: every step of one band into every step of another.
 * arrive: the step at `from` into a node without index. depart: a node without index into a boundary value.
 * over: from a node before all steps to one after them. inner: along an index inside the box of one step.
 */
export type WireKind =
  | "within"
  | "delayed"
  | "collect"
  | "broadcast"
  | "exchange"
  | "arrive"
  | "depart"
  | "over"
  | "inner";

export interface Wire {
  id: string;
  ids: string[];
  kind: WireKind;
  source: string;
  target: string;
  parameter: string | null;
  operation: string;
  cut: boolean;
  delay: number;
  /** On a tree: which child is read. */
  child: "left" | "right" | null;
  /** The one place that is read, and the one that is written, where it is not every step. */
  from: Position | null;
  to: Position | null;
  /** Boundary values that are written from others of the same column as every step's is. */
  also: Position[];
}

export interface Band {
  domain: Domain;
  nodes: GraphNode[];
  places: Map<string, Place>;
  wires: Wire[];
}

export interface Structure {
  /** From the bottom of the picture to its top. */
  bands: Band[];
  bandOf: Map<string, number>;
  /** Wires whose ends lie in two bands, and those of kind exchange. */
  crossing: Wire[];
}

const NO_DOMAIN: Domain = { name: "", index: "", kind: "chain" };

function isDrawn(node: GraphNode): boolean {
  return node.kind === "input" || node.kind === "variable";
}

/** The domain whose columns a node stands in: the outermost. */
function homeOf(node: GraphNode): string | null {
  return node.domains[0] ?? null;
}

/** Boundary values of an index inside a box stand in no column. */
function inItsBand(node: GraphNode): GraphNode {
  const home = homeOf(node);
  return { ...node, boundary: (node.boundary ?? []).filter((one) => one.domain === home) };
}

/** Which band each node without index belongs to, and on which side of it. */
function settleLoose(
  nodes: GraphNode[],
  edges: GraphEdge[],
  fallback: string,
): Map<string, { home: string; place: Place }> {
  const settled = new Map<string, { home: string; place: Place }>();
  const loose = new Set<string>();
  for (const node of nodes) {
    const home = homeOf(node);
    if (home !== null) settled.set(node.id, { home, place: "step" });
    else loose.add(node.id);
  }
  const settle = (id: string, home: string, place: Place): void => {
    settled.set(id, { home, place });
    loose.delete(id);
  };
  // Readers of a domain, and readers of those, stand after its end.
  for (let changed = true; changed; ) {
    changed = false;
    for (const edge of edges) {
      const from = settled.get(edge.source);
      if (!loose.has(edge.target) || !from || from.place === "head") continue;
      settle(edge.target, from.home, "tail");
      changed = true;
    }
  }
  // What only feeds: beside the reader that stands after the end, else before the beginning.
  for (let changed = true; changed; ) {
    changed = false;
    for (const edge of edges) {
      const to = settled.get(edge.target);
      if (!loose.has(edge.source) || !to) continue;
      settle(edge.source, to.home, to.place === "tail" ? "tail" : "head");
      changed = true;
    }
  }
  for (const id of [...loose]) settle(id, fallback, "head");
  return settled;
}

function wireOf(edge: GraphEdge, from: Place, to: Place, home: string, isAcross: boolean): Wire {
  const read = edge.reads.find((one) => one.domain === home);
  const wire: Wire = {
    id: edge.id,
    ids: [edge.id],
    kind: "within",
    source: edge.source,
    target: edge.target,
    parameter: edge.parameter,
    operation: edge.operation,
    cut: edge.cut,
    delay: 0,
    child: null,
    from: null,
    to: null,
    also: [],
  };
  const place = edge.at?.find((one) => one.domain === home);
  if (isAcross && from === "step" && to === "step") {
    const readPlaces = edge.reads.flatMap((one) => placeOfRead(one) ?? []);
    const written = place ? positionOf(place) : null;
    return { ...wire, kind: "exchange", from: readPlaces[0] ?? null, to: written };
  }
  if (from !== "step" && to === "step") {
    return place
      ? { ...wire, kind: "depart", to: positionOf(place) }
      : { ...wire, kind: "broadcast" };
  }
  if (from === "step" && to !== "step") {
    const position = placeOfRead(edge.reads[0]);
    return position ? { ...wire, kind: "arrive", from: position } : { ...wire, kind: "collect" };
  }
  if (from === "head" && to === "tail" && !isAcross) return { ...wire, kind: "over" };
  if (from !== "step") return wire;
  if (place) return boundaryWire(wire, positionOf(place), placeOfRead(read));
  if (read?.position === "left" || read?.position === "right") {
    return { ...wire, kind: "delayed", delay: 1, child: read.position };
  }
  if (read?.position !== undefined) return { ...wire, kind: "exchange", from: placeOfRead(read) };
  const delay = read?.delay ?? 0;
  const isInner = edge.source === edge.target && delay === 0;
  if (isInner) return { ...wire, kind: "inner", delay: innerDelay(edge.reads) };
  return delay === 0 ? wire : { ...wire, kind: "delayed", delay };
}

function positionOf({ position, anchor }: Position): Position {
  return { position, anchor };
}

/** The one place of a domain that a reference reads; nothing where it reads every one or its own. */
function placeOfRead(read: Read | undefined): Position | null {
  if (read?.position === "end" || read?.position === "root") return { position: 0, anchor: "end" };
  if (typeof read?.position === "number") return { position: read.position, anchor: "start" };
  return null;
}

function innerDelay(reads: readonly Read[]): number {
  return reads.find((one) => one.delay !== undefined && one.delay !== 0)?.delay ?? 1;
}

/** From a value of a band to a boundary value of the same band: as far apart as their columns. */
function boundaryWire(wire: Wire, to: Position, from: Position | null): Wire {
  const delay = from?.anchor === to.anchor ? to.position - from.position : 0;
  return { ...wire, kind: delay === 0 ? "within" : "delayed", delay, to };
}

/** Boundary values that come about as every step's values do need no line of their own. */
function joinTwins(wires: Wire[]): Wire[] {
  const twinOf = (wire: Wire): Wire | undefined =>
    wires.find(
      (one) =>
        one.to === null &&
        (["kind", "source", "target", "parameter", "delay", "cut"] as const).every(
          (key) => one[key] === wire[key],
        ),
    );
  return wires.filter((wire) => {
    const isOwn = wire.kind === "within" || wire.kind === "delayed";
    const twin = isOwn && wire.to ? twinOf(wire) : undefined;
    if (!twin || !wire.to) return true;
    twin.also.push(wire.to);
    twin.ids.push(...wire.ids);
    return false;
  });
}

/** References between the same two nodes, of one kind and through one parameter, are one wire. */
function bundle(wires: Wire[]): Wire[] {
  const seen = new Map<string, Wire>();
  for (const wire of wires) {
    const key = [
      wire.kind,
      wire.source,
      wire.target,
      wire.parameter,
      wire.delay,
      wire.child,
      JSON.stringify([wire.from, wire.to]),
      wire.cut,
    ].join("\u0000");
    const known = seen.get(key);
    if (known) known.ids.push(...wire.ids);
    else seen.set(key, wire);
  }
  return joinTwins([...seen.values()]);
}

/** Bands from the bottom up: who is read stands below who reads. */
function stack(names: string[], edges: GraphEdge[], homes: Map<string, string>): string[] {
  const below = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
  for (const edge of edges) {
    const from = homes.get(edge.source);
    const to = homes.get(edge.target);
    if (from !== undefined && to !== undefined && from !== to) below.get(to)?.add(from);
  }
  const order: string[] = [];
  const waiting = new Set(names);
  while (waiting.size > 0) {
    const ready = [...waiting].find((name) =>
      [...(below.get(name) ?? [])].every((other) => !waiting.has(other)),
    );
    const next = ready ?? [...waiting][0];
    if (next === undefined) break;
    order.push(next);
    waiting.delete(next);
  }
  return order;
}

/** Sorts a folded graph into bands, places and wires. */
export function structure(graph: FoldedGraph, domains: readonly Domain[]): Structure {
  const nodes = graph.nodes.filter(isDrawn).map(inItsBand);
  const drawn = new Set(nodes.map((node) => node.id));
  const edges = graph.edges.filter((edge) => drawn.has(edge.source) && drawn.has(edge.target));
  const used = domains.filter((domain) => nodes.some((node) => homeOf(node) === domain.name));
  const known: Domain[] = used.length > 0 ? used : [NO_DOMAIN];
  const fallback = known[0]?.name ?? "";
  const settled = settleLoose(nodes, edges, fallback);
  if (used.length === 0) {
    for (const node of nodes) settled.set(node.id, { home: "", place: "step" });
  }
  const homes = new Map([...settled].map(([id, { home }]) => [id, home]));
  const order = stack(
    known.map((domain) => domain.name),
    edges,
    homes,
  );
  const bandOf = new Map([...homes].map(([id, home]) => [id, order.indexOf(home)]));
  const bands = order.map((name): Band => {
    const domain = known.find((one) => one.name === name) ?? NO_DOMAIN;
    const own = nodes.filter((node) => homes.get(node.id) === name);
    return {
      domain,
      nodes: own,
      places: new Map(own.map((node) => [node.id, settled.get(node.id)?.place ?? "step"])),
      wires: [],
    };
  });
  const wires = edges.map((edge) => {
    const from = settled.get(edge.source);
    const to = settled.get(edge.target);
    const home = to?.home ?? "";
    return wireOf(edge, from?.place ?? "step", to?.place ?? "step", home, from?.home !== home);
  });
  const crossing: Wire[] = [];
  for (const wire of bundle(wires)) {
    const from = bandOf.get(wire.source) ?? 0;
    const to = bandOf.get(wire.target) ?? 0;
    if (from !== to || wire.kind === "exchange") crossing.push(wire);
    else bands[to]?.wires.push(wire);
  }
  return { bands, bandOf, crossing };
}
