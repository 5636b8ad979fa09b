/** Where on the sides of the boxes the lines begin and end, so that no two share a point. */

import type { Element, Lattice } from "./lattice.ts";
import { type Extent, MEASURE } from "./measures.ts";
import { MODES, type Mode, type Part, type Side } from "./parts.ts";

export interface Port {
  /** From the middle of the box. */
  dx: number;
  dy: number;
}

export type End = "source" | "target";
export type PortKey = `${string} ${End} ${Mode}`;

export function portKey(part: Part, end: End, mode: Mode): PortKey {
  return `${part.key} ${end} ${mode}`;
}

export function sideOf(part: Part, end: End, mode: Mode): Side {
  return end === "source" ? part.exit : part.entry[mode];
}

/** Point of the box's outline nearest to a port on one of its sides; a diamond's sides slope. */
export function outline(extent: Extent, side: Side, along: number): Port {
  const [halfWidth, halfHeight] = [extent.width / 2, extent.height / 2];
  if (extent.shape === "diamond") {
    const isLevel = side === "left" || side === "right";
    const share = 1 - Math.min(Math.abs(along) / (isLevel ? halfHeight : halfWidth), 1);
    if (side === "left" || side === "right") {
      return { dx: (side === "left" ? -1 : 1) * halfWidth * share, dy: along };
    }
    return { dx: along, dy: (side === "top" ? -1 : 1) * halfHeight * share };
  }
  if (extent.shape === "circle") {
    const radius = Math.min(halfWidth, halfHeight);
    const isLevel = side === "left" || side === "right";
    const straight = (isLevel ? halfHeight : halfWidth) - radius;
    const over = Math.min(Math.max(Math.abs(along) - straight, 0), radius);
    const out = (isLevel ? halfWidth : halfHeight) - radius + Math.sqrt(radius ** 2 - over ** 2);
    if (isLevel) return { dx: side === "left" ? -out : out, dy: along };
    return { dx: along, dy: side === "top" ? -out : out };
  }
  switch (side) {
    case "left":
      return { dx: -halfWidth, dy: along };
    case "right":
      return { dx: halfWidth, dy: along };
    case "top":
      return { dx: along, dy: -halfHeight };
    case "bottom":
      return { dx: along, dy: halfHeight };
  }
}

interface Ending {
  part: Part;
  end: End;
  /** From left to right: first by kind, then by where the line goes. */
  rank: [number, number, number];
  /** The other end lies straight above or below. */
  isUpright: boolean;
}

/** Which line of a part's chain touches this element, and towards what. */
function neighbour(lattice: Lattice, part: Part, element: Element): Element | null {
  const chain = lattice.chains.get(part.wire.id) ?? [];
  const first = chain[0];
  const last = chain.at(-1);
  if (first?.lower === element) return first.upper;
  if (last?.upper === element) return last.lower;
  return null;
}

function rankOf(
  part: Part,
  end: End,
  side: Side,
  other: Element | null,
  index: number,
): Ending["rank"] {
  if (part.kind === "within") return [2, other?.order ?? 0, index];
  // Lines come from the left and leave to the right; those of negative delay the other way round.
  const entersLeft = part.delay >= 0;
  if (end === "target") return [entersLeft ? (part.kind === "fan" ? 0 : 1) : 3, index, 0];
  return [side === "top" && part.delay < 0 ? 1 : 3, index, 0];
}

/** Ends on top and bottom of every box, the same in both modes. */
function acrossPorts(
  lattice: Lattice,
  parts: readonly Part[],
  extentOfElement: (element: Element) => Extent,
): Map<PortKey, Port> {
  const ports = new Map<PortKey, Port>();
  for (const element of lattice.rows.flat()) {
    if (!element.node) continue;
    for (const side of ["top", "bottom"] as const) {
      const endings: Ending[] = [];
      parts.forEach((part, index) => {
        for (const end of ["source", "target"] as const) {
          if (part[end] !== element) continue;
          if (!MODES.some((mode) => sideOf(part, end, mode) === side)) continue;
          const other = part.kind === "within" ? neighbour(lattice, part, element) : null;
          endings.push({
            part,
            end,
            rank: rankOf(part, end, side, other, index),
            isUpright: other !== null && Math.abs(other.x - element.x) < 0.5,
          });
        }
      });
      endings.sort(
        (a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2],
      );
      const extent = extentOfElement(element);
      const offsets = spread(endings, extent.width / 2 - 5);
      endings.forEach(({ part, end }, place) => {
        for (const mode of MODES) {
          if (sideOf(part, end, mode) !== side) continue;
          ports.set(portKey(part, end, mode), outline(extent, side, offsets[place] ?? 0));
        }
      });
    }
  }
  return ports;
}

/**
 * A link that misses being upright by less than a port is made so: one of its ends moves along its side,
 * as long as it keeps clear of its neighbours there.
 */
function straighten(
  lattice: Lattice,
  parts: readonly Part[],
  ports: Map<PortKey, Port>,
  extentOfElement: (element: Element) => Extent,
): void {
  const within = parts.filter((part) => part.kind === "within");
  const owner = new Map<Port, Element>();
  for (const part of parts) {
    for (const end of ["source", "target"] as const) {
      const element = part[end];
      const port = ports.get(portKey(part, end, "unfolded"));
      if (element && port) owner.set(port, element);
    }
  }
  const move = (part: Part, end: End, element: Element, shift: number): boolean => {
    const port = ports.get(portKey(part, end, "unfolded"));
    if (!port) return false;
    const extent = extentOfElement(element);
    const wanted = port.dx + shift;
    const side = sideOf(part, end, "unfolded");
    const others = [...owner].filter(
      ([other, at]) =>
        other !== port && at === element && Math.sign(other.dy) === Math.sign(port.dy),
    );
    const isClear = others.every(([other]) => {
      const [before, after] = [port.dx - other.dx, wanted - other.dx];
      return before * after > 0 && Math.abs(after) >= MEASURE.leastPort;
    });
    if (!isClear || Math.abs(wanted) > extent.width / 2 - 5) return false;
    const moved = outline(extent, side, wanted);
    for (const mode of MODES) ports.set(portKey(part, end, mode), moved);
    owner.delete(port);
    owner.set(moved, element);
    return true;
  };
  for (const part of within) {
    const chain = lattice.chains.get(part.wire.id) ?? [];
    for (const link of chain) {
      const endAt = (element: Element): End | null =>
        element.node ? (part.source === element ? "source" : "target") : null;
      const [low, high] = [endAt(link.lower), endAt(link.upper)];
      const x = (end: End | null, element: Element): number =>
        element.x + (end ? (ports.get(portKey(part, end, "unfolded"))?.dx ?? 0) : 0);
      const lean = x(high, link.upper) - x(low, link.lower);
      if (Math.abs(lean) < 0.5 || Math.abs(lean) > MEASURE.port + 2) continue;
      if (high && move(part, high, link.upper, -lean)) continue;
      if (low) move(part, low, link.lower, lean);
    }
  }
}

/** A line that runs straight up keeps the middle; the others stand beside it, or all are spread evenly. */
function spread(endings: readonly Ending[], reach: number): number[] {
  const count = endings.length;
  const upright = endings.flatMap((ending, index) => (ending.isUpright ? [index] : []));
  const middle = upright.length === 1 ? (upright[0] ?? 0) : (count - 1) / 2;
  const most = Math.max(middle, count - 1 - middle);
  const kept = most > 0 ? Math.min(MEASURE.port, reach / most) : 0;
  if (kept >= MEASURE.leastPort || most === 0) {
    return endings.map((_, index) => (index - middle) * kept);
  }
  const even = Math.min(MEASURE.port, (2 * reach) / (count - 1));
  return endings.map((_, index) => (index - (count - 1) / 2) * even);
}

/**
 * Gap track of a part's vertical line at this end, counted from the box; and where that line leads. The two
 * ends of a loop on one side of a box lie inside one another.
 */
export interface Bend {
  distance: number;
  turn: "up" | "loop-out" | "straight" | "loop-in" | "down";
}

/** Ends on the left and right of every box: what goes up above what goes straight above what goes down. */
function besidePorts(
  lattice: Lattice,
  parts: readonly Part[],
  extentOfElement: (element: Element) => Extent,
  bendOf: (part: Part, end: End, mode: Mode) => Bend,
): Map<PortKey, Port> {
  const ports = new Map<PortKey, Port>();
  for (const element of lattice.rows.flat()) {
    if (!element.node) continue;
    const extent = extentOfElement(element);
    for (const mode of MODES) {
      for (const side of ["left", "right"] as const) {
        const endings = parts.flatMap((part) =>
          (["source", "target"] as const)
            .filter((end) => part[end] === element && sideOf(part, end, mode) === side)
            .map((end) => ({ part, end, bend: bendOf(part, end, mode) })),
        );
        const turn = (wanted: Bend["turn"]) => endings.filter((one) => one.bend.turn === wanted);
        const up = turn("up").sort((a, b) => a.bend.distance - b.bend.distance);
        const out = turn("loop-out").sort((a, b) => b.bend.distance - a.bend.distance);
        const level = turn("straight");
        const back = turn("loop-in").sort((a, b) => a.bend.distance - b.bend.distance);
        const down = turn("down").sort((a, b) => b.bend.distance - a.bend.distance);
        const ordered = [...up, ...out, ...level, ...back, ...down];
        const reach =
          extent.height / 2 - (extent.shape === "diamond" || extent.shape === "circle" ? 8 : 7);
        const isWide = mode === "folded" || endings.some(({ part }) => part.kind === "inner");
        const widest = isWide ? MEASURE.loopPort : MEASURE.sidePort;
        const above = up.length + out.length;
        const below = back.length + down.length;
        ordered.forEach(({ part, end }, index) => {
          const along = alongSide(index, above, level.length, below, reach, widest);
          ports.set(portKey(part, end, mode), outline(extent, side, along));
        });
      }
    }
  }
  return ports;
}

/** Level lines lie about the middle, the same on every box; the others above and below them. */
function alongSide(
  index: number,
  above: number,
  level: number,
  below: number,
  reach: number,
  widest: number,
): number {
  if (level === 0) {
    const most = (above + below - 1) / 2;
    return (index - most) * (most > 0 ? Math.min(widest, reach / most) : 0);
  }
  const half = ((level - 1) / 2) * MEASURE.port;
  if (index < above) return -half - (above - index) * Math.min(widest, (reach - half) / above);
  if (index < above + level) return (index - above) * MEASURE.port - half;
  return half + (index - above - level + 1) * Math.min(widest, (reach - half) / below);
}

export function portsOf(
  lattices: readonly Lattice[],
  parts: readonly Part[],
  extentOfElement: (element: Element) => Extent,
  bendOf: (part: Part, end: End, mode: Mode) => Bend,
): Map<PortKey, Port> {
  const ports = new Map<PortKey, Port>();
  for (const lattice of lattices) {
    const across = acrossPorts(lattice, parts, extentOfElement);
    straighten(lattice, parts, across, extentOfElement);
    for (const [key, port] of across) ports.set(key, port);
    for (const [key, port] of besidePorts(lattice, parts, extentOfElement, bendOf)) {
      ports.set(key, port);
    }
  }
  return ports;
}
