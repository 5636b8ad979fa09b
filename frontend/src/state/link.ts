/**
 * What a link holds: one table that reads and writes the page's address. The architecture is the
 * path; everything else is a field of the query, left out where it is the default.
 */
import type { Generator, InputValue, Language } from "../api/wire.ts";
import { isNumbers } from "../core/branching.ts";
import { type Clamp, readClamps, writeClamps } from "../core/clamp.ts";
import { readPins, writePins } from "../core/pins.ts";
import { SORTS, type Sort } from "../core/sorting.ts";
import type { Selection, Theme } from "../core/types.ts";
import { type Camera, ZOOM } from "../core/view.ts";

export interface Link {
  architecture: string | null;
  equations?: string;
  inputs?: Record<string, InputValue>;
  sizes?: Record<string, number>;
  lengths?: Record<string, number>;
  settings?: Record<string, number>;
  forcing?: number;
  seed?: number;
  clamp?: Clamp[];
  view?: "folded" | "unfolded";
  step?: number;
  selection?: Selection;
  pins?: Selection[];
  open?: string[];
  alone?: boolean;
  unit?: number;
  sort?: Sort;
  place?: Camera;
  speed?: number;
  loop?: boolean;
  edit?: boolean;
  embed?: boolean;
  shows?: "gradients" | "difference";
  /** The run that others are compared with: its request, as the service writes it. */
  kept?: string;
  lang?: Language;
  theme?: Theme;
}

type Field = Exclude<keyof Link, "architecture" | "inputs">;
type Codec<T> = { read(text: string): T | undefined; write(value: T): string };

const THEMES: readonly Theme[] = ["paper", "night", "projector"];
const LANGUAGES: readonly Language[] = ["en", "zh"];
const GENERATORS: readonly Generator[] = ["normal", "sine", "impulse", "symbols"];

const number: Codec<number> = {
  read: (text) => (text.trim() && Number.isFinite(Number(text)) ? Number(text) : undefined),
  write: String,
};
const positive: Codec<number> = {
  read: (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
  write: String,
};
const string: Codec<string> = { read: (text) => text, write: (value) => value };

const flag: Codec<boolean> = {
  read: (text) => text === "1" || undefined,
  write: (value) => (value ? "1" : ""),
};

/** "f,s" */
const names: Codec<string[]> = {
  read: (text) => text.split(",").filter((name) => name !== ""),
  write: (value) => value.join(","),
};

/** "h:3,x:4" */
const numbersByName: Codec<Record<string, number>> = {
  read: (text) => {
    const pairs = text.split(",").map((pair) => pair.split(":"));
    const good = pairs.filter(([name, value]) => name && Number.isFinite(Number(value || "x")));
    return Object.fromEntries(good.map(([name, value]) => [name ?? "", Number(value)]));
  },
  write: (value) =>
    Object.entries(value)
      .map(([name, each]) => `${name}:${each}`)
      .join(","),
};

function oneOf<T extends string>(choices: readonly T[]): Codec<T> {
  return { read: (text) => choices.find((choice) => choice === text), write: (value) => value };
}

/** "h" is a node, "parameter:W_f" a parameter, "edge:h-f-W_f" an edge. */
const selection: Codec<Selection> = {
  read: (text) => {
    const [kind, ...rest] = text.split(":");
    const id = rest.join(":");
    if (kind === "parameter" && id) return { kind, id };
    if (kind === "edge" && id) return { kind, id, step: null };
    return text ? { kind: "node", id: text, step: null } : undefined;
  },
  write: (value) => (value.kind === "node" ? value.id : `${value.kind}:${value.id}`),
};

/** "120,-40.5,1.2": what stands in the middle, and how large. */
const place: Codec<Camera> = {
  read: (text) => {
    const [x, y, scale, ...more] = text
      .split(",")
      .map((part) => (part.trim() ? Number(part) : Number.NaN));
    const isWhole = [x, y, scale].every(Number.isFinite) && more.length === 0;
    if (!isWhole || x === undefined || y === undefined || scale === undefined) return undefined;
    return { x, y, scale: Math.min(Math.max(scale, ZOOM.least), ZOOM.most) };
  },
  write: ({ x, y, scale }) =>
    [Math.round(x), Math.round(y), Math.round(scale * 1000) / 1000].join(","),
};

interface Entry {
  read(link: Link, text: string): void;
  write(link: Link): string | null;
}

function entry<F extends Field>(field: F, codec: Codec<NonNullable<Link[F]>>): Entry {
  return {
    read(link, text) {
      const value = codec.read(text);
      if (value !== undefined) Object.assign(link, { [field]: value });
    },
    write(link) {
      const value = link[field];
      return value === undefined || value === null ? null : codec.write(value);
    },
  };
}

const FIELDS: { [F in Field]-?: Entry } = {
  equations: entry("equations", string),
  sizes: entry("sizes", numbersByName),
  lengths: entry("lengths", numbersByName),
  settings: entry("settings", numbersByName),
  forcing: entry("forcing", number),
  seed: entry("seed", positive),
  clamp: entry("clamp", { read: readClamps, write: writeClamps }),
  view: entry("view", oneOf(["folded", "unfolded"] as const)),
  step: entry("step", positive),
  selection: entry("selection", selection),
  pins: entry("pins", { read: readPins, write: writePins }),
  open: entry("open", names),
  alone: entry("alone", flag),
  unit: entry("unit", positive),
  sort: entry("sort", oneOf(SORTS)),
  place: entry("place", place),
  speed: entry("speed", number),
  loop: entry("loop", flag),
  edit: entry("edit", flag),
  embed: entry("embed", flag),
  shows: entry("shows", oneOf(["gradients", "difference"] as const)),
  kept: entry("kept", {
    read: (text) => (/^[\w-]+$/.test(text) ? text : undefined),
    write: (value) => value,
  }),
  lang: entry("lang", oneOf(LANGUAGES)),
  theme: entry("theme", oneOf(THEMES)),
};

/** Forms of an input, as `form.name=value` of the query: `text.x=hello`. */
const FORMS: Record<string, (text: string, held: InputValue | undefined) => InputValue | null> = {
  text: (text, held) => ({ ...alphabetOf(held), text }),
  alphabet: (text, held) => ({
    text: held && !isNumbers(held) && "text" in held ? held.text : "",
    alphabet: text,
  }),
  next: (text) => ({ next: text }),
  generate: (text) => {
    const [name, seed] = text.split(":");
    const generate = GENERATORS.find((each) => each === name);
    return generate ? { generate, ...(seed ? { seed: Number(seed) } : {}) } : null;
  },
  value: (text) => (text.trim() && Number.isFinite(Number(text)) ? Number(text) : null),
  tree: (text) => {
    try {
      const value: unknown = JSON.parse(text);
      return Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  },
  values: (text) => {
    const rows = text.split(";").map((row) => row.split(",").map(Number));
    return rows.flat().every(Number.isFinite) ? rows : null;
  },
};

function alphabetOf(held: InputValue | undefined): { alphabet?: string } {
  return held && !isNumbers(held) && "alphabet" in held && held.alphabet
    ? { alphabet: held.alphabet }
    : {};
}

function formsOf(value: InputValue): [string, string][] {
  if (typeof value === "number") return [["value", String(value)]];
  if (Array.isArray(value)) {
    const isMixed = value.some(Array.isArray) && !value.every(Array.isArray);
    const isTree = isMixed || value.some((each) => Array.isArray(each) && each.some(Array.isArray));
    if (isTree) return [["tree", JSON.stringify(value)]];
    return [["values", value.map((row) => (Array.isArray(row) ? row.join(",") : row)).join(";")]];
  }
  if ("text" in value) {
    const alphabet: [string, string][] = value.alphabet ? [["alphabet", value.alphabet]] : [];
    return [["text", value.text], ...alphabet];
  }
  if ("next" in value) return [["next", value.next]];
  return [["generate", value.seed ? `${value.generate}:${value.seed}` : value.generate]];
}

/** Reads an address; fields it does not know or cannot read are left out. */
export function readLink(url: URL): Link {
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, "");
  const link: Link = { architecture: path || null };
  const inputs: Record<string, InputValue> = {};
  for (const [key, text] of url.searchParams) {
    if (isField(key)) FIELDS[key].read(link, text);
    const dot = key.indexOf(".");
    const form = dot > 0 ? FORMS[key.slice(0, dot)] : undefined;
    const name = key.slice(dot + 1);
    const value = form?.(text, inputs[name]);
    if (value !== undefined && value !== null) inputs[name] = value;
  }
  if (Object.keys(inputs).length > 0) link.inputs = inputs;
  return link;
}

function isField(key: string): key is Field {
  return Object.hasOwn(FIELDS, key);
}

/** The address of a state: path and query, without the origin. */
export function writeLink(link: Link): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(link.inputs ?? {})) {
    for (const [form, text] of formsOf(value)) query.set(`${form}.${name}`, text);
  }
  for (const [field, { write }] of Object.entries(FIELDS)) {
    const text = write(link);
    if (text || (text === "" && field === "equations")) query.set(field, text);
  }
  const path = `/${(link.architecture ?? "").split("/").map(encodeURIComponent).join("/")}`;
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
