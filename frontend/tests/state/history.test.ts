import { expect, test } from "vitest";
import { begin, change, redo, undo } from "../../src/state/history.ts";

test("keystrokes in one go are undone together", () => {
  let history = begin("");
  for (const [i, text] of ["h", "he", "hel"].entries())
    history = change(history, text, i * 100, true);
  history = change(history, "hello", 5000, true);
  history = undo(history);
  expect(history.present).toBe("hel");
  expect(undo(history).present).toBe("");
});

test("redo brings back what undo took, until something new is typed", () => {
  let history = change(change(begin("a"), "b", 0, false), "c", 1, false);
  history = undo(undo(history));
  expect(redo(redo(history)).present).toBe("c");
  expect(redo(change(history, "d", 2, false)).present).toBe("d");
});

test("the ends of the history hold still", () => {
  const history = begin("a");
  expect(undo(history)).toBe(history);
  expect(redo(history)).toBe(history);
});
