/** The panel at the right: whatever is selected, with its numbers at this step. */
import type { Selection } from "../core/types.ts";
import { pinSelection, select } from "../state/actions.ts";
import { tooltip } from "../state/keys.ts";
import { description, selection, text } from "../state/store.ts";
import { Icon } from "./icons.tsx";
import { EdgeDetails } from "./inspector-edge.tsx";
import { NodeDetails } from "./inspector-node.tsx";
import { ParameterDetails } from "./inspector-parameter.tsx";
import { Pins } from "./pins.tsx";

export function Inspector() {
  const words = text.value.inspector;
  const chosen = selection.value;
  return (
    <aside class="side inspector" aria-label={words.title}>
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
      {(chosen && <Details chosen={chosen} />) ?? <p class="note">{words.empty}</p>}
    </aside>
  );
}

/** Null when the graph has meanwhile lost what was selected. */
function Details({ chosen }: { chosen: Selection }) {
  const graph = description.value?.graph;
  const node = graph?.nodes.find((each) => each.id === chosen.id);
  const edge = graph?.edges.find((each) => each.id === chosen.id);
  if (chosen.kind === "edge") return edge ? <EdgeDetails key={edge.id} edge={edge} /> : null;
  if (!node) return null;
  const isFixed = node.kind === "parameter" || node.kind === "constant" || node.kind === "setting";
  return isFixed ? (
    <ParameterDetails key={node.id} node={node} />
  ) : (
    <NodeDetails key={node.id} node={node} at={chosen.kind === "node" ? chosen.step : null} />
  );
}
