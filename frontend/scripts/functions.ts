// Writes src/text/functions.ts, the table of the rule book, from the one vocabulary table in Python
// (backend/unrolled/language/functions.py). Run: npm run functions. A test checks that it is current.
import { readFile, writeFile } from "node:fs/promises";

const SOURCE = new URL("../../backend/unrolled/language/functions.py", import.meta.url);
export const TARGET = new URL("../src/text/functions.ts", import.meta.url);
const FAMILIES = ["elementwise", "vector", "random", "feedback", "loss", "tree"];
const LITERAL = /r?"((?:[^"\\]|\\.)*)"/g;

const HEAD = `/**
 * The functions of the language, for the rule book: how to write each, and what it is.
 * Written by \`npm run functions\` from the vocabulary table of the language; not to be edited.
 */
import type { Dictionary } from "./en.ts";

interface Row {
  usage: string;
  en: string;
  zh: string;
}

interface Group {
  family: keyof Dictionary["rules"]["families"];
  rows: Row[];
}

export const FUNCTIONS: readonly Group[] = `;

/** Rows of the table: the strings of a row are name, LaTeX, usage, help (en, zh), family. */
function rowsOf(python: string): { family: string; usage: string; en: string; zh: string }[] {
  const calls = python.split(/\n\s+_row\(/).slice(1);
  return calls.map((call) => {
    const strings = [...call.matchAll(LITERAL)].map((match) => match[1] ?? "");
    const [usage = "", en = "", zh = "", family = ""] = strings.slice(2);
    return { family, usage, en, zh };
  });
}

export async function functionsModule(): Promise<string> {
  const rows = rowsOf(await readFile(SOURCE, "utf8"));
  const groups = FAMILIES.map((family) => ({
    family,
    rows: rows
      .filter((row) => row.family === family)
      .map(({ usage, en, zh }) => ({ usage, en, zh })),
  }));
  return `${HEAD}${JSON.stringify(groups, null, 2).replace(/"(\w+)":/g, "$1:")};\n`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await writeFile(TARGET, await functionsModule());
}
