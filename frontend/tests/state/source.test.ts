import { expect, test } from "vitest";
import { breakLine, caretAfter, indent, pieces, spanOn } from "../../src/state/source.ts";

test("a line falls into names, numbers, signs and remarks that join to the line again", () => {
  const line = "    s[t] = α * s[t-1] + 0.5e-3  # a leak";
  const cut = pieces(line, []);
  expect(cut.map((piece) => piece.text).join("")).toBe(line);
  expect(cut.filter((piece) => piece.kind === "name").map((piece) => piece.text)).toEqual([
    "s",
    "t",
    "α",
    "s",
    "t",
  ]);
  expect(cut.at(-1)).toEqual({ text: "# a leak", kind: "comment", isFault: false });
});

test("a fault underlines its characters, counted in code points", () => {
  const faults = pieces("𝛼 = tanhh(x)", [{ from: 5, to: 10 }]).filter((piece) => piece.isFault);
  expect(faults.map((piece) => piece.text)).toEqual(["tanhh"]);
});

test("a fault at the end of a line shows as a blank there", () => {
  expect(pieces("for t in time", [{ from: 14, to: 15 }]).at(-1)).toMatchObject({ isFault: true });
});

test("a fault over several lines covers its part of each", () => {
  const fault = { code: "x", detail: "", hint: "", line: 2, column: 5, end_line: 3, end_column: 4 };
  expect([1, 2, 3, 4].map((line) => spanOn(fault, line))).toEqual([
    null,
    { from: 5, to: Number.POSITIVE_INFINITY },
    { from: 1, to: 4 },
    null,
  ]);
});

test("Tab indents the caret or every selected line, Shift Tab takes it back", () => {
  expect(indent("ab", 1, 1, false)).toEqual({ text: "a    b", from: 5, to: 5 });
  const both = indent("a\nb", 0, 3, false);
  expect(both.text).toBe("    a\n    b");
  expect(indent(both.text, 0, both.text.length, true).text).toBe("a\nb");
});

test("Enter keeps the depth, and goes deeper after a colon", () => {
  expect(breakLine("for t in time:", 14, 14).text).toBe("for t in time:\n    ");
  expect(breakLine("    h = 1", 9, 9).text).toBe("    h = 1\n    ");
});

test("after undo the caret stands behind what changed", () => {
  expect(caretAfter("h = tanhh(x)", "h = tanh(x)")).toBe(8);
});
