/**
 * The way of each line as a row of points that every column repeats. A point hangs on the column of the line's
 * source or of its target and knows where it lies in the folded drawing and in the unfolded one; between
 * the two it moves in a straight line. That is the whole of folding.
 */

import { isBack, isDirectSink, isFromHead, type Lines } from "./lines.ts";
import { laneOf, MEASURE } from "./measures.ts";
import type { Mode, Part } from "./parts.ts";
import type { End } from "./ports.ts";

export interface Waypoint {
  /** The column it hangs on, and the one it takes its height from: on a tree columns stand at levels. */
  end: End;
  level: End;
  folded: { x: number; y: number };
  unfolded: { x: number; y: number };
  /** Arcs over several columns: this point lies lower by the lane of the step. */
  isInLane: boolean;
  /** On the box or straight above it: it moves with the box where boundary values stand closer. */
  isAtBox: boolean;
}

interface Place {
  end: End;
  x: number;
  y: number;
  isInLane?: boolean;
  level?: End;
}

function endPoint(lines: Lines, part: Part, end: End, mode: Mode): Place {
  return { end, ...lines.endOf(part, end, mode) };
}

function withinPlaces(lines: Lines, part: Part, mode: Mode): Place[] {
  const { columns } = lines.context.columns;
  const places: Place[] = [];
  for (const place of ["step", "tail", "head"] as const) {
    const chain = columns[place].lattice.chains.get(part.wire.id) ?? [];
    chain.forEach((link, index) => {
      const at = (end: "lower" | "upper"): number => {
        const element = link[end];
        if (!element.node) return element.x;
        return lines.endOf(part, part.source === element ? "source" : "target", mode).x;
      };
      const y = lines.track(mode, `${part.key}/link/${index}`, link.lower.row + 1);
      places.push({ end: "source", x: at("lower"), y }, { end: "source", x: at("upper"), y });
    });
  }
  const isUp = (part.source?.row ?? 0) < (part.target?.row ?? 0);
  if (!isUp) places.reverse();
  return [endPoint(lines, part, "source", mode), ...places, endPoint(lines, part, "target", mode)];
}

/** A loop at the side of a box. */
function innerPlaces(lines: Lines, part: Part, mode: Mode): Place[] {
  const [source, target] = [
    endPoint(lines, part, "source", mode),
    endPoint(lines, part, "target", mode),
  ];
  const x = Math.max(source.x, target.x) + MEASURE.inner;
  return [source, { ...source, x }, { ...source, x, y: target.y }, target];
}

/** From a child up to its parent: upright to just below it, then across; several of one child beside one another. */
function childPlaces(lines: Lines, part: Part): Place[] {
  const { source, target } = part;
  if (!source || !target) return [];
  const siblings = lines.context.parts.filter(
    (one) => one.source === source && one.target === target && one.wire.child === part.wire.child,
  );
  const [count, index] = [siblings.length, siblings.indexOf(part)];
  const outwards = part.wire.child === "left" ? -1 : 1;
  const share = count > 1 ? count - index - 0.5 : 1;
  const half = (id: string): number => (lines.context.extents.get(id)?.height ?? 0) / 2;
  const top = (lines.grid.rowY[source.row] ?? 0) - half(source.key);
  const bottom = (lines.grid.rowY[target.row] ?? 0) + half(target.key);
  const x = target.x + outwards * share * MEASURE.port;
  const corner = bottom + MEASURE.entry + index * MEASURE.track;
  const start = source.x + outwards * ((count - 1) / 2 - index) * MEASURE.port;
  return [
    { end: "source", x: start, y: top },
    { end: "source", x: start, y: corner, level: "target" },
    { end: "target", x, y: corner },
    { end: "target", x, y: bottom },
  ];
}

/** Out of the column, along the gap and into another column. */
function passingPlaces(lines: Lines, part: Part, mode: Mode): Place[] {
  if (part.wire.child !== null && mode === "unfolded") return childPlaces(lines, part);
  const source = endPoint(lines, part, "source", mode);
  const target = endPoint(lines, part, "target", mode);
  const gap = `${part.key}/gap`;
  const isArc = Math.abs(part.delay) > 1;
  const second = isArc && mode === "unfolded" ? `${part.key}/gap2` : gap;
  const [fromY, toY] = lines.gapSpan(part, mode);
  const outX = lines.gapAt(part, "source", mode, gap);
  const inX = lines.gapAt(part, "target", mode, second);
  const places: Place[] = [source];
  if (part.exit === "top") places.push({ end: "source", x: source.x, y: fromY });
  if (mode === "unfolded" && part.isStraight) {
    const middle: Place = { end: "source", x: outX, y: source.y };
    // The last piece is short and outside the box: the head looks along it.
    const outside = part.entry.unfolded === "right" ? 1 : -1;
    const before: Place = { end: "target", x: target.x + outside, y: target.y };
    return [source, middle, { ...middle }, before, target];
  }
  places.push({ end: "source", x: outX, y: fromY });
  if (isArc) {
    const laneY =
      mode === "unfolded"
        ? lines.track(mode, `${part.key}/lane`, (part.source?.row ?? 0) + 1)
        : (fromY + toY) / 2;
    places.push(
      { end: "source", x: outX, y: laneY, isInLane: true },
      { end: "target", x: inX, y: laneY, isInLane: true },
    );
  }
  const isOwn = part.kind === "arrive" || isFromHead(lines.context, part) || isBack(part);
  const isShared = isArc || (!isOwn && (part.kind === "depart" || mode === "folded"));
  places.push({ end: isShared ? "target" : "source", x: isShared ? inX : outX, y: toY });
  if (part.isStraight || part.entry[mode] === "bottom") {
    const x = part.entry[mode] === "bottom" ? target.x : inX;
    places.push({ end: "target", x, y: toY });
  }
  return [...places, target];
}

function joinPlaces(lines: Lines, part: Part, mode: Mode): Place[] {
  const source = endPoint(lines, part, "source", mode);
  const railY = lines.railY(part, mode);
  const isTop = part.exit === "top";
  if (part.kind === "join") {
    const x = isTop ? source.x : lines.joinX(part, mode);
    const corner: Place[] = isTop ? [] : [{ end: "source", x, y: source.y }];
    return [source, ...corner, { end: "source", x, y: railY }];
  }
  const exitY = lines.gapSpan(part, mode)[0];
  const gapX = lines.gapAt(part, "source", mode, `${part.key}/gap`);
  return [
    source,
    ...(isTop ? [{ end: "source" as const, x: source.x, y: exitY }] : []),
    { end: "source", x: gapX, y: exitY },
    { end: "source", x: gapX, y: railY },
  ];
}

function fanPlaces(lines: Lines, part: Part, mode: Mode): Place[] {
  const target = endPoint(lines, part, "target", mode);
  const railY = lines.railY(part, mode);
  if (part.kind === "fan" || isDirectSink(lines.context.parts, part)) {
    return [{ end: "target", x: target.x, y: railY }, target];
  }
  const gapX = lines.gapAt(part, "target", mode, `${part.key}/gap`);
  const entryY = lines.gapSpan(part, mode)[1];
  return [
    { end: "target", x: gapX, y: railY },
    { end: "target", x: gapX, y: entryY },
    { end: "target", x: target.x, y: entryY },
    target,
  ];
}

function placesOf(lines: Lines, part: Part, mode: Mode): Place[] {
  switch (part.kind) {
    case "within":
      return withinPlaces(lines, part, mode);
    case "inner":
      return innerPlaces(lines, part, mode);
    case "delayed":
    case "arrive":
    case "depart":
    case "over":
      return passingPlaces(lines, part, mode);
    case "join":
    case "spring":
      return joinPlaces(lines, part, mode);
    case "fan":
    case "sink":
      return fanPlaces(lines, part, mode);
  }
}

/** The points of one part. Both modes have the same number: a missing corner lies on its neighbour. */
export function routeOf(lines: Lines, part: Part): Waypoint[] {
  const folded = placesOf(lines, part, "folded");
  const unfolded = placesOf(lines, part, "unfolded");
  while (folded.length < unfolded.length) folded.splice(-1, 0, { ...(folded.at(-1) as Place) });
  while (unfolded.length < folded.length) unfolded.splice(-1, 0, { ...(unfolded.at(-1) as Place) });
  const port = unfolded[0];
  const arrival = unfolded.at(-1);
  return unfolded.map((place, index) => {
    const other = folded[index] ?? place;
    const isExit = index === 0 || (index === 1 && part.exit === "top" && place.x === port?.x);
    const isEntry =
      index === unfolded.length - 1 ||
      (index === unfolded.length - 2 && place.end === "target" && place.x === arrival?.x);
    return {
      end: place.end,
      level: place.level ?? place.end,
      folded: { x: other.x, y: other.y },
      unfolded: { x: place.x, y: place.y },
      isInLane: place.isInLane === true,
      isAtBox: isExit || isEntry,
    };
  });
}

/** By how much the arc that ends at a step lies below the highest. */
export function laneOffset(delay: number, step: number): number {
  const lanes = Math.abs(delay);
  if (lanes < 2) return 0;
  return (((step % lanes) + lanes) % lanes) * laneOf(delay);
}
