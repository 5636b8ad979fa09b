/** What is pinned beside the selection: each with its values at its own step. */
import type { GraphNode, Selection } from "../core/types.ts";
import { colourOf, rangesOf, shortNumber, visibleSymbol } from "../render/values.ts";
import { point, release, turnTo } from "../state/actions.ts";
import { description, pins, shownTrace, text, theme, traceVersion } from "../state/store.ts";
import { unitName } from "../state/units.ts";
import { Formula } from "./formula.tsx";
import { Icon } from "./icons.tsx";

export function Pins() {
  const words = text.value.inspector;
  if (pins.value.length === 0) return null;
  return (
    <section class="pins" aria-label={words.pinned}>
      <h3>{words.pinned}</h3>
      <ul>
        {pins.value.map((pin) => (
          <Pin key={JSON.stringify(pin)} pin={pin} />
        ))}
      </ul>
    </section>
  );
}

function Pin({ pin }: { pin: Selection }) {
  const words = text.value.inspector;
  const graph = description.value?.graph;
  const edge = graph?.edges.find((each) => each.id === pin.id);
  const name = edge ? (edge.parameter ?? edge.source) : pin.id;
  const node = graph?.nodes.find((each) => each.id === name);
  if (!graph || !node) return null;
  const kind = pin.kind === "parameter" ? "parameter" : "node";
  const step = "step" in pin ? pin.step : null;
  const superscript = step !== null && node.domains.length > 0 ? `^{(${step})}` : "";
  return (
    <li
      class="pin"
      onPointerEnter={() => point(pin)}
      onPointerLeave={() => point(null)}
      data-pin={pin.id}
    >
      <button
        type="button"
        class="pin-name"
        aria-label={words.inspectPin(pin.id, step)}
        title={words.inspect}
        onClick={() => turnTo(pin)}
      >
        <Formula latex={`\\htmlData{${kind}=${node.id}}{${node.latex}}${superscript}`} />
        {edge && <span class="note">→ {edge.target}</span>}
      </button>
      {pin.kind === "node" && <Cells node={node} step={step ?? 1} />}
      <button
        type="button"
        class="quiet square"
        aria-label={words.release(pin.id)}
        title={words.release(pin.id)}
        onClick={() => {
          point(null);
          release(pin);
        }}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

const MOST = 32;

function Cells({ node, step }: { node: GraphNode; step: number }) {
  const known = description.value;
  const trace = shownTrace.value;
  traceVersion.value;
  const symbol = trace?.symbols[node.id]?.[step - 1];
  const values = trace?.value(node.id, step);
  if (symbol !== undefined) return <span class="pin-values">{visibleSymbol(symbol)}</span>;
  if (!known || !values) return <span class="pin-values note">–</span>;
  if (values.length === 1) return <span class="pin-values">{shortNumber(values[0] ?? 0)}</span>;
  const ranges = rangesOf(known.graph, trace);
  return (
    <span class="pin-values" role="img" aria-label={[...values].map(shortNumber).join(", ")}>
      {[...values.subarray(0, MOST)].map((value, i) => (
        <i
          key={i}
          title={`${unitName(i, node, trace?.lengths ?? {})}: ${shortNumber(value)}`}
          style={{ background: colourOf(node, value, ranges, theme.value) }}
        />
      ))}
    </span>
  );
}
