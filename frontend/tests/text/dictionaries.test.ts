import { expect, test } from "vitest";
import { en } from "../../src/text/en.ts";
import { zh } from "../../src/text/zh.ts";

/** Every word by its path; functions are called with samples. */
function words(dictionary: object, path = ""): [string, string][] {
  return Object.entries(dictionary).flatMap(([key, value]): [string, string][] => {
    const here = path ? `${path}.${key}` : key;
    if (typeof value === "string") return [[here, value]];
    if (typeof value === "function") return [[here, String(value(2, 3, "a"))]];
    return typeof value === "object" && value !== null ? words(value, here) : [];
  });
}

test("no word is empty, in either language", () => {
  for (const [path, word] of [...words(en), ...words(zh)]) {
    expect(word.trim(), path).not.toBe("");
    expect(word, path).not.toContain("undefined");
  }
});

test("both languages have the same words", () => {
  expect(words(zh).map(([path]) => path)).toEqual(words(en).map(([path]) => path));
});

test("Chinese sentences use Chinese punctuation", () => {
  for (const [path, word] of words(zh)) expect(word, path).not.toMatch(/[\u4e00-\u9fff][,.;?!:]/);
});
