/** Playing, stepping, folding: one row of controls above the scrubber. */

import type { Front, Phase } from "../core/playback.ts";
import type { GraphNode } from "../core/types.ts";
import { formatNumber, fullNumber } from "../state/format.ts";
import type { Key } from "../state/keys.ts";
import { tooltip } from "../state/keys.ts";
import { front } from "../state/playback.ts";
import {
  goToFirst,
  goToLast,
  SPEEDS,
  setUnfolded,
  showAll,
  stepBy,
  toggleLoop,
  togglePlaying,
} from "../state/player.ts";
import {
  arrived,
  description,
  index,
  looping,
  moment,
  playing,
  run,
  shownValues,
  shows,
  speed,
  step,
  symbolAt,
  text,
  total,
  traceVersion,
  unfolded,
} from "../state/store.ts";
import type { Dictionary } from "../text/index.ts";
import { Formula, symbolHandlers } from "./formula.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { ShowsChoice } from "./shows.tsx";

export function Player() {
  const words = text.value.player;
  const isPlaying = playing.value;
  return (
    <div class="player" role="group" aria-label={words.label}>
      <div class="player-buttons">
        <Step name="first" icon="first" label={words.first} to={1} go={goToFirst} />
        <Step
          name="back"
          icon="back"
          label={words.back}
          to={step.value - 1}
          go={() => stepBy(-1)}
        />
        <button
          type="button"
          class="play"
          aria-label={isPlaying ? words.pause : words.play}
          title={tooltip("play", text.value, isPlaying ? words.pause : words.play)}
          disabled={!isPlaying && arrived.value === 0}
          onClick={togglePlaying}
        >
          <Icon name={isPlaying ? "pause" : "play"} filled={!isPlaying} />
        </button>
        <Step
          name="forward"
          icon="forward"
          label={words.forward}
          to={step.value + 1}
          go={() => stepBy(1)}
        />
        <Step name="last" icon="last" label={words.last} to={total.value} go={goToLast} />
        <button
          type="button"
          class="quiet square"
          aria-label={words.loop}
          aria-pressed={looping.value}
          title={tooltip("loop", text.value)}
          onClick={toggleLoop}
        >
          <Icon name="loop" />
        </button>
      </div>
      <output class="player-step">
        {total.value > 0 && words.at(index.value, step.value, symbolAt(step.value))}
      </output>
      {front.value ? <Beat front={front.value} /> : <Status />}
      <div class="player-tools">
        <ShowsChoice />
        <Speed />
        <FoldButton />
      </div>
    </div>
  );
}

function Speed() {
  const words = text.value.player;
  return (
    <select
      class="speed"
      aria-label={words.speed}
      title={words.speed}
      value={String(speed.value)}
      onChange={(event) => {
        speed.value = Number(event.currentTarget.value);
      }}
    >
      {SPEEDS.map((each) => (
        <option key={each} value={String(each)}>
          {each}×
        </option>
      ))}
    </select>
  );
}

function FoldButton() {
  const words = text.value.player;
  return (
    <button
      type="button"
      class="plain fold"
      aria-label={unfolded.value ? words.fold : words.unfold}
      title={tooltip("fold", text.value, unfolded.value ? words.foldHint : words.unfoldHint)}
      aria-pressed={unfolded.value}
      onClick={() => setUnfolded(!unfolded.value)}
    >
      <Icon name={unfolded.value ? "fold" : "unfold"} />{" "}
      <span>{unfolded.value ? words.fold : words.unfold}</span>
    </button>
  );
}

interface StepProps {
  name: Key["name"];
  icon: IconName;
  label: string;
  to: number;
  go(): void;
}

function Step({ name, icon, label, to, go }: StepProps) {
  const isOutside = to < 1 || to > total.value || to === step.value;
  return (
    <button
      type="button"
      class="quiet square"
      aria-label={label}
      title={tooltip(name, text.value, label)}
      disabled={total.value === 0 || (isOutside && moment.value === null)}
      onClick={go}
    >
      <Icon name={icon} />
    </button>
  );
}

/** What this beat of playback computes, and the way out of it. */
function Beat({ front: { phase } }: { front: Front }) {
  const words = text.value.player;
  const nodes = description.value?.graph.nodes ?? [];
  const names = nodes.filter((node) => phase.names.has(node.id));
  const latex = names.map((node) => `\\htmlData{node=${node.id}}{${node.latex}}`).join(",\\ ");
  const name = beatName(phase, names, words.phase);
  return (
    <p class="player-beat" {...symbolHandlers}>
      <span class="player-beat-names">
        {latex && <Formula latex={latex} />} <span title={name}>{name}</span>
      </span>
      <button type="button" class="quiet" title={words.showAllHint} onClick={showAll}>
        {words.showAll}
      </button>
    </p>
  );
}

function beatName(
  phase: Phase,
  names: readonly GraphNode[],
  words: Dictionary["player"]["phase"],
): string {
  if (phase.kind === "scan") return words[phase.direction];
  if (names.length > 0 && names.every((node) => node.kind === "input")) {
    return shows.value === "gradients" ? words.inputs : words.given;
  }
  return phase.domain === null ? words.once : words.map;
}

/** How far the run has come, and its loss. */
function Status() {
  const words = text.value.run;
  traceVersion.value;
  const { phase, nonfinite } = run.value;
  const losses = shownValues.value?.value("loss", 1);
  const loss = losses?.length === 1 ? losses[0] : undefined;
  const isRunning = phase === "waiting" || phase === "arriving";
  return (
    <p class="run-status">
      {isRunning && <span>{words.running}…</span>}
      {nonfinite && nonfinite.count > 0 && (
        <span class="is-fault">{words.nonfinite(nonfinite.count)}</span>
      )}
      {loss !== undefined && (
        <span title={fullNumber(loss)}>
          {words.loss} <b>{formatNumber(loss)}</b>
        </span>
      )}
    </p>
  );
}
