/** The typefaces of a file: taken from the page's own style sheets and put into the file itself. */

import type { SvgPainter } from "./svg.ts";

type Used = SvgPainter["fonts"];

/** `@font-face` rules with their fonts inside, for what a painter has set. */
export async function facesOf(used: Used): Promise<string> {
  const rules = [...document.styleSheets].flatMap(fontRules);
  const wanted = rules.filter((rule) => isUsed(rule, used));
  return (await Promise.all(wanted.map(embedded))).join("");
}

function fontRules(sheet: CSSStyleSheet): CSSFontFaceRule[] {
  try {
    return [...sheet.cssRules].filter((rule) => rule instanceof CSSFontFaceRule);
  } catch {
    return []; // an extension's sheet, which a page may not read
  }
}

function isUsed(rule: CSSFontFaceRule, used: Used): boolean {
  const family = unquoted(rule.style.getPropertyValue("font-family"));
  const isItalic = rule.style.getPropertyValue("font-style") === "italic";
  const [lightest = 400, boldest = lightest] = (rule.style.getPropertyValue("font-weight") || "400")
    .replace("normal", "400")
    .replace("bold", "700")
    .split(" ")
    .map(Number);
  const ranges = rangesOf(rule.style.getPropertyValue("unicode-range"));
  return [...used.values()].some(({ font, characters }) => {
    if (unquoted(font.family.split(",")[0] ?? "") !== family || font.isItalic !== isItalic)
      return false;
    if (font.weight < lightest || font.weight > boldest) return false;
    return [...characters].some((character) => covers(ranges, character.codePointAt(0) ?? 0));
  });
}

function unquoted(name: string): string {
  return name.trim().replace(/^["']|["']$/g, "");
}

/** "U+370-3FF, U+1F00" as pairs; nothing written is everything. */
function rangesOf(text: string): [number, number][] {
  if (!text) return [[0, 0x10ffff]];
  return text.split(",").map((range) => {
    const [first = "0", last = first] = range.trim().replace(/^U\+/i, "").split("-");
    return [parseInt(first.replaceAll("?", "0"), 16), parseInt(last.replaceAll("?", "F"), 16)];
  });
}

function covers(ranges: readonly [number, number][], code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last);
}

async function embedded(rule: CSSFontFaceRule): Promise<string> {
  const source = rule.style.getPropertyValue("src");
  const address = /url\(["']?([^"')]+)["']?\)/.exec(source)?.[1];
  if (!address) return "";
  const url = new URL(address, rule.parentStyleSheet?.href ?? document.baseURI);
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  const family = rule.style.getPropertyValue("font-family");
  const style = rule.style.getPropertyValue("font-style") || "normal";
  const weight = rule.style.getPropertyValue("font-weight") || "400";
  return (
    `@font-face{font-family:${family};font-style:${style};font-weight:${weight};` +
    `src:url(data:font/woff2;base64,${btoa(binary)}) format("woff2")}`
  );
}
