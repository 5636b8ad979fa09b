/** What is pinned beside the selection: each with its values at its own step. */
import { useEffect, useState } from "preact/hooks";
import { ownerOf } from "../core/opening.ts";
import type { GraphEdge, GraphNode, Selection } from "../core/types.ts";
import { colourOf, rangesOf, shortNumber, visibleSymbol } from "../render/values.ts";
import { point, release, turnTo } from "../state/actions.ts";
import {
  description,
  pins,
  shownSelection,
  shownTrace,
  tab,
  text,
  theme,
  traceVersion,
} from "../state/store.ts";
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

/** The node that a choice is named after, and the edge if it is one. */
function named({ id }: Selection): { node?: GraphNode; edge?: GraphEdge } {
  const graph = description.value?.graph;
  const edge = graph?.edges.find((each) => each.id === id);
  const name = edge ? (edge.parameter ?? edge.source) : ownerOf(id);
  const node = graph?.nodes.find((each) => each.id === name);
  return { ...(node && { node }), ...(edge && { edge }) };
}

/** What is chosen, in signs: its name and step, and of a node its values. */
function Name({ chosen }: { chosen: Selection }) {
  const { node, edge } = named(chosen);
  if (!node) return <span>{chosen.id}</span>;
  const kind = chosen.kind === "parameter" ? "parameter" : "node";
  const step = "step" in chosen ? chosen.step : null;
  const superscript = step !== null && node.domains.length > 0 ? `^{(${step})}` : "";
  return (
    <>
      <Formula latex={`\\htmlData{${kind}=${node.id}}{${node.latex}}${superscript}`} />
      {edge && <span class="note">→ {edge.target}</span>}
    </>
  );
}

/** On a narrow screen, where the inspector is out of sight: what is selected, and the way to it. */
export function Peek() {
  const words = text.value.inspector;
  const chosen = shownSelection.value;
  const [isSeen, setSeen] = useState(false);
  const isWanted = chosen !== null;
  useEffect(() => {
    const inspector = document.querySelector(".inspector");
    if (!isWanted || !inspector) return;
    const onChange: IntersectionObserverCallback = (all) =>
      setSeen(all.at(-1)?.isIntersecting ?? false);
    const observer = new IntersectionObserver(onChange, { rootMargin: "0px 0px -25% 0px" });
    observer.observe(inspector);
    return () => observer.disconnect();
  }, [isWanted]);
  if (!chosen || isSeen) return null;
  const { node } = named(chosen);
  const label = words.inspectPin(chosen.id, "step" in chosen ? chosen.step : null);
  return (
    <button type="button" class="peek" aria-label={label} onClick={goToInspector}>
      <span class="pin-name">
        <Name chosen={chosen} />
      </span>
      {node && chosen.kind === "node" && chosen.id === node.id && (
        <Cells node={node} step={chosen.step ?? 1} />
      )}
      <Icon name="down" />
    </button>
  );
}

function goToInspector(): void {
  tab.value = "inspector";
  requestAnimationFrame(() => document.querySelector(".tabs")?.scrollIntoView());
}

function Pin({ pin }: { pin: Selection }) {
  const words = text.value.inspector;
  const { node } = named(pin);
  if (!node) return null;
  const step = "step" in pin ? pin.step : null;
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
        <Name chosen={pin} />
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
