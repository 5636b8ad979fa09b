/** Around the drawing: the shared parameters, the legend, and the copy of the drawing that can be read aloud. */

import { type Run, runsOfLatex, textOfRuns } from "../core/label.ts";
import { boxOf, type ColumnAt, endsOf } from "../core/pose.ts";
import type { PlacedNode } from "../core/template.ts";
import type { FoldedGraph, GraphNode, Selection, Theme, Trace } from "../core/types.ts";
import { toScreen } from "../core/view.ts";
import { isLearned, isParameter, type Scale, scaleTable, symbolColour } from "../render/colours.ts";
import { colourOfEdge, eachCopy } from "../render/edges.ts";
import { eachNode } from "../render/nodes.ts";
import { isPale } from "../render/operations.ts";
import { windowOf } from "../render/paint.ts";
import type { Scene } from "../render/scene.ts";
import { type LegendEntry, type Ranges, shortNumber } from "../render/values.ts";
import type { FigureWords } from "./figure-words.ts";

/** A name set as in the drawing. */
/** Set over the letter before them. */
const COMBINING = { hat: "\u0302", tilde: "\u0303", bar: "\u0304" } as const;

export function Name({ runs }: { runs: readonly Run[] }) {
  return (
    <span class="set-name">
      {runs.map((run, index) => {
        const key = `${index}${run.text}`;
        if (run.level === "subscript")
          return (
            <sub key={key} data-face={run.face}>
              {run.text}
            </sub>
          );
        if (run.level === "superscript")
          return (
            <sup key={key} data-face={run.face}>
              {run.text}
            </sup>
          );
        return (
          <span key={key} data-face={run.face}>
            {run.text}
            {run.accent && COMBINING[run.accent]}
          </span>
        );
      })}
    </span>
  );
}

interface ParametersProps {
  graph: FoldedGraph;
  theme: Theme;
  words: FigureWords;
  pointed: Selection | null;
  selection: Selection | null;
  onPoint(focus: Selection | null): void;
  onSelect(focus: Selection | null): void;
}

/** Every parameter once: it is shared by all steps. What no training changes stands after the word for it. */
export function Parameters(props: ParametersProps) {
  const { graph, theme, words, pointed, selection, onPoint, onSelect } = props;
  const learned = graph.nodes.filter(isLearned);
  const fixed = graph.nodes.filter((node) => isParameter(node) && !isLearned(node));
  const parameters = [...learned, ...fixed];
  if (parameters.length === 0) return null;
  const onEdges = new Set(
    graph.edges.filter((edge) => edge.source !== edge.parameter).map((edge) => edge.parameter),
  );
  return (
    <ul class="figure-parameters" aria-label={words.parameters}>
      {parameters.map((node) => {
        const own: Selection = { kind: "parameter", id: node.id };
        const isSelected = selection?.kind === "parameter" && selection.id === node.id;
        const isPointed = pointed?.kind === "parameter" && pointed.id === node.id;
        return (
          <li key={node.id}>
            {node === fixed[0] && <span class="figure-fixed">{words.fixed}</span>}
            <button
              type="button"
              class="figure-parameter"
              data-parameter={node.id}
              data-pointed={isPointed ? "" : undefined}
              aria-pressed={isSelected}
              style={{ color: symbolColour(node, theme) }}
              onPointerEnter={() => onPoint(own)}
              onPointerLeave={() => onPoint(null)}
              onFocus={(event) => event.currentTarget.matches(":focus-visible") && onPoint(own)}
              onBlur={() => onPoint(null)}
              onClick={() => onSelect(isSelected ? null : own)}
            >
              <i class={onEdges.has(node.id) ? "line" : "dot"} />
              <Name runs={runsOfLatex(node.latex)} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function gradientOf(scale: Scale, theme: Theme): string {
  const { css } = scaleTable(scale, theme);
  const stops = Array.from(
    { length: 17 },
    (_, index) => css[Math.round((index / 16) * (css.length - 1))],
  );
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** So many names say whose scale it is. */
const NAMED = 5;

function LegendNames({ nodes, theme }: { nodes: readonly GraphNode[]; theme: Theme }) {
  return (
    <>
      {nodes.slice(0, NAMED).map((node) => (
        <span key={node.id} style={{ color: symbolColour(node, theme) }}>
          <Name runs={runsOfLatex(node.latex)} />
        </span>
      ))}
      {nodes.length > NAMED && "…"}
    </>
  );
}

export function wordOf(entry: LegendEntry, words: FigureWords): string {
  if (entry.kind === "input") return words.inputs;
  if (entry.kind === "gradient") return words.gradients;
  if (entry.kind === "difference") return words.differences;
  if (entry.kind === "operation") return words.operations;
  const names = {
    diverging: words.values,
    gate: words.gates,
    probability: words.probabilities,
    loss: words.losses,
  };
  return names[entry.scale];
}

export function Legend({
  ranges,
  theme,
  words,
}: {
  ranges: Ranges;
  theme: Theme;
  words: FigureWords;
}) {
  return (
    <ul class="figure-legend" aria-label={words.legend}>
      {ranges.legend.map((entry) => (
        <li key={entry.key} data-scale={entry.scale} data-kind={entry.kind}>
          <span
            class="legend-word"
            title={entry.nodes.map((node) => textOfRuns(runsOfLatex(node.latex))).join(", ")}
          >
            {entry.nodes.length > 0 ? (
              <LegendNames nodes={entry.nodes} theme={theme} />
            ) : (
              wordOf(entry, words)
            )}
          </span>
          <span class="legend-end">{shortNumber(entry.range[0])}</span>
          <span class="legend-bar" style={{ background: gradientOf(entry.scale, theme) }} />
          <span class="legend-end">{shortNumber(entry.range[1])}</span>
        </li>
      ))}
    </ul>
  );
}

export function describeValues(values: Float32Array | null, words: FigureWords): string {
  if (!values) return words.notArrived;
  const shown = Array.from(values.subarray(0, 6), shortNumber).join(", ");
  return values.length > 6 ? `${shown}, ${words.more(values.length - 6)}` : shown;
}

/** What a selection is, in words. */
export function describe(
  focus: Selection | null,
  graph: FoldedGraph,
  trace: Trace | null,
  words: FigureWords,
): string {
  if (!focus) return words.released;
  const nameOf = (id: string): string => {
    const node = graph.nodes.find((one) => one.id === id);
    return node ? textOfRuns(runsOfLatex(node.latex)) || id : id;
  };
  if (focus.kind === "parameter") {
    const uses = graph.edges.filter(
      (edge) => edge.parameter === focus.id || edge.source === focus.id,
    );
    return words.parameter(nameOf(focus.id), uses.length);
  }
  if (focus.kind === "edge") {
    const edge = graph.edges.find((one) => one.id === focus.id);
    if (!edge) return focus.id;
    return words.edge(
      nameOf(edge.source),
      nameOf(edge.target),
      edge.parameter && nameOf(edge.parameter),
    );
  }
  const step = focus.step ?? 1;
  const symbol = trace?.symbols[focus.id]?.[step - 1];
  const values = symbol ?? describeValues(trace?.value(focus.id, step) ?? null, words);
  return focus.step === null
    ? words.node(nameOf(focus.id), values)
    : words.nodeAt(nameOf(focus.id), focus.step, values);
}

/** Where everything visible stands, for tests and tools: the drawing's copy in the document. */
/** Whether a box shows its value: it has arrived, and an operation is open at this step. */
function isSeen(scene: Scene, node: PlacedNode, column: ColumnAt): boolean {
  const step = node.place === "step" && typeof column === "number" ? column : 1;
  return !isPale(scene, node, column) && scene.trace?.value(node.id, step) != null;
}

export function Mirror({ scene }: { scene: Scene }) {
  const { first, last } = windowOf(scene);
  const nodes: preact.JSX.Element[] = [];
  const edges: preact.JSX.Element[] = [];
  const round = (value: number): number => Math.round(value * 10) / 10;
  eachNode(scene, first, last, (node, column) => {
    const box = boxOf(scene.pose, node, column);
    const [x, y] = toScreen(scene.camera, scene.size, box.x, box.y);
    const step = node.place === "step" ? column : "";
    nodes.push(
      <span
        key={`${node.id}@${column}`}
        data-node={node.id}
        data-step={step}
        data-known={isSeen(scene, node, column) ? "" : undefined}
        data-x={round(x)}
        data-y={round(y)}
        data-w={round(box.width * scene.camera.scale)}
        data-h={round(box.height * scene.camera.scale)}
      />,
    );
  });
  eachCopy(scene, first, last, (edge, step) => {
    const [source, target] = endsOf(scene.pose, edge, step);
    edges.push(
      <span
        key={`${edge.key}@${step}`}
        data-edge={edge.ids[0]}
        data-source={`${edge.source}@${source}`}
        data-target={`${edge.target}@${target}`}
        data-step={step}
        data-parameter={edge.parameter ?? undefined}
        data-colour={edge.parameter ? colourOfEdge(scene, edge.parameter) : undefined}
        data-cut={edge.cut ? "" : undefined}
      />,
    );
  });
  return (
    <div class="figure-mirror" data-shows={scene.trace?.shows} aria-hidden="true" hidden>
      {nodes}
      {edges}
    </div>
  );
}
