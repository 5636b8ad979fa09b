/**
 * Parallel lines in one channel: who runs beside whom, so that as few as possible cross and none lie on one
 * another. The same arithmetic serves the channels between rows and the gaps between columns.
 */

export interface Stub {
  at: number;
  side: "before" | "after";
  /** The side of a box where it ends. Lines to one side take their places there by their tracks. */
  box?: string | undefined;
}

/** A straight run along a channel. `before` is the side of smaller coordinates across the channel. */
export interface TrackRun {
  key: string;
  from: number;
  to: number;
  /** Where lines leave the run across the channel, and to which side. */
  stubs: Stub[];
  /** How many tracks the run takes. */
  thickness: number;
  /** Runs of one group may lie on one another: they are one line. */
  group?: string;
}

const CLOSE = 4;
const COLLISION = 60;

/** Whether a place along the channel lies on the run, in this column or a neighbouring one. */
function covers(run: TrackRun, at: number, period: number | null): boolean {
  const shifts = period === null ? [0] : [-2, -1, 0, 1, 2].map((count) => count * period);
  return shifts.some((shift) => at + shift > run.from + 0.5 && at + shift < run.to - 0.5);
}

function meet(a: TrackRun, b: TrackRun, period: number | null, room: number): boolean {
  const shifts = period === null ? [0] : [-2, -1, 0, 1, 2].map((count) => count * period);
  return shifts.some((shift) => a.from + shift < b.to + room && a.to + shift > b.from - room);
}

function collide(a: number, b: number, period: number | null): boolean {
  const distance = Math.abs(a - b);
  if (period === null) return distance < CLOSE;
  const rest = distance % period;
  return Math.min(rest, period - rest) < CLOSE;
}

/** Whether another run ends on the same side of the same box: then neither need cross the other there. */
function isShared(stub: Stub, other: TrackRun): boolean {
  return stub.box !== undefined && other.stubs.some((one) => one.box === stub.box);
}

/** What it costs when `first` lies before `second`. */
function costOfOrder(first: TrackRun, second: TrackRun, period: number | null): number {
  let cost = 0;
  for (const stub of first.stubs) {
    if (stub.side !== "after") continue;
    if (covers(second, stub.at, period) && !isShared(stub, second)) cost += 1;
    for (const other of second.stubs) {
      if (other.side === "before" && collide(stub.at, other.at, period)) cost += COLLISION;
    }
  }
  for (const stub of second.stubs) {
    if (stub.side !== "before" || isShared(stub, first)) continue;
    if (covers(first, stub.at, period)) cost += 1;
  }
  return cost;
}

/**
 * Track of each run, counted from the `before` side; and how many tracks there are. Runs nearer to one another
 * than `room` along the channel do not share a track. Those given first lie nearer where all else is equal.
 */
export function arrangeTracks(
  runs: readonly TrackRun[],
  period: number | null,
  room: number,
): { levels: Map<string, number>; count: number } {
  const size = runs.length;
  const costs = runs.map((a) => runs.map((b) => (a === b ? 0 : costOfOrder(a, b, period))));
  const order = runs.map((_, index) => index);
  const total = (): number => {
    let sum = 0;
    for (let i = 0; i < size; i++) {
      for (let j = i + 1; j < size; j++) sum += costs[order[i] ?? 0]?.[order[j] ?? 0] ?? 0;
    }
    return sum;
  };
  let best = total();
  for (let changed = true; changed; ) {
    changed = false;
    for (let from = 0; from < size; from++) {
      for (let to = 0; to < size; to++) {
        if (from === to) continue;
        order.splice(to, 0, ...order.splice(from, 1));
        const sum = total();
        if (sum < best) {
          best = sum;
          changed = true;
        } else {
          order.splice(from, 0, ...order.splice(to, 1));
        }
      }
    }
  }
  const levels = new Map<string, number>();
  let count = 0;
  order.forEach((index, place) => {
    const run = runs[index];
    if (!run) return;
    let level = 0;
    for (const earlier of order.slice(0, place)) {
      const other = runs[earlier];
      if (!other) continue;
      const isSame = run.group !== undefined && run.group === other.group;
      const mustFollow =
        !isSame && (meet(run, other, period, room) || (costs[index]?.[earlier] ?? 0) > 0);
      if (mustFollow) level = Math.max(level, (levels.get(other.key) ?? 0) + other.thickness);
      if (isSame) level = Math.max(level, levels.get(other.key) ?? 0);
    }
    levels.set(run.key, level);
    count = Math.max(count, level + run.thickness);
  });
  return { levels, count };
}
