/** The middle column: what goes in, the figure, the player, and what shares the figure's time axis. */
import { point, releaseAll, select, setPlace } from "../state/actions.ts";
import { isAlone, openedGraph, toggleOpen } from "../state/opening.ts";
import { front } from "../state/playback.ts";
import { goTo, setUnfolded, togglePlaying } from "../state/player.ts";
import { viewAddress } from "../state/saving.ts";
import {
  arrived,
  description,
  domain,
  embedded,
  isFar,
  language,
  pins,
  playing,
  pointed,
  reducedMotion,
  shownSelection,
  shownTrace,
  stale,
  step,
  text,
  theme,
  timeAxis,
  title,
  traceVersion,
  unfolded,
  wantedPlace,
} from "../state/store.ts";
import { Figure } from "./figure.tsx";
import { HeldLine } from "./hold.tsx";
import { Inputs } from "./inputs.tsx";
import { Player } from "./player.tsx";
import { Scrubber } from "./scrubber.tsx";
import { DifferenceNote, GradientNote } from "./shows.tsx";
import { Strips } from "./strips.tsx";
import { NothingDrawn, RunTrouble } from "./trouble.tsx";

/** Each part reads the signals it needs itself: pointing redraws the figure and nothing else. */
export function Stage() {
  if (embedded.value) return <EmbeddedStage />;
  return (
    <section
      class="stage"
      aria-label={text.value.run.stage}
      data-level={isFar.value ? "far" : undefined}
    >
      <Inputs />
      <HeldLine />
      <FigurePlace />
      <GradientNote />
      <DifferenceNote />
      <Player />
      <ScrubberPlace />
      <StripsPlace />
    </section>
  );
}

/** In another page: the figure and its player, and the way to everything else. */
function EmbeddedStage() {
  return (
    <main class="stage">
      <h1 class="unseen">{title.value}</h1>
      <HeldLine />
      <FigurePlace />
      <GradientNote />
      <DifferenceNote />
      <Player />
      <ScrubberPlace />
      <p class="embed-foot">
        <span>{title.value}</span>
        <a href={viewAddress()} target="_blank" rel="noopener">
          {text.value.save.open}
        </a>
      </p>
    </main>
  );
}

function FigurePlace() {
  const known = description.value;
  return (
    <div class="figure-place" onMouseDown={keepKeys}>
      <RunTrouble />
      <div class="figure-area">
        {known && stale.value && <p class="stale-note">{text.value.run.stale[stale.value]}</p>}
        {!known && <NothingDrawn />}
        {known && (
          <Figure
            graph={openedGraph.value ?? known.graph}
            domains={known.domains}
            trace={shownTrace.value}
            version={traceVersion.value}
            step={step.value}
            front={front.value}
            playing={playing.value}
            unfolded={unfolded.value}
            selection={shownSelection.value}
            pins={pins.value}
            alone={isAlone.value ? step.value : null}
            onOpen={toggleOpen}
            pointed={pointed.value}
            theme={theme.value}
            language={language.value}
            reducedMotion={reducedMotion.value}
            onSelect={select}
            onRelease={releaseAll}
            onPoint={point}
            onStep={goTo}
            onUnfold={setUnfolded}
            place={wantedPlace.value}
            onPlace={setPlace}
            timeAxis={timeAxis}
            stale={stale.value !== null}
          />
        )}
      </div>
    </div>
  );
}

/** A press in the figure does not take the focus: the arrow keys keep stepping through time. */
function keepKeys(event: MouseEvent): void {
  if (!(event.target instanceof Element) || !event.target.closest(".figure-stage")) return;
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

function ScrubberPlace() {
  return (
    <Scrubber
      lengths={shownTrace.value?.lengths ?? {}}
      domain={domain.value}
      step={step.value}
      arrived={arrived.value}
      playing={playing.value}
      timeAxis={timeAxis}
      onStep={goTo}
      onPlay={togglePlaying}
    />
  );
}

function StripsPlace() {
  const known = description.value;
  return (
    <div class="part-strips">
      {known && (
        <Strips
          graph={known.graph}
          trace={shownTrace.value}
          version={traceVersion.value}
          step={step.value}
          front={front.value}
          selection={shownSelection.value}
          timeAxis={timeAxis}
          onSelect={select}
          onStep={goTo}
        />
      )}
    </div>
  );
}
