/** The panel at the right: whatever is selected, with its numbers at this step. */
import { canOpen, ownerOf } from "../core/opening.ts";
import type { Selection } from "../core/types.ts";
import { pinSelection, select } from "../state/actions.ts";
import { tooltip } from "../state/keys.ts";
import { openNow, toggleOpen } from "../state/opening.ts";
import { description, selection, text } from "../state/store.ts";
import { Icon } from "./icons.tsx";
import { EdgeDetails } from "./inspector-edge.tsx";
import { NodeDetails } from "./inspector-node.tsx";
import { OperationDetails } from "./inspector-operation.tsx";
import { ParameterDetails } from "./inspector-parameter.tsx";
import { Pins } from "./pins.tsx";

export function Inspector() {
  const words = text.value.inspector;
  const chosen = selection.value;
  return (
    <aside class="side inspector" aria-label={words.title}>
      {chosen && <OpenButton chosen={chosen} />}
      {chosen && (
        <button
          type="button"
          class="quiet square inspector-pin"
          aria-label={words.pin}
          title={tooltip("pin", text.value, words.pin)}
          onClick={pinSelection}
        >
          <Icon name="pin" />
        </button>
      )}
      {chosen && (
        <button
          type="button"
          class="quiet square inspector-close"
          aria-label={words.close}
          title={`${words.close} (Esc)`}
          onClick={() => select(null)}
        >
          <Icon name="close" />
        </button>
      )}
      <Pins />
      {chosen ? <Details chosen={chosen} /> : <p class="note">{words.empty}</p>}
    </aside>
  );
}

/** A link may select what these equations do not have, or an edit may have taken it away. */
function Details({ chosen }: { chosen: Selection }) {
  const graph = description.value?.graph;
  if (!graph) return null;
  const node = graph.nodes.find((each) => each.id === chosen.id);
  const edge = graph.edges.find((each) => each.id === chosen.id);
  const gone = <p class="note inspector-gone">{text.value.inspector.gone(chosen.id)}</p>;
  if (chosen.kind === "edge") return edge ? <EdgeDetails key={edge.id} edge={edge} /> : gone;
  if (!node) {
    const owner = graph.nodes.some((each) => each.id === ownerOf(chosen.id));
    return owner && chosen.id.includes("/") ? <OperationDetails id={chosen.id} /> : gone;
  }
  const isFixed = node.kind === "parameter" || node.kind === "constant" || node.kind === "setting";
  return isFixed ? (
    <ParameterDetails key={node.id} node={node} />
  ) : (
    <NodeDetails key={node.id} node={node} at={chosen.kind === "node" ? chosen.step : null} />
  );
}

/** Opens the variable into its operations, or closes it. */
function OpenButton({ chosen }: { chosen: Selection }) {
  const words = text.value.inspector;
  const name = ownerOf(chosen.id);
  if (chosen.kind !== "node" || !canOpen(description.value?.equations ?? [], name)) return null;
  const isOpen = openNow.value.includes(name);
  const label = isOpen ? words.shut : words.open;
  return (
    <button
      type="button"
      class="quiet square inspector-open"
      aria-label={label}
      aria-pressed={isOpen}
      title={tooltip("open", text.value, label)}
      onClick={() => toggleOpen(name)}
    >
      <Icon name={isOpen ? "shut" : "open"} />
    </button>
  );
}
