/** A parameter: one matrix for all steps, drawn as the numbers it holds. */
import { useEffect, useRef } from "preact/hooks";
import type { RunOutput } from "../api/wire.ts";
import type { GraphNode, Theme } from "../core/types.ts";
import { valueColour } from "../render/colours.ts";
import { details } from "../state/details.ts";
import { copied, formatCount, formatNumber, formatShape, fullNumber } from "../state/format.ts";
import { description, text, theme } from "../state/store.ts";
import { product } from "../state/trace.ts";
import { Copy, Facts, kindWord, Reference, Title } from "./inspector-parts.tsx";

export function ParameterDetails({ node }: { node: GraphNode }) {
  const words = text.value.inspector;
  const uses = description.value?.graph.edges.filter(
    (edge) => edge.parameter === node.id || edge.source === node.id,
  );
  const output = details.value.get(node.id);
  return (
    <>
      <Title node={node}>{kindWord(node)}</Title>
      <Facts
        rows={[
          [words.shape, formatShape(node.shape, words.scalar)],
          [words.count, formatCount(product(node.shape))],
          ...(node.initial ? ([[words.initial, startOf(node)]] as const) : []),
        ]}
      />
      {output && <Matrix output={output} />}
      <section>
        <h3>{words.uses}</h3>
        <ul class="references">
          {uses?.map((edge) => (
            <Reference key={edge.id} edge={edge} end="target" />
          ))}
        </ul>
      </section>
    </>
  );
}

/** "1, learns" */
function startOf(node: GraphNode): string {
  const words = text.value.inspector;
  const start = node.initial === "random" ? words.random : node.initial;
  return `${start}, ${node.trained ? words.trained : words.fixed}`;
}

export function Matrix({ output }: { output: RunOutput }) {
  const words = text.value.inspector;
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = output.shape.length > 1 ? (output.shape[0] ?? 1) : product(output.shape);
  const columns = Math.max(Math.round(output.data.length / Math.max(rows, 1)), 1);
  const finite = output.data.filter(Number.isFinite);
  const least = finite.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const most = finite.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  const range: [number, number] = [Math.min(0, least), Math.max(0, most)];
  const colours = theme.value;
  useEffect(() => {
    if (canvas.current) paint(canvas.current, output, rows, columns, range, colours);
  }, [output, colours]);
  return (
    <section>
      <h3>
        {words.values}{" "}
        <Copy content={() => copied(output.data, output.shape.length > 1 ? columns : undefined)} />
      </h3>
      <canvas
        ref={canvas}
        class="matrix"
        style={{ aspectRatio: `${columns} / ${rows}`, maxWidth: `${columns * 28}px` }}
        role="img"
        aria-label={`${output.name}: ${formatShape(output.shape, words.scalar)}`}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
          const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
          const value = output.data[row * columns + column];
          if (value === undefined) return;
          const place = output.shape.length > 1 ? `${row}, ${column}` : row;
          event.currentTarget.title = `${place}: ${fullNumber(value)}`;
        }}
      />
      <p class="note">{finite.length > 0 && `${formatNumber(least)} … ${formatNumber(most)}`}</p>
    </section>
  );
}

function paint(
  canvas: HTMLCanvasElement,
  output: RunOutput,
  rows: number,
  columns: number,
  range: readonly [number, number],
  theme: Theme,
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const cell = Math.max(1, Math.min(24, Math.floor(1200 / Math.max(rows, columns))));
  canvas.width = columns * cell;
  canvas.height = rows * cell;
  const gap = cell > 6 ? 1 : 0;
  output.data.forEach((value, i) => {
    context.fillStyle = valueColour("diverging", value, range, theme);
    const x = (i % columns) * cell;
    context.fillRect(x, Math.floor(i / columns) * cell, cell - gap, cell - gap);
  });
}
