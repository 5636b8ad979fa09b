/** A variable or an input at one step: its equation with the numbers in it, its values, its past. */
import { isNumbers } from "../core/branching.ts";
import { heldIn } from "../core/clamp.ts";
import type { GraphNode } from "../core/types.ts";
import { roleColour } from "../render/colours.ts";
import { copied, formatNumber, formatShape, fullNumber } from "../state/format.ts";
import { goTo } from "../state/player.ts";
import {
  architecture,
  clamps,
  description,
  domain,
  effectiveInputs,
  equations,
  index,
  shownTrace,
  step,
  symbolAt,
  text,
  theme,
  total,
  traceVersion,
  unit,
} from "../state/store.ts";
import { unitName } from "../state/units.ts";
import { Chart } from "./chart.tsx";
import { EquationNumbers } from "./equation-numbers.tsx";
import { Formula } from "./formula.tsx";
import { Hold } from "./hold.tsx";
import { Copy, Facts, Reference, Title } from "./inspector-parts.tsx";
import { stageName } from "./schedule.tsx";
import { Values } from "./values.tsx";

export function NodeDetails({ node, at }: { node: GraphNode; at: number | null }) {
  const words = text.value.inspector;
  traceVersion.value;
  const hasTime = node.domains.includes(domain.value);
  const isBoundary = hasTime && at !== null && (at < 1 || at > total.value);
  const here = isBoundary ? at : step.value;
  const values = shownTrace.value?.value(node.id, here) ?? null;
  const labels = unitLabels(node);
  const lengths = shownTrace.value?.lengths ?? {};
  const graph = description.value?.graph;
  const reads = graph?.edges.filter((edge) => edge.target === node.id) ?? [];
  const readers = graph?.edges.filter((edge) => edge.source === node.id) ?? [];
  const equation = equationOf(node, isBoundary);
  // what is held does not follow from its equation: its numbers would not add up
  const isHeld = !isBoundary && clamps.value.some((each) => each.variable === node.id);
  const isWhole = isHeld && heldIn(equations.value, clamps.value).includes(node.id);
  const computed = isWhole ? words.held : isHeld ? words.heldPartly : stageName(node.id);
  return (
    <>
      <Title node={node}>{text.value.roles[node.role]}</Title>
      <Facts
        rows={[
          [words.shape, formatShape(node.shape, words.scalar)],
          ...(hasTime ? ([[words.step, stepLabel(here, isBoundary)]] as const) : []),
          ...(node.kind === "variable" ? ([[words.computed, computed]] as const) : []),
        ]}
      />
      {equation && (
        <div class={`inspector-equation ${isWhole ? "is-cut" : ""}`}>
          <Formula latex={equation.marked} variable={node.id} />
        </div>
      )}
      {equation && values && !isHeld && (
        <EquationNumbers
          equation={equation}
          at={here}
          label={labels[unit.value] ?? unitName(unit.value, node, lengths)}
        />
      )}
      {node.kind === "input" && <p class="note">{words.given}</p>}
      {values ? (
        <Values
          values={values}
          node={node}
          labels={labels}
          range={shownTrace.value?.range(node.id) ?? [0, 0]}
          at={here}
          tools={<Copy content={() => copied(values)} />}
        />
      ) : (
        <p class="note">{words.waiting}</p>
      )}
      {node.kind === "variable" && <Hold node={node} labels={labels} />}
      {hasTime && <History node={node} labels={labels} />}
      {reads.length > 0 && (
        <section>
          <h3>{words.from}</h3>
          <ul class="references">
            {reads.map((edge) => (
              <Reference key={edge.id} edge={edge} end="source" />
            ))}
          </ul>
        </section>
      )}
      {readers.length > 0 && (
        <section>
          <h3>{words.to}</h3>
          <ul class="references">
            {readers.map((edge) => (
              <Reference key={edge.id} edge={edge} end="target" />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function stepLabel(here: number, isBoundary: boolean): string {
  if (isBoundary) return text.value.inspector.boundaryStep(here);
  return text.value.player.at(index.value, here, symbolAt(here));
}

/** The equation of the variable, or the one that gives its boundary value. */
function equationOf(node: GraphNode, isBoundary: boolean) {
  const own = description.value?.equations.filter((each) => each.variable === node.id) ?? [];
  return own.find((each) => (each.boundary !== null) === isBoundary);
}

/** Units of a one-hot vector, and of scores and probabilities over it, are named by its symbols. */
export function unitLabels(node: GraphNode): string[] {
  const given = Object.values(effectiveInputs.value).find(
    (value) => !isNumbers(value) && "text" in value,
  );
  const own = given && !isNumbers(given) && "alphabet" in given ? given.alphabet : undefined;
  const alphabet = [...(own ?? architecture.value?.alphabet ?? "")];
  const isOverSymbols = node.one_hot || ["output", "probability", "target"].includes(node.role);
  if (!given || !isOverSymbols || node.shape[0] !== alphabet.length) return [];
  return alphabet.map((each) => (each === " " ? "␣" : each));
}

function History({ node, labels }: { node: GraphNode; labels: string[] }) {
  const words = text.value.inspector;
  const trace = shownTrace.value;
  const units = trace ? unitsOverTime(node.id) : [];
  if (!trace || units.length === 0) return null;
  const own = units[unit.value] ?? units[0];
  const now = own?.[step.value - 1];
  const name = labels[unit.value] ?? unitName(unit.value, node, trace.lengths);
  const inner = description.value?.domains.find((each) => each.name === node.domains[1]);
  const isStep = node.shape.length === 0 && inner !== undefined; // what it has many of are steps
  const label = isStep
    ? words.historyAt(inner.index, name)
    : units.length > 1
      ? words.history(name)
      : words.historyScalar;
  return (
    <section>
      <h3>
        {label}
        {now !== undefined && Number.isFinite(now) && (
          <span class="note" title={fullNumber(now)}>
            {formatNumber(now)}
          </span>
        )}
      </h3>
      <Chart
        label={label}
        units={units}
        chosen={unit.value}
        step={step.value}
        range={trace.range(node.id)}
        colour={roleColour(node.role, theme.value)}
        onStep={goTo}
      />
    </section>
  );
}

const MOST_UNITS = 256;

/** The values of a variable turned round: a row of steps for each unit. */
function unitsOverTime(name: string): Float32Array[] {
  const trace = shownTrace.value;
  const steps = total.value;
  const size = trace?.value(name, 1)?.length ?? 0;
  const units = Array.from({ length: Math.min(size, MOST_UNITS) }, () =>
    new Float32Array(steps).fill(Number.NaN),
  );
  for (let at = 1; at <= steps; at++) {
    const values = trace?.value(name, at);
    if (!values) continue;
    units.forEach((row, i) => {
      row[at - 1] = values[i] ?? Number.NaN;
    });
  }
  return units;
}
