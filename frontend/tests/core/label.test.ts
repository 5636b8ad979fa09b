import { expect, test } from "vitest";
import { runsAt, runsOfLatex, textOfRuns, widthOfRuns } from "../../src/core/label.ts";

const base = (text: string, face: string) => ({ text, face, level: "base" });

test.each([
  ["\\boldsymbol{h}", [base("h", "bold-italic")]],
  ["L", [base("L", "italic")]],
  ["\\mathrm{loss}", [base("loss", "roman")]],
  ["\\mathbf{content}", [base("content", "bold")]],
  ["\\alpha", [base("α", "italic")]],
  [
    "\\boldsymbol{W}_{f}",
    [base("W", "bold-italic"), { text: "f", face: "italic", level: "subscript" }],
  ],
  [
    "\\boldsymbol{b}_{\\mathrm{hn}}",
    [base("b", "bold-italic"), { text: "hn", face: "roman", level: "subscript" }],
  ],
  ["\\tilde{\\boldsymbol{h}}", [{ ...base("h", "bold-italic"), accent: "tilde" }]],
  [
    "\\boldsymbol{W}_{1}",
    [base("W", "bold-italic"), { text: "1", face: "roman", level: "subscript" }],
  ],
  ["\\text{门}", [base("门", "roman")]],
])("%s is read as its runs", (latex, runs) => {
  expect(runsOfLatex(latex)).toEqual(runs);
});

test("an index is raised, and stands above a subscript without widening it", () => {
  const runs = runsOfLatex("\\boldsymbol{W}_{f}");
  expect(textOfRuns(runsAt(runs, "3"))).toBe("W_f(3)");
  const plain = widthOfRuns(runsOfLatex("\\boldsymbol{W}"));
  const script = widthOfRuns(runsAt(runsOfLatex("\\boldsymbol{W}"), "3")) - plain;
  expect(widthOfRuns(runsAt(runs, "3"))).toBeCloseTo(plain + script, 6);
});
