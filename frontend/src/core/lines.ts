/**
 * Where the lines of a band run, given the tracks found so far: ends, vertical pieces in the gaps, and the runs
 * in every channel that the next round of arranging starts from.
 */

import type { Element } from "./lattice.ts";
import { type Extent, laneOf, MEASURE } from "./measures.ts";
import type { BandColumns, Mode, Part } from "./parts.ts";
import { type Bend, type End, type Port, type PortKey, portKey, sideOf } from "./ports.ts";
import type { Place } from "./structure.ts";
import type { TrackRun } from "./tracks.ts";

export interface ModeGrid {
  /** y of a channel's track by its key, from the top of the band. */
  trackY: Map<string, number>;
  /** Offset of a gap's track by its key: from the left end of the gap, or outwards from a folded column. */
  gapX: Map<string, number>;
  gapRight: number;
  gapLeft: number;
  /** Folded: between what stands once before the first step and the loops at the left of the column. */
  gapHead: number;
}

export interface Grid {
  rowY: number[];
  height: number;
  /** Where channels 0 (below the lowest row) to n (above the highest) have their middle. */
  channelY: number[];
  ports: Map<PortKey, Port>;
  modes: Record<Mode, ModeGrid>;
}

/** Placeholders for lines that leave the band upwards or downwards. */
export const FAR = 100_000;

export interface Context {
  columns: BandColumns;
  parts: readonly Part[];
  extents: ReadonlyMap<string, Extent>;
  /** For wires that touch another band: whether that band lies above. */
  isOtherAbove: ReadonlyMap<string, boolean>;
  /** Bands above one another share the pitch of their columns, hence the widest gap. */
  leastGap: number;
  /** Tracks for lines that pass from band to band, clear of every band's own. */
  passage: ReadonlyMap<string, Record<Mode, number>>;
}

export function placeOfElement(columns: BandColumns, element: Element): Place {
  for (const place of ["step", "tail", "head"] as const) {
    if (columns.columns[place].lattice.rows[element.row]?.includes(element)) return place;
  }
  return "step";
}

/** The channel in which a part's rail runs. */
function railChannel(part: Part): number {
  return part.kind === "join" ? (part.source?.row ?? 0) + 1 : (part.target?.row ?? 0);
}

export function ownsRail(part: Part): boolean {
  return part.kind === "join" || part.kind === "fan";
}

/** The part of the same wire that owns the rail this one meets. */
function railOwner(parts: readonly Part[], part: Part): Part | null {
  if (ownsRail(part)) return part;
  const wanted = part.kind === "sink" ? "join" : "fan";
  return parts.find((other) => other.wire.id === part.wire.id && other.kind === wanted) ?? null;
}

/** Lines from what stands once before the first step: in the folded drawing they have a gap of their own. */
export function isFromHead(context: Context, part: Part): boolean {
  const isOnce = part.kind === "spring" || part.kind === "depart" || part.kind === "over";
  return isOnce && part.source !== null && placeOfElement(context.columns, part.source) === "head";
}

/** From what comes once after the last step back to a value beyond it. */
export function isBack(part: Part): boolean {
  return part.kind === "depart" && part.delay < 0;
}

/** Whether the sink's rail runs right beneath it. */
export function isDirectSink(parts: readonly Part[], part: Part): boolean {
  const owner = railOwner(parts, part);
  return part.kind === "sink" && owner !== null && railChannel(owner) === part.target?.row;
}

/** Where a join that leaves sideways could turn up to its rail: right beside the box, clear of passing lines. */
export function besideX(context: Context, part: Part): number {
  const element = part.source;
  if (!element) return 0;
  const { columns } = context.columns;
  const row = columns[placeOfElement(context.columns, element)].lattice.rows[element.row];
  const slots = (row ?? []).filter((other) => !other.node).map((other) => other.x);
  const siblings = context.parts.filter(
    (other) => other.kind === "join" && other.source === element && other.exit === part.exit,
  );
  let x = element.x + element.half + MEASURE.join;
  for (let index = 0; ; x += MEASURE.track) {
    if (slots.some((slot) => Math.abs(slot - x) < MEASURE.track - 1)) continue;
    if (siblings[index] === part || index >= siblings.length) return x;
    index++;
  }
}

/** Whether a join finds its turn inside the column; else it takes a track of the gap. */
export function isTucked(context: Context, part: Part): boolean {
  if (part.kind !== "join" || part.exit !== "right") return false;
  return besideX(context, part) + MEASURE.track <= context.columns.columns.step.right;
}

/** Whether a line leads to a rail of another band. */
export function isPassing(context: Context, part: Part): boolean {
  const isOnce = part.kind === "spring" || part.kind === "sink";
  return isOnce && railOwner(context.parts, part) === null;
}

export function usesGap(context: Context, part: Part): boolean {
  const { parts } = context;
  switch (part.kind) {
    case "within":
    case "inner":
    case "fan":
      return false;
    case "join":
      return part.exit !== "top" && !isTucked(context, part);
    case "sink":
      return !isDirectSink(parts, part);
    case "depart":
      return !isBack(part);
    default:
      return true;
  }
}

export class Lines {
  readonly grid: Grid;

  constructor(readonly context: Context) {
    const empty = (): ModeGrid => ({
      trackY: new Map(),
      gapX: new Map(),
      gapRight: MEASURE.leastGap,
      gapLeft: 0,
      gapHead: MEASURE.leastGap,
    });
    const count = context.columns.rowCount;
    this.grid = {
      rowY: Array.from({ length: count }, (_, row) => -row * 80),
      height: 0,
      channelY: Array.from({ length: count + 1 }, (_, row) => 40 - row * 80),
      ports: new Map(),
      modes: { folded: empty(), unfolded: empty() },
    };
  }

  bendOf(part: Part, end: End, mode: Mode): Bend {
    const grid = this.grid.modes[mode];
    if (part.kind === "inner") {
      const isUpper = (end === "source") === part.wire.delay > 0;
      return { distance: 0, turn: isUpper ? "loop-out" : "loop-in" };
    }
    if (part.isStraight && mode === "unfolded") return { distance: 0, turn: "straight" };
    const isArc = Math.abs(part.delay) > 1 && mode === "unfolded";
    const key = isArc && end === "target" ? `${part.key}/gap2` : `${part.key}/gap`;
    const isBeside = isTucked(this.context, part);
    const offset = isBeside ? besideX(this.context, part) - FAR : (grid.gapX.get(key) ?? 0);
    const isLoop =
      mode === "folded" && part.source === part.target && part.entry.folded !== "bottom";
    if (isLoop && part.exit === part.entry.folded) {
      return { distance: offset, turn: end === "source" ? "loop-out" : "loop-in" };
    }
    const isAfter = sideOf(part, end, mode) === "right" || mode === "folded";
    const distance = isAfter ? offset : grid.gapRight - offset;
    if (isArc) return { distance, turn: "up" };
    const [low, high] = this.gapSpan(part, mode);
    const [own, other] = end === "source" ? [low, high] : [high, low];
    return { distance, turn: other < own ? "up" : "down" };
  }

  /** Position of an end of a part in its own column. */
  endOf(part: Part, end: End, mode: Mode): { x: number; y: number } {
    const element = part[end];
    if (!element) return { x: 0, y: 0 };
    const port = this.grid.ports.get(portKey(part, end, mode)) ?? { dx: 0, dy: 0 };
    return { x: element.x + port.dx, y: (this.grid.rowY[element.row] ?? 0) + port.dy };
  }

  track(mode: Mode, key: string, channel: number): number {
    return this.grid.modes[mode].trackY.get(key) ?? this.grid.channelY[channel] ?? 0;
  }

  railY(part: Part, mode: Mode): number {
    const owner = railOwner(this.context.parts, part);
    if (owner) return this.track(mode, `${owner.key}/rail`, railChannel(owner));
    return this.context.isOtherAbove.get(part.wire.id) ? -FAR : FAR;
  }

  /** From which y to which y a part runs in the gap, source first. */
  gapSpan(part: Part, mode: Mode): [number, number] {
    const source = part.source;
    const target = part.target;
    const from = source
      ? part.exit === "top"
        ? this.track(mode, `${part.key}/exit`, source.row + 1)
        : this.endOf(part, "source", mode).y
      : this.railY(part, mode);
    if (!target) return [from, this.railY(part, mode)];
    const to =
      part.entry[mode] === "bottom"
        ? this.track(mode, `${part.key}/entry`, target.row)
        : this.endOf(part, "target", mode).y;
    return [from, to];
  }

  /** x of a part's vertical line, in the column of its source or of its target. */
  gapAt(part: Part, end: End, mode: Mode, key: string): number {
    const { columns } = this.context.columns;
    const element = part[end] ?? part.source ?? part.target;
    const column = columns[element ? placeOfElement(this.context.columns, element) : "step"];
    if (isBack(part)) {
      const index = this.context.parts.filter(isBack).indexOf(part);
      return -(part.source ? columns.tail.left : 0) - MEASURE.backGap - index * MEASURE.track;
    }
    const grid = this.grid.modes[mode];
    const offset = grid.gapX.get(key) ?? MEASURE.gapLeft;
    const forward = part.delay >= 0;
    if (mode === "folded") {
      const isTail = end === "target" && (part.kind === "arrive" || part.kind === "sink");
      if (isTail) return -column.left - grid.gapRight + offset;
      const isDepart = end === "target" && part.kind === "depart";
      if (isDepart) return -column.left - grid.gapRight + offset;
      return forward ? column.right + offset : -column.left - offset;
    }
    const isAfter = end === "source" ? forward : !forward;
    return isAfter ? column.right + offset : -column.left - grid.gapRight + offset;
  }

  /** Where a join that leaves sideways turns up to its rail. */
  joinX(part: Part, mode: Mode): number {
    return isTucked(this.context, part)
      ? besideX(this.context, part)
      : this.gapAt(part, "source", mode, `${part.key}/gap`);
  }

  channelRuns(mode: Mode): TrackRun[][] {
    const runs: TrackRun[][] = Array.from({ length: this.context.columns.rowCount + 1 }, () => []);
    for (const part of this.context.parts) {
      if (part.kind === "within") this.addLinks(runs, part, mode);
      else if (part.kind !== "inner") this.addPassing(runs, part, mode);
    }
    return runs;
  }

  addLinks(runs: TrackRun[][], part: Part, mode: Mode): void {
    const { columns } = this.context.columns;
    for (const place of ["step", "tail", "head"] as const) {
      const chain = columns[place].lattice.chains.get(part.wire.id) ?? [];
      chain.forEach((link, index) => {
        const at = (element: Element): number =>
          element.node
            ? this.endOf(part, part.source === element ? "source" : "target", mode).x
            : element.x;
        const [low, high] = [at(link.lower), at(link.upper)];
        if (Math.abs(low - high) < 1) return;
        runs[link.lower.row + 1]?.push({
          key: `${part.key}/link/${index}`,
          from: Math.min(low, high),
          to: Math.max(low, high),
          stubs: [
            { at: low, side: "after" },
            { at: high, side: "before" },
          ],
          thickness: 1,
        });
      });
    }
  }

  addPassing(runs: TrackRun[][], part: Part, mode: Mode): void {
    const [from, to] = this.gapSpan(part, mode);
    const gap = `${part.key}/gap`;
    const second = Math.abs(part.delay) > 1 ? `${part.key}/gap2` : gap;
    const vertical = to < from ? "before" : "after";
    if (part.source && part.exit === "top") {
      const x = this.endOf(part, "source", mode).x;
      if (part.kind !== "join") {
        const gapX = this.gapAt(part, "source", mode, gap);
        runs[part.source.row + 1]?.push({
          key: `${part.key}/exit`,
          from: Math.min(x, gapX),
          to: Math.max(x, gapX),
          stubs: [
            { at: x, side: "after" },
            { at: gapX, side: vertical },
          ],
          thickness: 1,
        });
      }
    }
    if (ownsRail(part)) {
      const stubs: TrackRun["stubs"] = part.source
        ? [
            {
              at: part.exit === "top" ? this.endOf(part, "source", mode).x : this.joinX(part, mode),
              side: "after",
            },
          ]
        : [{ at: this.endOf(part, "target", mode).x, side: "before" }];
      runs[railChannel(part)]?.push({
        key: `${part.key}/rail`,
        from: -FAR,
        to: FAR,
        stubs,
        thickness: 1,
      });
    }
    if (Math.abs(part.delay) > 1 && mode === "unfolded" && part.source) {
      const lanes = Math.ceil((Math.abs(part.delay) * laneOf(part.delay)) / MEASURE.track);
      runs[part.source.row + 1]?.push({
        key: `${part.key}/lane`,
        from: -FAR,
        to: FAR,
        stubs: [
          { at: this.gapAt(part, "source", mode, gap), side: "after" },
          { at: this.gapAt(part, "target", mode, second), side: "after" },
        ],
        thickness: lanes,
      });
    }
    const isFan = part.kind === "fan" || isDirectSink(this.context.parts, part);
    if (part.target && part.entry[mode] === "bottom" && !isFan) {
      const x = this.endOf(part, "target", mode).x;
      const isLong = part.kind === "over" || isBack(part);
      const isHead = isFromHead(this.context, part);
      const gapX = isHead
        ? this.gapAt(part, "source", mode, gap)
        : this.gapAt(part, "target", mode, second);
      runs[part.target.row]?.push({
        key: `${part.key}/entry`,
        from: isLong ? -FAR : Math.min(x, gapX),
        to: isLong ? FAR : Math.max(x, gapX),
        stubs: [
          { at: gapX, side: vertical === "after" ? "before" : "after" },
          { at: x, side: "before" },
        ],
        thickness: 1,
      });
    }
  }
}
