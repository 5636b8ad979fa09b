/** What the graph alone says, before anything runs; and the text as a module of torch, to take along. */
import type { ComponentChildren } from "preact";
import { writeModule } from "../api/requests.ts";
import { formatBytes, formatCount } from "../state/format.ts";
import { architecture, described, description, language, text } from "../state/store.ts";
import { report } from "../state/troubles.ts";
import { Formula } from "./formula.tsx";

export function GraphFacts() {
  const words = text.value.facts;
  const facts = description.value?.facts;
  if (!facts) return null;
  const { folded, unfolded, trees, parameters, operations, bytes, critical_path: path } = facts;
  return (
    <section class="graph-facts" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.title}</h2>
      <p class="note">{words.intro}</p>
      <dl>
        <Fact label={words.folded}>{words.size(folded.nodes, folded.edges)}</Fact>
        {unfolded && (
          <Fact
            label={words.unfolded}
            formula={`${unfolded.nodes_formula}; ${unfolded.edges_formula}`}
          >
            {words.size(unfolded.nodes, unfolded.edges)}
          </Fact>
        )}
        {trees.map((tree) => (
          <Fact key={tree.domain} label={words.tree}>
            {words.treeSize(tree.leaves, tree.depth)}
          </Fact>
        ))}
        <Fact label={words.parameters} formula={parameters.formula}>
          {formatCount(parameters.count)}
        </Fact>
        <Fact label={words.operations} formula={operations.formula}>
          {formatCount(operations.count)}
        </Fact>
        <Fact label={words.bytes} formula={bytes.formula}>
          {formatBytes(bytes.count)}
        </Fact>
        <Fact label={words.path} formula={path.formula}>
          {formatCount(path.count)}
        </Fact>
      </dl>
      <p>{facts.parallel.words[language.value]}</p>
      <Module />
    </section>
  );
}

interface FactProps {
  label: string;
  formula?: string | null;
  children: ComponentChildren;
}

function Fact({ label, formula, children }: FactProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {children}
        {formula && (
          <span class="note">
            {" "}
            = <Formula latex={latexOf(formula)} />
          </span>
        )}
      </dd>
    </div>
  );
}

const POWERS: Record<string, string> = { "²": "^2", "³": "^3", "⁴": "^4" };

/** A formula of the service as LaTeX: "4 n_h² + 2 τ". */
function latexOf(formula: string): string {
  return formula
    .replace(/_(\p{L}\w*)/gu, "_{$1}")
    .replace(/[²³⁴]/g, (power) => POWERS[power] ?? power)
    .replaceAll("τ", "\\tau ")
    .replaceAll(" n_", "\\,n_")
    .replaceAll(";", ";\\ ");
}

/** The catalogue's module is a file of the service; that of an edited text is written on request. */
function Module() {
  const words = text.value.facts;
  const known = described.value;
  const entry = architecture.value;
  if (!known || !entry) return null;
  const name = `${entry.id.replace("/", "-")}.py`;
  if (known.isCatalogue) {
    return (
      <p>
        <a class="plain" href={`/v1/architectures/${entry.id}/module.py`} download={name}>
          {words.module}
        </a>
        <span class="note module-note">{words.moduleText}</span>
      </p>
    );
  }
  const write = async () => {
    try {
      const source = await writeModule(known.request, { language: language.value });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([source], { type: "text/x-python" }));
      link.download = "recurrence.py";
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      report(error);
    }
  };
  return (
    <p>
      <button type="button" class="plain" onClick={write}>
        {words.module}
      </button>
      <span class="note module-note">{words.moduleText}</span>
    </p>
  );
}
