import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { functionsModule, TARGET } from "../../scripts/functions.ts";
import { FUNCTIONS } from "../../src/text/functions.ts";

test("the rule book's table is the vocabulary of the language: `npm run functions`", async () => {
  expect(await readFile(TARGET, "utf8")).toBe(await functionsModule());
  expect(FUNCTIONS.flatMap((group) => group.rows).length).toBeGreaterThan(30);
});
