/** One colour per role, per parameter and per value, in three themes; the equations use the same. */

import type { GraphNode, Role, Theme } from "../core/types.ts";
import { hexOfOklch, mixHex, rgbOfHex } from "./oklch.ts";

/** The inks of the figure that mean nothing by themselves. */
export interface Ink {
  paper: string;
  text: string;
  muted: string;
  faint: string;
  line: string;
  /** Fill of a box whose values have not arrived. */
  blank: string;
  /** How strongly the column of the current step is shaded with the text's colour. */
  currentAlpha: number;
  selection: string;
}

const INKS: Record<Theme, Ink> = {
  paper: {
    paper: "#fdfcf9",
    text: "#24252c",
    muted: "#5d5f6a",
    faint: "#8d8f99",
    line: "#d9d8d2",
    blank: "#faf8f3",
    currentAlpha: 0.045,
    selection: "#24252c",
  },
  night: {
    paper: "#15171c",
    text: "#eceae4",
    muted: "#a9abb5",
    faint: "#7d808c",
    line: "#34373f",
    blank: "#1a1c22",
    currentAlpha: 0.06,
    selection: "#f4f2ec",
  },
  projector: {
    paper: "#ffffff",
    text: "#000000",
    muted: "#3d3e46",
    faint: "#686a74",
    line: "#bdbdbd",
    blank: "#ffffff",
    currentAlpha: 0.06,
    selection: "#000000",
  },
};

export function ink(theme: Theme): Ink {
  return INKS[theme];
}

type Hue = "input" | "state" | "gate" | "output" | "loss" | "memory";

const HUES: Record<Hue, { day: string; night: string }> = {
  input: { day: "#0072b2", night: "#5cb3ea" },
  state: { day: "#33343d", night: "#d6d5d9" },
  gate: { day: "#8a4f9e", night: "#c798d8" },
  output: { day: "#00795a", night: "#47c29c" },
  loss: { day: "#c4470a", night: "#f58b57" },
  memory: { day: "#8c6000", night: "#dfae4a" },
};

const HUE_OF_ROLE: Record<Role, Hue> = {
  input: "input",
  target: "loss",
  state: "state",
  hidden: "state",
  gate: "gate",
  output: "output",
  probability: "output",
  loss: "loss",
  attention: "memory",
  memory: "memory",
  parameter: "memory",
};

/** Outline, label and symbol of a variable with this role. */
export function roleColour(role: Role, theme: Theme): string {
  const hue = HUES[HUE_OF_ROLE[role]];
  return theme === "night" ? hue.night : hue.day;
}

/** Hues (degrees, OKLCH) a family of parameters runs through, from its first shade to its last. */
const FAMILIES: Record<string, { from: number; to: number; chroma: number }> = {
  U: { from: 222, to: 268, chroma: 0.14 },
  W: { from: 288, to: 348, chroma: 0.17 },
  V: { from: 136, to: 178, chroma: 0.13 },
  other: { from: 24, to: 116, chroma: 0.13 },
};

/** Subscripts in the order in which they take shades: those met together lie far apart. */
const SUBSCRIPTS = ["", "f", "g", "o", "u", "r", "i", "z", "1", "2", "3", "h", "a", "c", "k", "e"];
const SHADES = [
  0.35, 0.0, 0.7, 1.0, 0.0, 0.75, 0.55, 0.2, 0.1, 0.65, 0.9, 0.5, 0.25, 0.85, 0.45, 0.6,
];

function hash(text: string): number {
  let value = 2166136261;
  for (const character of text) {
    value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  }
  return (value % 997) / 996;
}

/** From 0 to 1 along its family. */
function shadeOf(subscript: string): number {
  const known = SUBSCRIPTS.indexOf(subscript);
  return known < 0 ? hash(subscript) : (SHADES[known] ?? 0);
}

const parameterColours = new Map<string, string>();

/** U cool blues, W violets, V greens, R and all others ambers; the subscript picks the shade. */
export function parameterColour(name: string, theme: Theme): string {
  const key = `${theme === "night" ? "night" : "day"} ${name}`;
  const known = parameterColours.get(key);
  if (known) return known;
  const letter = name.charAt(0);
  const subscript = name.includes("_") ? name.slice(name.indexOf("_") + 1) : name.slice(1);
  const family = FAMILIES[letter.toUpperCase()];
  const { from, to, chroma } =
    family ?? (FAMILIES.other as { from: number; to: number; chroma: number });
  const shade = shadeOf(subscript);
  // Among the others the letter counts too: b_f and p_f meet in one equation.
  const own = ((letter.codePointAt(0) ?? 0) * 0.618034) % 1;
  const place = family ? shade : 0.25 * own + 0.75 * shade;
  const hue = from + (to - from) * place;
  const strength = family ? chroma : chroma * (0.6 + 0.5 * own);
  const lift = family ? 0 : 0.2 * (own - 0.5);
  // Neighbouring hues also step in lightness, so that they part without colour vision.
  const swing = Math.abs(((shade * 2.6) % 2) - 1);
  const colour =
    theme === "night"
      ? hexOfOklch(0.69 + 0.16 * swing + lift, strength * 0.85, hue)
      : hexOfOklch(0.4 + 0.14 * swing + Math.min(lift, 0.02), strength, hue);
  parameterColours.set(key, colour);
  return colour;
}

/** Constants, settings and weights that are held still are grey: only what learns has a colour. */
export function isParameter(node: GraphNode): boolean {
  return node.kind === "parameter" || node.kind === "constant";
}

export function isLearned(node: GraphNode): boolean {
  return node.kind === "parameter" && node.trained !== false;
}

/** The colour of a symbol, in the drawing, the lists and the equations alike. */
export function symbolColour(node: GraphNode, theme: Theme): string {
  if (node.role !== "parameter") return roleColour(node.role, theme);
  return isLearned(node) ? parameterColour(node.id, theme) : ink(theme).muted;
}

/** Which of the fixed scales a variable's values are read on. */
export type Scale = "diverging" | "gate" | "probability" | "loss";

const SCALE_OF_ROLE: Partial<Record<Role, Scale>> = {
  gate: "gate",
  probability: "probability",
  attention: "probability",
  loss: "loss",
  input: "diverging",
  target: "probability",
};

export function scaleOfRole(role: Role): Scale {
  return SCALE_OF_ROLE[role] ?? "diverging";
}

/** ColorBrewer's PuOr from most negative (purple) to most positive (orange), and its dark-centred sister. */
const PUOR_DAY = [
  "#2d004b", "#542788", "#8073ac", "#b2abd2", "#d8daeb", "#f7f5f1",
  "#fee0b6", "#fdb863", "#e08214", "#b35806", "#7f3b08",
]; // biome-ignore format: one scale, one look
const PUOR_NIGHT = [
  "#e3dcff", "#bbaef2", "#9484d6", "#6c5cae", "#453b78", "#25272e",
  "#6d4312", "#a8641a", "#dd8a2b", "#f7b768", "#ffe6c4",
]; // biome-ignore format: one scale, one look

function rampBetween(stops: readonly string[], position: number): string {
  const place = Math.min(Math.max(position, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  return mixHex(stops[low] ?? "#000000", stops[low + 1] ?? "#000000", place - low);
}

const STEPS = 256;
const tables = new Map<string, { css: string[]; rgb: Uint8ClampedArray }>();

function stopsOf(scale: Scale, theme: Theme): readonly string[] {
  const puor = theme === "night" ? PUOR_NIGHT : PUOR_DAY;
  if (scale === "diverging") return puor;
  if (scale === "gate") return puor.slice(5);
  const zero = theme === "night" ? "#25272e" : "#f6f5f1";
  if (scale === "probability") {
    return theme === "night"
      ? [zero, "#1d5a4a", "#2f9476", "#5fd3ab", "#c9f7e4"]
      : [zero, "#bfe3d4", "#69b99c", "#1d8b6a", "#004d38"];
  }
  return theme === "night"
    ? [zero, "#59301f", "#8f4626", "#c9683a", "#f58b57"]
    : [zero, "#fbd9c4", "#f3ab80", "#e27a44", "#c4470a"];
}

/** The colours of a scale from its low end to its high end, as CSS text and as bytes. */
export function scaleTable(scale: Scale, theme: Theme): { css: string[]; rgb: Uint8ClampedArray } {
  const key = `${scale} ${theme === "night" ? "night" : "day"}`;
  const known = tables.get(key);
  if (known) return known;
  const stops = stopsOf(scale, theme);
  const css: string[] = [];
  const rgb = new Uint8ClampedArray((STEPS + 1) * 3);
  for (let step = 0; step <= STEPS; step++) {
    // Probabilities over many classes are small: their ramp rises early. The legend shows it as it is.
    const share = scale === "probability" ? Math.sqrt(step / STEPS) : step / STEPS;
    const colour = rampBetween(stops, share);
    css.push(colour);
    rgb.set(rgbOfHex(colour), step * 3);
  }
  const table = { css, rgb };
  tables.set(key, table);
  return table;
}

/** The two ends of the scale over a run: symmetric about zero, 0 to 1 for gates and probabilities. */
export function domainOfScale(scale: Scale, range: readonly [number, number]): [number, number] {
  if (scale === "gate" || scale === "probability") return [0, 1];
  const reach = Math.max(Math.abs(range[0]), Math.abs(range[1]));
  const end = Number.isFinite(reach) && reach > 0 ? reach : 1;
  return scale === "diverging" ? [-end, end] : [0, end];
}

/** Place of a value in its scale's table; a value that is not a number has none. */
export function tableIndex(value: number, low: number, high: number): number {
  if (!Number.isFinite(value)) return -1;
  const share = (value - low) / (high - low);
  return Math.round(Math.min(Math.max(share, 0), 1) * STEPS);
}

/** Colour of one value; `range` is what the variable spans over the whole run. */
export function valueColour(
  scale: Scale,
  value: number,
  range: readonly [number, number],
  theme: Theme,
): string {
  const [low, high] = domainOfScale(scale, range);
  const index = tableIndex(value, low, high);
  return index < 0 ? notANumber(theme) : (scaleTable(scale, theme).css[index] ?? "");
}

/** NaN and infinities are never shown as a value. */
export function notANumber(theme: Theme): string {
  return theme === "night" ? "#ff5c7a" : "#d6003c";
}
