/** The order of computation: what is done for all steps at once, and what waits for its turn. */
import type { Stage } from "../api/wire.ts";
import { formatBytes, formatCount } from "../state/format.ts";
import { description, run, text } from "../state/store.ts";
import { Formula, symbolHandlers } from "./formula.tsx";

export function Schedule() {
  const words = text.value.schedule;
  const stages = description.value?.schedule ?? [];
  const hasScan = stages.some((stage) => stage.kind === "scan");
  return (
    <section class="schedule" aria-labelledby="schedule-title">
      <h2 id="schedule-title">{words.title}</h2>
      <p class="note">{hasScan ? words.intro : words.noScan}</p>
      <ol {...symbolHandlers}>
        {stages.map((stage, i) => (
          <StageLine key={i} stage={stage} isFirst={i === 0} />
        ))}
      </ol>
      <Costs />
    </section>
  );
}

/** The stage in which a variable is computed, in words. */
export function stageName(variable: string): string {
  const stages = description.value?.schedule ?? [];
  const at = stages.findIndex((stage) => stage.variables.includes(variable));
  const stage = stages[at];
  return stage ? nameOf(stage, at === 0) : "–";
}

function nameOf(stage: Stage, isFirst: boolean): string {
  const words = text.value.schedule;
  if (stage.kind === "scan")
    return words.scan[stage.direction === "backward" ? "backward" : "forward"];
  if (stage.domain === null) return isFirst ? words.before : words.once;
  return words.map;
}

function StageLine({ stage, isFirst }: { stage: Stage; isFirst: boolean }) {
  const words = text.value.schedule;
  const nodes = description.value?.graph.nodes ?? [];
  const latex = stage.variables
    .map((name) => `\\htmlData{node=${name}}{${nodes.find((n) => n.id === name)?.latex ?? name}}`)
    .join(",\\ \\allowbreak ");
  return (
    <li class="stage-line">
      <Glyph stage={stage} />
      <div>
        <p class="stage-name">
          {nameOf(stage, isFirst)} {latex && <Formula latex={latex} />}
        </p>
        {stage.variables.length === 0 && (
          <p class="stage-operations">
            {outermost(stage.operations).map((operation) => (
              <code key={operation}>{operation}</code>
            ))}
          </p>
        )}
        {stage.stacked.map((names) => (
          <p key={names.join()} class="note">
            <Stacked names={names} /> {words.stacked("")}
          </p>
        ))}
      </div>
    </li>
  );
}

function Stacked({ names }: { names: readonly string[] }) {
  const nodes = description.value?.graph.nodes ?? [];
  const latex = names
    .map(
      (name) => `\\htmlData{parameter=${name}}{${nodes.find((n) => n.id === name)?.latex ?? name}}`,
    )
    .join(",");
  return <Formula latex={latex} />;
}

/** Of a chain of operations only the last, which holds the others. */
function outermost(operations: readonly string[]): string[] {
  return operations.filter(
    (each) => !operations.some((other) => other !== each && other.includes(each)),
  );
}

const BOXES = [0, 1, 2, 3, 4];

/** Five steps: side by side for a map, one after the other for a scan, one box for a single value. */
function Glyph({ stage }: { stage: Stage }) {
  const boxes = stage.domain === null ? [2] : BOXES;
  const isBackward = stage.direction === "backward";
  return (
    <svg
      class={`glyph is-${stage.kind}`}
      viewBox="0 0 60 22"
      width="60"
      height="22"
      aria-hidden="true"
    >
      {boxes.map((i) => (
        <rect
          key={i}
          x={i * 12 + 2}
          y={stage.kind === "scan" ? 16 - 3 * (isBackward ? 4 - i : i) : 8}
          width="7"
          height="6"
          rx="1.5"
        />
      ))}
      {stage.kind === "scan" &&
        BOXES.slice(0, 4).map((i) => {
          const from = 19 - 3 * (isBackward ? 4 - i : i);
          const to = 19 - 3 * (isBackward ? 3 - i : i + 1);
          return <path key={i} d={`M${i * 12 + 9} ${from}L${i * 12 + 14} ${to}`} />;
        })}
    </svg>
  );
}

function Costs() {
  const words = text.value.schedule;
  const cost = run.value.cost ?? description.value?.cost;
  if (!cost) return null;
  const figures: [string, string][] = [
    [formatCount(description.value?.cost.parameters ?? cost.parameters), words.parameters],
    [formatCount(cost.steps), words.steps],
    [formatCount(cost.operations), words.operations],
    [formatCount(cost.critical_path), words.path],
    [formatBytes(cost.bytes), words.bytes],
  ];
  return (
    <dl class="costs" aria-label={words.cost}>
      {figures.map(([value, label]) => (
        <div key={label}>
          <dd>{value}</dd>
          <dt>{label}</dt>
        </div>
      ))}
    </dl>
  );
}
