/** What the inspectors of nodes, edges and parameters share. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { GraphEdge, GraphNode, Read } from "../core/types.ts";
import { isLearned } from "../render/colours.ts";
import { point, select } from "../state/actions.ts";
import { description, step, text } from "../state/store.ts";
import { Formula } from "./formula.tsx";
import { Icon } from "./icons.tsx";

export function Title({ node, children }: { node: GraphNode; children?: ComponentChildren }) {
  const kind = node.kind === "parameter" ? "parameter" : "node";
  return (
    <h2 class="inspector-title">
      <Formula latex={`\\htmlData{${kind}=${node.id}}{${node.latex}}`} />
      <span>{children}</span>
    </h2>
  );
}

/** "state", "parameter", "fixed parameter", "constant". */
export function kindWord(node: GraphNode): string {
  const { roles, kinds } = text.value;
  if (node.kind === "constant" || node.kind === "setting") return kinds[node.kind];
  return node.kind === "parameter" && !isLearned(node) ? kinds.fixed : roles[node.role];
}

export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** "same step", "1 back", "all steps". */
export function readLabel(read: Read): string {
  const words = text.value.inspector;
  if (read.delay !== undefined && read.delay !== null) {
    if (read.delay === 0) return words.delay.now;
    return read.delay > 0 ? words.delay.past(read.delay) : words.delay.future(-read.delay);
  }
  const position = read.position ?? "all";
  return typeof position === "number" ? String(position) : words.positions[position];
}

/** The step that an edge reads when its target stands at `at`; null when it is not one step. */
export function stepRead(edge: GraphEdge, at: number): number | null {
  const read = edge.reads[0];
  if (!read) return null;
  if (read.delay !== undefined && read.delay !== null) return at - read.delay;
  return typeof read.position === "number" ? read.position : null;
}

interface ReferenceProps {
  edge: GraphEdge;
  /** The end of the edge that is named. */
  end: "source" | "target";
}

/** One line of "reads" or "is read by": press to select that node, at the step that is meant. */
export function Reference({ edge, end }: ReferenceProps) {
  const words = text.value.inspector;
  const node = description.value?.graph.nodes.find((each) => each.id === edge[end]);
  if (!node) return null;
  const isParameter = node.kind === "parameter";
  const here = step.value;
  const there = end === "source" ? stepRead(edge, here) : null;
  const through = edge.parameter && edge.parameter !== node.id ? edge.parameter : null;
  return (
    <li
      class={`reference ${edge.cut ? "is-cut" : ""}`}
      onPointerEnter={() => point({ kind: "edge", id: edge.id, step: null })}
      onPointerLeave={() => point(null)}
    >
      <button
        type="button"
        class="reference-name"
        aria-label={node.id}
        onClick={() =>
          select(
            isParameter
              ? { kind: "parameter", id: node.id }
              : { kind: "node", id: node.id, step: there },
          )
        }
      >
        <Formula
          latex={`\\htmlData{${isParameter ? "parameter" : "node"}=${node.id}}{${node.latex}}`}
        />
      </button>
      <span class="note">{edge.reads.map(readLabel).join(", ")}</span>
      {through && (
        <button
          type="button"
          class="reference-name"
          aria-label={words.through(through)}
          title={words.through(through)}
          onClick={() => select({ kind: "parameter", id: through })}
        >
          <Through name={through} />
        </button>
      )}
    </li>
  );
}

function Through({ name }: { name: string }) {
  const node = description.value?.graph.nodes.find((each) => each.id === name);
  return <Formula latex={`\\htmlData{parameter=${name}}{${node?.latex ?? name}}`} />;
}

/** Copies a text and says so for a moment. */
export function Copy({ content }: { content: () => string }) {
  const words = text.value.inspector;
  const [isCopied, setCopied] = useState(false);
  return (
    <button
      type="button"
      class="quiet small"
      onClick={async () => {
        await navigator.clipboard?.writeText(content()).catch(() => undefined);
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      }}
    >
      <Icon name="copy" /> {isCopied ? words.copied : words.copy}
    </button>
  );
}
