/** Numbers as the page writes them: four significant digits, a true minus, no noise. */

const DIGITS = 4;

/** "0.7311", "−12.5", "1.3e−7", "0"; what is not finite says so. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const isPlain = size >= 1e-4 && size < 1e5;
  const text = isPlain
    ? String(Number(value.toPrecision(DIGITS)))
    : value.toExponential(DIGITS - 1).replace(/\.?0+e/, "e");
  return text.replace(/e\+/, "e").replace(/-/g, "−");
}

/** The shortest decimal that still is this float32. */
export function fullNumber(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  return String(shortest(value)).replace(/-/g, "−");
}

/** The number of fewest digits that still is this float32. */
function shortest(value: number): number {
  for (let digits = 6; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}

/** Values to be copied, in rows where there are columns; what JSON lacks is written as Python's json reads it. */
export function copied(values: ArrayLike<number>, columns?: number): string {
  const words = Array.from(values, (value) => String(shortest(value)));
  if (columns === undefined) return `[${words.join(", ")}]`;
  const rows = Array.from({ length: words.length / columns }, (_, row) =>
    words.slice(row * columns, (row + 1) * columns).join(", "),
  );
  return `[${rows.map((row) => `[${row}]`).join(", ")}]`;
}

/** 1284 -> "1,284"; 12345678 -> "12.3 M". */
export function formatCount(value: number): string {
  if (value < 1e6) return Math.round(value).toLocaleString("en-US");
  const units: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
  ];
  const [scale, unit] = units.find(([each]) => value >= each) ?? [1, ""];
  return `${Number((value / scale).toPrecision(3))} ${unit}`;
}

/** 5678 -> "5.68 kB". */
export function formatBytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return `${Number((value / 1000 ** power).toPrecision(3))} ${units[power]}`;
}

/** [8, 27] -> "8 × 27"; [] -> the word for a scalar. */
export function formatShape(shape: readonly number[], scalar: string): string {
  return shape.length === 0 ? scalar : shape.join(" × ");
}
