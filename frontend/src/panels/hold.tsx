/** The reader's experiment: a variable held at a value, and what is held now. */
import { signal } from "@preact/signals";
import { type Clamp, isSamePlace } from "../core/clamp.ts";
import type { GraphNode } from "../core/types.ts";
import { formatNumber } from "../state/format.ts";
import { clamps, description, index, shownTrace, step, text, total, unit } from "../state/store.ts";
import { product } from "../state/trace.ts";
import { unitName } from "../state/units.ts";
import { Formula } from "./formula.tsx";
import { Icon } from "./icons.tsx";

type Steps = "all" | "this" | "from";

const value = signal("");
const steps = signal<Steps>("all");
const isOneUnit = signal(false);

/** Holds the selected variable, all of it or one unit, at all steps or some. */
export function Hold({ node, labels }: { node: GraphNode; labels: readonly string[] }) {
  const words = text.value.hold;
  const hasSteps = node.domains.length > 0 && total.value > 0;
  const hasUnits = product(node.shape) > 1;
  const number = Number(value.value || "x");
  const own = clamps.value.filter((each) => each.variable === node.id);
  const add = (event: Event) => {
    event.preventDefault();
    if (!Number.isFinite(number)) return;
    const span: [number, number] = [step.value, steps.value === "this" ? step.value : total.value];
    const made: Clamp = {
      variable: node.id,
      value: number,
      ...(hasSteps && steps.value !== "all" ? { steps: span } : {}),
      ...(hasUnits && isOneUnit.value ? { units: [unit.value] } : {}),
    };
    clamps.value = [...clamps.value.filter((each) => !isSamePlace(each, made)), made];
  };
  return (
    <section>
      <h3>{words.title}</h3>
      <p class="note">{words.text}</p>
      <form class="hold" onSubmit={add}>
        <input
          class="field hold-value"
          inputMode="decimal"
          aria-label={words.value}
          placeholder={node.role === "gate" ? "1" : "0"}
          value={value.value}
          aria-invalid={value.value !== "" && !Number.isFinite(number)}
          onInput={(event) => {
            value.value = event.currentTarget.value.replace("−", "-").trim();
          }}
        />
        {hasUnits && (
          <select
            class="field"
            aria-label={words.units}
            value={isOneUnit.value ? "one" : "all"}
            onChange={(event) => {
              isOneUnit.value = event.currentTarget.value === "one";
            }}
          >
            <option value="all">{words.allUnits}</option>
            <option value="one">
              {words.unit(labels[unit.value] ?? nameIn(node, unit.value))}
            </option>
          </select>
        )}
        {hasSteps && (
          <select
            class="field"
            aria-label={words.steps}
            value={steps.value}
            onChange={(event) => {
              steps.value = event.currentTarget.value as Steps;
            }}
          >
            <option value="all">{words.allSteps}</option>
            <option value="this">{words.step(index.value, step.value)}</option>
            <option value="from">{words.from(index.value, step.value)}</option>
          </select>
        )}
        <button type="submit" class="plain" disabled={!Number.isFinite(number)}>
          {words.hold}
        </button>
      </form>
      {own.length > 0 && <Held clamps={own} />}
    </section>
  );
}

/** Above the figure: everything that is held, each to be let go. */
export function HeldLine() {
  const words = text.value.hold;
  if (clamps.value.length === 0) return null;
  return (
    <div class="held-line" role="group" aria-label={words.held}>
      <span class="note">{words.held}</span>
      <Held clamps={clamps.value} />
    </div>
  );
}

function Held({ clamps: own }: { clamps: readonly Clamp[] }) {
  const words = text.value.hold;
  return (
    <ul class="held">
      {own.map((each) => (
        <li key={JSON.stringify(each)}>
          <Formula latex={`\\htmlData{node=${each.variable}}{${latexOf(each.variable)}}`} /> ={" "}
          {formatNumber(each.value)}
          <span class="note">{placeOf(each)}</span>
          <button
            type="button"
            class="quiet square small"
            aria-label={words.release(each.variable)}
            title={words.release(each.variable)}
            onClick={() => {
              clamps.value = clamps.value.filter((other) => other !== each);
            }}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function nodeOf(variable: string): GraphNode | undefined {
  return description.value?.graph.nodes.find((node) => node.id === variable);
}

function latexOf(variable: string): string {
  return nodeOf(variable)?.latex ?? variable;
}

function nameIn(node: GraphNode | undefined, unit: number): string {
  return node ? unitName(unit, node, shownTrace.value?.lengths ?? {}) : String(unit);
}

function placeOf({ variable, steps: span, units }: Clamp): string {
  const words = text.value.hold;
  const node = nodeOf(variable);
  const unitWords = units ? units.map((each) => words.unit(nameIn(node, each))) : [];
  const stepWords = span
    ? [`${index.value} = ${span[0] === span[1] ? span[0] : `${span[0]}…${span[1]}`}`]
    : [];
  return [...unitWords, ...stepWords].join(", ");
}
