// Writes src/api/schema.ts: the types of the wire, from the schemas of openapi.json. Run: npm run types
import { readFile, writeFile } from "node:fs/promises";
import { compile, type JSONSchema } from "json-schema-to-typescript";

const SOURCE = new URL("../openapi.json", import.meta.url);
const TARGET = new URL("../src/api/schema.ts", import.meta.url);
const BANNER = "/** The wire, from openapi.json. Not to be edited: `npm run types` writes it. */";

const document = JSON.parse(await readFile(SOURCE, "utf8"));

/** Makes the schemas definitions of one schema, so that one call compiles them all by name. */
function moved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moved);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Titles of fields would become types of their own; defaults and examples say nothing here.
      .filter(([key, each]) => !(key === "title" && typeof each === "string") && key !== "examples")
      .map(([key, each]) => [
        key,
        key === "$ref"
          ? String(each).replace("#/components/schemas/", "#/definitions/")
          : moved(each),
      ]),
  );
}

const definitions = moved(document.components.schemas) as Record<string, JSONSchema>;
const names = Object.keys(definitions);
const text = await compile(
  {
    type: "object",
    additionalProperties: false,
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/definitions/${name}` }])),
    definitions,
  },
  "Schemas",
  {
    bannerComment: BANNER,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 100 },
  },
);
await writeFile(TARGET, text);
