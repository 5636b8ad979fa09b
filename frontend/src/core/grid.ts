/**
 * Heights of rows and channels, widths of gaps, and the track of every line in them. Tracks depend on
 * where lines come from, and that on the tracks: a few rounds settle it.
 */

import { type Context, isFromHead, isPassing, Lines, usesGap } from "./lines.ts";
import { MEASURE } from "./measures.ts";
import type { Mode, Part } from "./parts.ts";
import { type End, portsOf, sideOf } from "./ports.ts";
import { arrangeTracks, type TrackRun } from "./tracks.ts";

/** Finds every track of a band, and with them its heights and widths. */
export function settleGrid(context: Context): Lines {
  const lines = new Lines(context);
  for (let round = 0; round < 4; round++) {
    placePorts(lines);
    placeChannels(lines);
    placePorts(lines);
    placeGaps(lines);
  }
  placePorts(lines);
  placeChannels(lines);
  // Gaps and channels may keep turning each other about: what counts is that the last of them knew the other.
  placeGaps(lines);
  placePorts(lines);
  return lines;
}

function placePorts(lines: Lines): void {
  const { columns, extents } = lines.context;
  const lattices = (["step", "tail", "head"] as const).map(
    (place) => columns.columns[place].lattice,
  );
  lines.grid.ports = portsOf(
    lattices,
    lines.context.parts,
    (element) => extents.get(element.key) ?? { shape: "vector", width: 0, height: 0 },
    (part, end, mode) => lines.bendOf(part, end, mode),
  );
}

function placeChannels(lines: Lines): void {
  const { columns, parts, extents } = lines.context;
  const arranged = {
    folded: arrangeMode(lines, "folded"),
    unfolded: arrangeMode(lines, "unfolded"),
  };
  const height = (row: number): number =>
    Math.max(
      0,
      ...(["step", "tail", "head"] as const).flatMap((place) =>
        (columns.columns[place].lattice.rows[row] ?? []).map(
          (element) => extents.get(element.key)?.height ?? 0,
        ),
      ),
    );
  let y = 0;
  for (let channel = columns.rowCount; channel >= 0; channel--) {
    const counts = [arranged.folded[channel]?.count ?? 0, arranged.unfolded[channel]?.count ?? 0];
    const count = Math.max(...counts);
    const isOuter = channel === 0 || channel === columns.rowCount;
    const hasName = parts.some(
      (part) =>
        part.wire.parameter !== null &&
        part.target?.row === channel &&
        (part.entry.folded === "bottom" || part.entry.unfolded === "bottom"),
    );
    const entry = channel === columns.rowCount ? 0 : hasName ? MEASURE.entry : MEASURE.plainEntry;
    const exit = channel === 0 ? 0 : MEASURE.exit;
    const tracks = Math.max(count - 1, 0) * MEASURE.track;
    const needed = entry + tracks + exit;
    const size =
      isOuter && count === 0 ? 0 : isOuter ? needed : Math.max(needed, MEASURE.leastChannel);
    lines.grid.channelY[channel] = y + entry + tracks / 2;
    for (const mode of ["folded", "unfolded"] as const) {
      const own = arranged[mode][channel];
      if (!own) continue;
      const slack = size - entry - exit - Math.max(own.count - 1, 0) * MEASURE.track;
      const top = y + entry + (isOuter ? 0 : slack / 2);
      for (const [key, level] of own.levels) {
        lines.grid.modes[mode].trackY.set(key, top + level * MEASURE.track);
      }
    }
    y += size;
    if (channel > 0) {
      const tall = height(channel - 1);
      lines.grid.rowY[channel - 1] = y + tall / 2;
      y += tall;
    }
  }
  lines.grid.height = y;
}

function arrangeMode(lines: Lines, mode: Mode): { levels: Map<string, number>; count: number }[] {
  const { left, right } = lines.context.columns.columns.step;
  const period = mode === "unfolded" ? left + right + lines.grid.modes.unfolded.gapRight : null;
  return lines.channelRuns(mode).map((runs) => arrangeTracks(runs, period, CHANNEL_ROOM));
}

function placeGaps(lines: Lines): void {
  placeUnfoldedGap(lines);
  placeFoldedGap(lines, "right");
  placeFoldedGap(lines, "left");
  placeFoldedHead(lines);
}

/** The side of a box on which a part ends beside it; nothing where it ends above or below. */
function boxSide(part: Part, end: End, mode: Mode): string | undefined {
  const element = part[end];
  const side = sideOf(part, end, mode);
  return element && (side === "left" || side === "right") ? `${element.key} ${side}` : undefined;
}

function gapRun(
  part: Part,
  mode: Mode,
  key: string,
  from: number,
  to: number,
  sides: TrackRun["stubs"],
): TrackRun {
  const isLoop = mode === "folded" && part.kind === "delayed";
  const thickness = isLoop ? MEASURE.foldedTrack / MEASURE.track : 1;
  return { key, from: Math.min(from, to), to: Math.max(from, to), stubs: sides, thickness };
}

/** Room for two round corners in a channel; in a gap lines leave at once. */
const CHANNEL_ROOM = 10;
const GAP_ROOM = 3;

function shortestFirst(runs: readonly TrackRun[]): TrackRun[] {
  return [...runs].sort((a, b) => a.to - a.from - (b.to - b.from));
}

function placeUnfoldedGap(lines: Lines): void {
  const runs: TrackRun[] = [];
  for (const part of lines.context.parts) {
    if (!usesGap(lines.context, part) || part.isStraight) continue;
    if (isPassing(lines.context, part)) continue;
    const [from, to] = lines.gapSpan(part, "unfolded");
    const forward = part.delay >= 0;
    const [near, far] = forward ? (["before", "after"] as const) : (["after", "before"] as const);
    const [fromBox, toBox] = [
      boxSide(part, "source", "unfolded"),
      boxSide(part, "target", "unfolded"),
    ];
    const key = `${part.key}/gap`;
    if (Math.abs(part.delay) > 1 && part.source) {
      const lane = lines.track("unfolded", `${part.key}/lane`, part.source.row + 1);
      const out: TrackRun["stubs"] = [
        { at: from, side: near, box: fromBox },
        { at: lane, side: far },
      ];
      const back: TrackRun["stubs"] = [
        { at: lane, side: near },
        { at: to, side: far, box: toBox },
      ];
      runs.push(gapRun(part, "unfolded", key, from, lane, out));
      runs.push(gapRun(part, "unfolded", `${part.key}/gap2`, lane, to, back));
    } else {
      const end = part.kind === "join" ? near : far;
      const stubs: TrackRun["stubs"] = [
        { at: from, side: near, box: fromBox },
        { at: to, side: end, box: toBox },
      ];
      runs.push(gapRun(part, "unfolded", key, from, to, stubs));
    }
  }
  const { levels, count } = arrangeTracks(shortestFirst(runs), null, GAP_ROOM);
  const grid = lines.grid.modes.unfolded;
  grid.gapX = new Map(
    [...levels].map(([key, level]) => [key, MEASURE.gapLeft + level * MEASURE.track]),
  );
  addPassage(lines, "unfolded");
  const needed = MEASURE.gapLeft + Math.max(count - 1, 0) * MEASURE.track + MEASURE.gapRight;
  grid.gapRight = Math.max(needed, lines.context.leastGap);
}

function placeFoldedGap(lines: Lines, side: "left" | "right"): void {
  const runs: TrackRun[] = [];
  for (const part of lines.context.parts) {
    if (!usesGap(lines.context, part) || isPassing(lines.context, part)) continue;
    if (part.delay >= 0 !== (side === "right") || isFromHead(lines.context, part)) continue;
    const [from, to] = lines.gapSpan(part, "folded");
    const isOutward = part.kind === "arrive" || part.kind === "sink" || part.kind === "depart";
    const stubs: TrackRun["stubs"] = [
      { at: from, side: "before", box: boxSide(part, "source", "folded") },
      { at: to, side: isOutward ? "after" : "before", box: boxSide(part, "target", "folded") },
    ];
    runs.push(gapRun(part, "folded", `${part.key}/gap`, from, to, stubs));
  }
  const { levels, count } = arrangeTracks(shortestFirst(runs), null, GAP_ROOM);
  const grid = lines.grid.modes.folded;
  for (const [key, level] of levels) grid.gapX.set(key, MEASURE.loop + level * MEASURE.track);
  if (side === "right") addPassage(lines, "folded");
  const needed = count === 0 ? 0 : MEASURE.loop + count * MEASURE.track;
  if (side === "right") grid.gapRight = Math.max(needed + MEASURE.gapRight, MEASURE.leastGap);
  else grid.gapLeft = needed;
}

function placeFoldedHead(lines: Lines): void {
  const runs: TrackRun[] = [];
  for (const part of lines.context.parts) {
    if (!isFromHead(lines.context, part) || isPassing(lines.context, part)) continue;
    const [from, to] = lines.gapSpan(part, "folded");
    const stubs: TrackRun["stubs"] = [
      { at: from, side: "before", box: boxSide(part, "source", "folded") },
      { at: to, side: "after" },
    ];
    runs.push(gapRun(part, "folded", `${part.key}/gap`, from, to, stubs));
  }
  const { levels, count } = arrangeTracks(shortestFirst(runs), null, GAP_ROOM);
  const grid = lines.grid.modes.folded;
  for (const [key, level] of levels) grid.gapX.set(key, MEASURE.gapLeft + level * MEASURE.track);
  const needed = MEASURE.gapLeft + Math.max(count - 1, 0) * MEASURE.track + MEASURE.gapRight;
  grid.gapHead = Math.max(needed, MEASURE.leastGap);
}

function addPassage(lines: Lines, mode: Mode): void {
  for (const part of lines.context.parts) {
    const offset = lines.context.passage.get(part.wire.id)?.[mode];
    if (offset === undefined || !isPassing(lines.context, part)) continue;
    lines.grid.modes[mode].gapX.set(`${part.key}/gap`, offset);
  }
}
