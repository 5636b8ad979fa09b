/**
 * Layouts as they were looked at as pictures: one file a text of the catalogue in `fixtures/layouts`, a line a node,
 * line and rail. After a change that is wanted: `npm run layouts`, look at the drawings, and commit both.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { layOut, type Template } from "../../src/core/template.ts";
import { CATALOGUE } from "./graphs.ts";

const FOLDER = new URL("../fixtures/layouts/", import.meta.url);
const isWriting = process.env.WRITE_LAYOUTS === "1";

function number(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}

function point({ x, y }: { x: number; y: number }): string {
  return `${number(x)},${number(y)}`;
}

/** A template as text: what stands where, and along which corners each line runs. */
function written(template: Template): string {
  const { pitch, left, right, height } = template;
  const size = `pitch ${number(pitch)} left ${number(left)} right ${number(right)} height ${number(height)}`;
  const nodes = template.nodes.map(({ id, band, place, x, y, extent, name }) =>
    [
      `node ${id} ${band} ${place} ${point({ x, y })}`,
      `${extent.shape} ${number(extent.width)}×${number(extent.height)} name ${name.side} ${name.at}`,
    ].join(" "),
  );
  const edges = template.edges.map(({ key, kind, points, square }) => {
    const way = (mode: "folded" | "unfolded"): string =>
      points.map((one) => `${one.end === "source" ? "<" : ">"}${point(one[mode])}`).join(" ");
    const own = square ? ` square ${point(square)}` : "";
    return `line ${key} ${kind}${own}\n  folded ${way("folded")}\n  unfolded ${way("unfolded")}`;
  });
  const rails = template.rails.map(
    ({ key, y, joins }) =>
      `rail ${key} ${number(y.folded)} ${number(y.unfolded)} ${joins
        .map((join) => `${join.place} ${number(join.x.folded)} ${number(join.x.unfolded)}`)
        .join(" ")}`,
  );
  return `${[size, ...nodes, ...edges, ...rails].join("\n")}\n`;
}

function fileOf(name: string): URL {
  return new URL(`${name.replaceAll("/", "--")}.txt`, FOLDER);
}

if (isWriting) mkdirSync(FOLDER, { recursive: true });

test.each([...CATALOGUE.keys()])("%s stands as it was looked at", (name) => {
  const { graph, domains } = CATALOGUE.get(name) ?? {
    graph: { nodes: [], edges: [] },
    domains: [],
  };
  const found = written(layOut(graph, domains));
  if (isWriting) writeFileSync(fileOf(name), found);
  expect(found).toBe(readFileSync(fileOf(name), "utf8"));
});

test("no file is left of what is gone", () => {
  const files = [...CATALOGUE.keys()].map((name) => fileOf(name).pathname.split("/").at(-1));
  expect(readdirSync(FOLDER).sort()).toEqual(
    files.map((one) => decodeURIComponent(one ?? "")).sort(),
  );
});
