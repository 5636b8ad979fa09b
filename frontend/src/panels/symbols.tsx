/** What every letter means here, with its shape: the book uses letters again, each drawing needs its own. */
import type { GraphNode } from "../core/types.ts";
import { formatShape } from "../state/format.ts";
import { architecture, description, language, origin, text } from "../state/store.ts";
import { Formula, symbolHandlers, useSymbolFocus } from "./formula.tsx";
import { kindWord } from "./inspector-parts.tsx";

export function Symbols() {
  const words = text.value.symbols;
  const place = useSymbolFocus([description.value, language.value]);
  const nodes = description.value?.graph.nodes ?? [];
  const legend = (origin.value !== "own" && architecture.value?.legend) || {};
  if (nodes.length === 0) return null;
  return (
    <section class="symbols" aria-labelledby="symbols-title" ref={place} {...symbolHandlers}>
      <h2 id="symbols-title">{words.title}</h2>
      <table>
        <thead class="unseen">
          <tr>
            <th scope="col">{words.symbol}</th>
            <th scope="col">{words.meaning}</th>
            <th scope="col">{words.shape}</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row">
                <Formula latex={latexOf(node)} />
              </th>
              <td>{legend[node.id]?.[language.value] ?? kindWord(node)}</td>
              <td class="symbol-shape">{formatShape(node.shape, words.scalar)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function latexOf(node: GraphNode): string {
  const kind = node.kind === "parameter" ? "parameter" : "node";
  return `\\htmlData{${kind}=${node.id}}{${node.latex}}`;
}
