import { expect, test } from "vitest";
import { added, type Chosen, readPins, turnedTo, writePins } from "../../src/core/pins.ts";
import type { Selection } from "../../src/core/types.ts";

const node = (id: string, step: number | null): Selection => ({ kind: "node", id, step });
const W: Selection = { kind: "parameter", id: "W" };
const NOTHING: Chosen = { selection: null, pins: [] };

test("one after the other they are pinned at the step where they stood", () => {
  const first = added(NOTHING, node("h", null), 2);
  expect(first).toEqual({ selection: node("h", null), pins: [] });
  const second = added(first, node("h", 5), 2);
  expect(second).toEqual({ selection: node("h", 5), pins: [node("h", 2)] });
  expect(added(second, W, 5)).toEqual({ selection: W, pins: [node("h", 2), node("h", 5)] });
});

test("what is chosen already is given up", () => {
  const both: Chosen = { selection: W, pins: [node("h", 2), node("h", 5)] };
  expect(added(both, node("h", 2), 5)).toEqual({ selection: W, pins: [node("h", 5)] });
  expect(added(both, W, 5)).toEqual({ selection: node("h", 5), pins: [node("h", 2)] });
  expect(added({ selection: W, pins: [] }, W, 1)).toEqual(NOTHING);
});

test("a pin is turned to, and the inspected one pinned in its place", () => {
  const both: Chosen = { selection: node("s", null), pins: [node("h", 2), W] };
  expect(turnedTo(both, node("h", 2), 4)).toEqual({
    selection: node("h", 2),
    pins: [node("s", 4), W],
  });
});

test("a link holds them", () => {
  const pins: Selection[] = [
    node("h", 3),
    node("h", 0),
    W,
    { kind: "edge", id: "h-f-W_f-+1", step: 2 },
    node("α", null),
  ];
  expect(writePins(pins)).toBe("h@3,h@0,parameter:W,edge:h-f-W_f-+1@2,α");
  expect(readPins(writePins(pins))).toEqual(pins);
  expect(readPins("")).toBeUndefined();
});
