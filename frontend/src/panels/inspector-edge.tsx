/** An edge: what is read, by whom, through which parameter, how many steps back. */
import type { GraphEdge } from "../core/types.ts";
import { details } from "../state/details.ts";
import { text } from "../state/store.ts";
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
