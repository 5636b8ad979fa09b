/** From the settled lines of a band to the placed records of the template. */

import { type BuiltColumns, isNamedRight } from "./build.ts";
import type { Element } from "./lattice.ts";
import { type Lines, ownsRail, placeOfElement, usesGap } from "./lines.ts";
import { type Extent, MEASURE, nameOf } from "./measures.ts";
import type { BandColumns, Mode, Part } from "./parts.ts";
import { portKey } from "./ports.ts";
import { routeOf, type Waypoint } from "./route.ts";
import type { PlacedEdge, PlacedNode, Rail, Template } from "./template.ts";
import type { Position } from "./types.ts";

function isBefore(one: { anchor: string; position: number }): boolean {
  return one.anchor === "start";
}

/** How far after the last column stands what comes once after it: as near as its rows and lines allow. */
function tailOffset(lines: Lines, mode: Mode): number {
  const { columns, rowCount } = lines.context.columns;
  const { step, tail } = columns;
  const isAcrossGap = lines.context.parts.some(
    (part) =>
      usesGap(lines.context, part) &&
      (part.kind === "arrive" || part.kind === "sink" || part.kind === "spring"),
  );
  const grid = lines.grid.modes[mode];
  const rows = Array.from({ length: rowCount }, (_, row) => row).filter(
    (row) => (tail.lattice.rows[row]?.length ?? 0) > 0,
  );
  const ys = rows.map((row) => lines.grid.rowY[row] ?? 0);
  const [top, bottom] = [Math.min(...ys) - 40, Math.max(...ys) + 30];
  let reach = isAcrossGap ? step.right + grid.gapRight - MEASURE.tailGap : 0;
  for (const row of rows) {
    for (const element of step.lattice.rows[row] ?? []) {
      reach = Math.max(reach, element.x + element.right);
    }
  }
  for (const part of lines.context.parts) {
    if (part.kind === "join" && part.exit === "right")
      reach = Math.max(reach, lines.joinX(part, mode));
    if (mode === "unfolded" || !usesGap(lines.context, part)) continue;
    const [from, to] = lines.gapSpan(part, mode);
    if (Math.min(from, to) > bottom || Math.max(from, to) < top) continue;
    reach = Math.max(reach, lines.gapAt(part, "source", mode, `${part.key}/gap`));
  }
  const after = boundaryReach(lines.context.columns, false);
  if (mode === "unfolded" && after.outer > 0) {
    // Values beyond the last step stand in the next columns: what comes once stands after them.
    const pitch = step.left + step.right + grid.gapRight;
    const beyond = beyondOf(lines.context.columns) * pitch;
    reach = Math.max(reach, beyond + Math.min(after.inner - step.left, 0) + after.outer);
  }
  return reach + MEASURE.tailGap + tail.left;
}

function crownReach(columns: BandColumns, reach: (element: Element) => number): number {
  const elements = [...columns.crowning].flatMap(
    (id) => columns.columns.step.lattice.byId.get(id) ?? [],
  );
  return Math.max(0, ...elements.map(reach));
}

/** How many columns of boundary values stand after the last step. */
function beyondOf(columns: BandColumns): number {
  const ends = columns.band.nodes
    .flatMap((node) => node.boundary ?? [])
    .filter((one) => !isBefore(one));
  return Math.max(0, ...ends.map((one) => one.position));
}

interface BoundaryReach {
  /** Towards the steps and away from them, from the column's middle. */
  inner: number;
  outer: number;
}

function boundaryReach(columns: BandColumns, isStart: boolean): BoundaryReach {
  const elements = columns.columns.step.lattice.rows
    .flat()
    .filter((element) => element.node?.boundary?.some((one) => isBefore(one) === isStart));
  const right = Math.max(...elements.map((element) => element.x + element.right));
  const left = Math.max(...elements.map((element) => element.left - element.x));
  if (elements.length === 0) return { inner: Number.POSITIVE_INFINITY, outer: 0 };
  // A boundary value's name also carries its index.
  return isStart
    ? { inner: right, outer: left + MEASURE.index }
    : { inner: left, outer: right + MEASURE.index };
}

/** Room for what stands at every node of a tree; its inputs are at the leaves only. */
function levelHeight(columns: BuiltColumns, lines: Lines): number {
  const spans = columns.band.nodes
    .filter((node) => node.kind === "variable" && node.domains.length > 0)
    .flatMap((node) => {
      const row = columns.columns.step.lattice.byId.get(node.id)?.row;
      const y = row === undefined ? 0 : (lines.grid.rowY[row] ?? 0);
      const half = (columns.extents.get(node.id)?.height ?? 0) / 2;
      return [y - half, y + half];
    });
  return Math.max(...spans) - Math.min(...spans) + MEASURE.levelGap;
}

export function addBand(
  template: Template,
  columns: BuiltColumns,
  lines: Lines,
  index: number,
): void {
  const { step, tail, head } = columns.columns;
  const { folded, unfolded } = lines.grid.modes;
  const top = template.height;
  const bounds = columns.band.nodes.flatMap((node) => node.boundary ?? []);
  const [ahead, after] = [true, false].map((isStart) => boundaryReach(columns, isStart)) as [
    BoundaryReach,
    BoundaryReach,
  ];
  const hasTail = tail.lattice.byId.size > 0;
  const hasHead = head.lattice.byId.size > 0;
  const headOffset = (mode: { gapRight: number }): number =>
    -(step.left + mode.gapRight + head.right);
  template.bands[index] = {
    domain: columns.band.domain,
    top,
    height: lines.grid.height,
    levelHeight: columns.band.domain.kind === "tree" ? levelHeight(columns, lines) : 0,
    before: Math.max(0, ...bounds.filter(isBefore).map((one) => 1 - one.position)),
    beyond: Math.max(0, ...bounds.filter((one) => !isBefore(one)).map((one) => one.position)),
    beforeShift: ahead.inner < step.right ? step.right - ahead.inner : 0,
    beyondShift: after.inner < step.left ? after.inner - step.left : 0,
    beforeReach: ahead.outer,
    beyondReach: after.outer,
    tail: hasTail
      ? { folded: tailOffset(lines, "folded"), unfolded: tailOffset(lines, "unfolded") }
      : null,
    head: hasHead
      ? {
          folded: headOffset({ gapRight: folded.gapLeft + folded.gapHead }),
          unfolded: headOffset(unfolded),
        }
      : null,
    foldedLeft: step.left + folded.gapLeft,
    foldedRight: step.right + (folded.gapX.size > 0 ? folded.gapRight - MEASURE.gapRight : 0),
    crownLeft: crownReach(columns, (element) => element.left - element.x),
    crownRight: crownReach(columns, (element) => element.right + element.x),
    headReach: head.left,
    tailReach: tail.right,
  };
  for (const [id, extent] of columns.extents) {
    const node = placedNode(columns, lines, index, id, extent);
    if (node) template.nodes.push({ ...node, y: node.y + top });
  }
  for (const part of lines.context.parts) {
    template.edges.push(placedEdge(columns, lines, part, index, top));
    if (ownsRail(part)) template.rails.push(railOf(columns, lines, part, index, top));
  }
}

function placedNode(
  columns: BandColumns,
  lines: Lines,
  band: number,
  id: string,
  extent: Extent,
): PlacedNode | null {
  for (const place of ["step", "tail", "head"] as const) {
    const element = columns.columns[place].lattice.byId.get(id);
    if (!element?.node) continue;
    const side = isNamedRight(columns.band, id) ? "right" : "left";
    const ports = lines.context.parts.flatMap((part) =>
      (["source", "target"] as const).flatMap((end) =>
        (["folded", "unfolded"] as const).flatMap((mode) => {
          if (part[end] !== element) return [];
          const port = lines.grid.ports.get(portKey(part, end, mode));
          if (!port) return [];
          const reach = side === "left" ? -port.dx : port.dx;
          return reach >= extent.width / 2 - 0.5 ? [port.dy] : [];
        }),
      ),
    );
    const isUpperFree = ports.every((dy) => dy > -7);
    const isLowerFree = ports.every((dy) => dy < 7);
    const at =
      ports.length === 0 ? "middle" : isUpperFree ? "upper" : isLowerFree ? "lower" : "corner";
    return {
      id,
      node: element.node,
      band,
      place: columns.crowning.has(id) ? "crown" : place,
      x: element.x,
      y: lines.grid.rowY[element.row] ?? 0,
      extent,
      name: { ...nameOf(element.node), side, at },
      boundary: (element.node.boundary ?? []).map(({ position, anchor }) => ({ position, anchor })),
    };
  }
  return null;
}

function placeOf(columns: BandColumns, element: Element | null): PlacedEdge["sourcePlace"] {
  if (!element) return "rail";
  if (columns.crowning.has(element.key)) return "crown";
  return placeOfElement(columns, element);
}

function placedEdge(
  columns: BandColumns,
  lines: Lines,
  part: Part,
  band: number,
  top: number,
): PlacedEdge {
  const { wire } = part;
  const points = routeOf(lines, part).map((point) => ({
    ...point,
    folded: { x: point.folded.x, y: point.folded.y + top },
    unfolded: { x: point.unfolded.x, y: point.unfolded.y + top },
  }));
  return {
    key: part.key,
    ids: wire.ids,
    kind: part.kind,
    source: wire.source,
    target: wire.target,
    parameter: wire.parameter,
    operation: wire.operation,
    cut: wire.cut,
    band,
    sourcePlace: placeOf(columns, part.source),
    targetPlace: placeOf(columns, part.target),
    delay: part.kind === "delayed" ? part.delay : 0,
    child: wire.child,
    position: positionOfPart(part),
    also: wire.also,
    points,
    square: part.kind === "delayed" && wire.child === null ? squareOf(points) : null,
    name: { folded: null, unfolded: null, beyond: null },
  };
}

/** The only place at which a part stands, read or written: nothing where it stands at every step. */
function positionOfPart({ kind, wire }: Part): Position | null {
  switch (kind) {
    case "arrive":
    case "join":
    case "spring":
      return wire.from;
    case "within":
      return wire.to ?? wire.from;
    default:
      return wire.to;
  }
}

/** The middle of the longest upright piece of a folded loop. */
function squareOf(points: readonly Waypoint[]): { x: number; y: number } | null {
  let best: { x: number; y: number } | null = null;
  let longest = 0;
  points.forEach((point, index) => {
    const next = points[index + 1];
    if (!next) return;
    const length = Math.abs(next.folded.y - point.folded.y);
    if (length <= longest || Math.abs(next.folded.x - point.folded.x) > 0.5) return;
    longest = length;
    best = { x: point.folded.x, y: (point.folded.y + next.folded.y) / 2 };
  });
  return best;
}

/** Whether what a line leads to or comes from stands after the last step. */
function isAtEnd(columns: BandColumns, part: Part): boolean {
  if (part.kind !== "sink" && part.kind !== "spring") return false;
  return placeOf(columns, part.source ?? part.target) !== "head";
}

function railOf(columns: BandColumns, lines: Lines, part: Part, band: number, top: number): Rail {
  const key = `${part.key}/rail`;
  const { wire } = part;
  const meets = lines.context.parts.filter(
    (other) =>
      other.wire.id === wire.id &&
      (other === part || other.kind === (part.kind === "join" ? "sink" : "spring")),
  );
  const joinOf = (other: Part): Rail["joins"][number] => {
    const points = routeOf(lines, other);
    const at = other.target === null ? points.at(-1) : points[0];
    return {
      band,
      place: placeOf(columns, other.source ?? other.target) as Rail["joins"][number]["place"],
      position: positionOfPart(other),
      x: { folded: at?.folded.x ?? 0, unfolded: at?.unfolded.x ?? 0 },
    };
  };
  return {
    key,
    ids: wire.ids,
    source: wire.source,
    target: wire.target,
    parameter: wire.parameter,
    cut: wire.cut,
    band,
    y: {
      folded: lines.track("folded", key, 0) + top,
      unfolded: lines.track("unfolded", key, 0) + top,
    },
    joins: meets.map(joinOf),
    heads: meets.some((other) => isAtEnd(columns, other)) ? "right" : "left",
    partner: null,
    partnerOffset: 0,
  };
}

/** Rails of one wire in two bands meet at the left of all columns; what stands once reaches up or down to its rail. */
export function connectRails(template: Template): void {
  joinAcross(template);
  for (const rail of template.rails) roundJoins(template, rail);
}

/** Lines turn into their rail along it, in the direction of what stands once. */
function roundJoins(template: Template, rail: Rail): void {
  for (const edge of template.edges) {
    const isJoin = edge.kind === "join" || edge.kind === "spring";
    const isFan = edge.kind === "fan" || edge.kind === "sink";
    if (edge.ids[0] !== rail.ids[0] || (!isJoin && !isFan)) continue;
    const end = isJoin ? edge.points.at(-1) : edge.points[0];
    if (!end || Math.abs(end.folded.y - rail.y.folded) > 0.5) continue;
    const isOnce = edge.kind === "spring" || edge.kind === "sink";
    const sign = (rail.heads === "right") === isOnce ? -1 : 1;
    const along = {
      ...end,
      isAtBox: end.isAtBox,
      folded: { x: end.folded.x + sign * MEASURE.corner, y: end.folded.y },
      unfolded: { x: end.unfolded.x + sign * MEASURE.corner, y: end.unfolded.y },
    };
    if (isJoin) edge.points.push(along);
    else edge.points.unshift(along);
    for (const join of rail.joins) {
      const isOwn = join.place === (isJoin ? edge.sourcePlace : edge.targetPlace);
      if (!isOwn || join.band !== edge.band) continue;
      join.x = { folded: along.folded.x, unfolded: along.unfolded.x };
    }
  }
}

function joinAcross(template: Template): void {
  let count = 0;
  for (const rail of template.rails) {
    const other = template.rails.find(
      (one) => one !== rail && one.ids[0] === rail.ids[0] && one.key.includes("/fan"),
    );
    if (!other || rail.key.includes("/fan")) continue;
    rail.partner = other.key;
    other.partner = rail.key;
    rail.partnerOffset = 14 + count * MEASURE.track;
    other.partnerOffset = rail.partnerOffset;
    count++;
  }
  for (const edge of template.edges) {
    if (edge.kind !== "spring" && edge.kind !== "sink") continue;
    const rail = template.rails.find((one) => one.ids[0] === edge.ids[0]);
    const end = edge.kind === "spring" ? edge.points.at(-1) : edge.points[0];
    if (!rail || !end || rail.band === edge.band) continue;
    end.folded.y = rail.y.folded;
    end.unfolded.y = rail.y.unfolded;
    const place = edge.kind === "spring" ? edge.sourcePlace : edge.targetPlace;
    if (place === "rail") continue;
    if (place === "tail" || place === "crown") rail.heads = "right";
    rail.joins.push({
      band: edge.band,
      place,
      position: null,
      x: { folded: end.folded.x, unfolded: end.unfolded.x },
    });
  }
}
