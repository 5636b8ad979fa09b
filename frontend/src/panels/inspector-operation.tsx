/** An operation inside an opened equation: what it computes, and its values at this step. */
import { ownerOf } from "../core/opening.ts";
import { roleColour } from "../render/colours.ts";
import { select } from "../state/actions.ts";
import { copied, formatShape } from "../state/format.ts";
import { openedGraph } from "../state/opening.ts";
import { description, shownTrace, step, text, theme, traceVersion } from "../state/store.ts";
import { Formula } from "./formula.tsx";
import { Copy, Facts } from "./inspector-parts.tsx";
import { Values } from "./values.tsx";

export function OperationDetails({ id }: { id: string }) {
  const words = text.value.inspector;
  traceVersion.value;
  const owner = ownerOf(id);
  const equation = description.value?.equations.find(
    (one) => one.variable === owner && one.operations.some((each) => each.id === id),
  );
  const operation = equation?.operations.find((one) => one.id === id);
  const node = openedGraph.value?.nodes.find((one) => one.id === id);
  const variable = description.value?.graph.nodes.find((one) => one.id === owner);
  if (!operation || !variable) return null;
  const at = operation.domains.length > 0 ? step.value : 1;
  const values = shownTrace.value?.value(id, at) ?? null;
  return (
    <>
      <h2 class="inspector-title">
        <b style={{ color: roleColour(variable.role, theme.value) }}>{node?.sign}</b>
        <span>{words.operation}</span>
      </h2>
      <Facts rows={[[words.shape, formatShape(operation.shape, words.scalar)]]} />
      <div class="inspector-equation">
        <Formula latex={operation.latex} />
      </div>
      <h3>{words.partOf}</h3>
      <button
        type="button"
        class="reference-name"
        onClick={() => select({ kind: "node", id: owner, step: null })}
      >
        <Formula latex={`\\htmlData{node=${owner}}{${variable.latex}}`} />
      </button>
      {values && node ? (
        <Values
          values={values}
          node={node}
          labels={[]}
          range={shownTrace.value?.range(id) ?? [0, 0]}
          tools={<Copy content={() => copied(values)} />}
        />
      ) : (
        <p class="note">{words.waiting}</p>
      )}
    </>
  );
}
