/** Pasted numbers -> rows for a real-valued input, or the place of what does not fit. */

export type NumbersFault =
  | { code: "empty" }
  | { code: "not-a-number"; row: number; column: number; found: string }
  | { code: "row-length"; row: number; have: number; expected: number }
  | { code: "json"; message: string };

export type NumbersResult = { rows: number[][] } | { fault: NumbersFault };

/** Reads JSON (a list, or a list of lists) or lines of numbers apart by commas, tabs or spaces. */
export function parseNumbers(text: string, width: number): NumbersResult {
  const trimmed = text.trim();
  if (!trimmed) return { fault: { code: "empty" } };
  const cells = trimmed.startsWith("[") ? cellsOfJson(trimmed) : cellsOfLines(trimmed);
  if ("fault" in cells) return cells;
  return check(cells.rows, width);
}

interface Cells {
  rows: unknown[][];
}

function cellsOfJson(text: string): Cells | { fault: NumbersFault } {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return { fault: { code: "empty" } };
    return { rows: value.map((row: unknown) => (Array.isArray(row) ? row : [row])) };
  } catch (error) {
    return { fault: { code: "json", message: error instanceof Error ? error.message : "" } };
  }
}

function cellsOfLines(text: string): Cells {
  const rows = text
    .split(/\r?\n/)
    .filter((line) => line.trim())
    .map((line) =>
      line
        .trim()
        .split(/\s*[,;\t，；]\s*|\s+/)
        .filter((cell, i, all) => cell || i < all.length - 1),
    );
  return { rows };
}

function check(rows: unknown[][], width: number): NumbersResult {
  const parsed: number[][] = [];
  for (const [i, row] of rows.entries()) {
    const numbers: number[] = [];
    for (const [j, cell] of row.entries()) {
      const number = typeof cell === "string" ? Number(cell) : cell;
      if (typeof number !== "number" || !Number.isFinite(number) || cell === "") {
        const found = typeof cell === "string" ? cell : JSON.stringify(cell);
        return { fault: { code: "not-a-number", row: i + 1, column: j + 1, found } };
      }
      numbers.push(number);
    }
    parsed.push(numbers);
  }
  if (parsed.length === 0) return { fault: { code: "empty" } };
  if (width === 1 && parsed.length === 1) {
    return { rows: (parsed[0] ?? []).map((number) => [number]) }; // one number a step, on one line
  }
  const bad = parsed.findIndex((row) => row.length !== width);
  if (bad < 0) return { rows: parsed };
  const have = parsed[bad]?.length ?? 0;
  return { fault: { code: "row-length", row: bad + 1, have, expected: width } };
}

/** The text in which rows are shown for editing: what `parseNumbers` reads back. */
export function writeNumbers(rows: readonly (readonly number[] | number)[]): string {
  return rows.map((row) => (typeof row === "number" ? [row] : row).join(", ")).join("\n");
}
