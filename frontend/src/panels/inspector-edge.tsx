/** An edge: what is read, by whom, through which parameter, how many steps back. */
import { passing } from "../core/gating.ts";
import type { GraphEdge } from "../core/types.ts";
import { details } from "../state/details.ts";
import { formatNumber } from "../state/format.ts";
import { step, text, trace, traceVersion } from "../state/store.ts";
import { Matrix } from "./inspector-parameter.tsx";
import { Facts, Reference, readLabel } from "./inspector-parts.tsx";

export function EdgeDetails({ edge }: { edge: GraphEdge }) {
  const words = text.value.inspector;
  const output = edge.parameter ? details.value.get(edge.parameter) : undefined;
  return (
    <>
      <h2 class="inspector-title">
        <span>{words.edge}</span>
      </h2>
      <Facts rows={[[words.step, edge.reads.map(readLabel).join(", ") || "–"]]} />
      {edge.cut && <p class="note">{words.cut}</p>}
      <Passing edge={edge} />
      <section>
        <h3>{words.from_}</h3>
        <ul class="references">
          <Reference edge={edge} end="source" />
        </ul>
        <h3>{words.to_}</h3>
        <ul class="references">
          <Reference edge={edge} end="target" />
        </ul>
      </section>
      {output && <Matrix output={output} />}
    </>
  );
}

/** A line through a gate is drawn as wide as the gate is open: how wide that is, and why. */
function Passing({ edge }: { edge: GraphEdge }) {
  const words = text.value.inspector;
  const { gate } = edge;
  traceVersion.value;
  if (!gate) return null;
  const name = gate.isComplement ? `1 − ${gate.variable}` : gate.variable;
  const isOfOne = gate.reads.every((read) => read.delay !== null);
  const now = isOfOne && trace.value ? passing(gate, trace.value, 0, step.value) : null;
  return <p class="note">{words.passing(name, now === null ? null : formatNumber(now))}</p>;
}
