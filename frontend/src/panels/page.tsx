/** The page: where each part stands. Which of them shows on a narrow screen is the tab's choice. */
import { Unreachable } from "../api/problems.ts";
import { point, select } from "../state/actions.ts";
import { goTo, setUnfolded, togglePlaying } from "../state/player.ts";
import {
  architecture,
  arrived,
  described,
  diagnostics,
  domain,
  editing,
  fault,
  helpOpen,
  language,
  playing,
  pointed,
  reducedMotion,
  rulesOpen,
  run,
  said,
  selection,
  shownSelection,
  shownTrace,
  step,
  type Tab,
  tab,
  text,
  theme,
  timeAxis,
  traceVersion,
  unfolded,
} from "../state/store.ts";
import { retry } from "../state/troubles.ts";
import { Coded } from "./coded.tsx";
import { Equations } from "./equations.tsx";
import { Figure } from "./figure.tsx";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { Inputs, otherFaults } from "./inputs.tsx";
import { Inspector } from "./inspector.tsx";
import { Lesson, LessonHead } from "./lesson.tsx";
import { Player } from "./player.tsx";
import { Rules } from "./rules.tsx";
import { Schedule } from "./schedule.tsx";
import { Scrubber } from "./scrubber.tsx";
import { Settings } from "./settings.tsx";
import { Strips } from "./strips.tsx";

export function Page() {
  const hasSide = selection.value !== null || rulesOpen.value;
  return (
    <div
      class="page"
      data-tab={tab.value}
      data-editing={editing.value ? "" : undefined}
      data-side={rulesOpen.value ? "rules" : hasSide ? "inspector" : undefined}
    >
      <Header />
      <Trouble />
      {architecture.value ? <Parts /> : <Waiting />}
      {helpOpen.value && <Help />}
      <p class="unseen" role="status">
        {said.value}
      </p>
    </div>
  );
}

function Parts() {
  return (
    <>
      <main class="text-column">
        <LessonHead />
        <Equations />
        <Lesson />
        <Settings />
        <Schedule />
      </main>
      <Stage />
      {rulesOpen.value && <Rules />}
      <Inspector />
      <Tabs />
    </>
  );
}

function Stage() {
  const known = described.value?.description;
  traceVersion.value;
  if (!known) return <section class="stage" />;
  const trace = shownTrace.value;
  const isStale = diagnostics.value.length > 0;
  return (
    <section class="stage">
      <Inputs />
      <div class="figure-place" onMouseDown={keepKeys}>
        <RunFaults />
        {isStale && <p class="stale-note">{text.value.run.stale}</p>}
        <Figure
          graph={known.graph}
          domains={known.domains}
          trace={trace}
          step={step.value}
          playing={playing.value}
          unfolded={unfolded.value}
          selection={shownSelection.value}
          pointed={pointed.value}
          theme={theme.value}
          language={language.value}
          reducedMotion={reducedMotion.value}
          onSelect={select}
          onPoint={point}
          onStep={goTo}
          onUnfold={setUnfolded}
          timeAxis={timeAxis}
          stale={isStale}
        />
      </div>
      <Player />
      <Scrubber
        lengths={trace?.lengths ?? {}}
        domain={domain.value}
        step={step.value}
        arrived={arrived.value}
        playing={playing.value}
        timeAxis={timeAxis}
        onStep={goTo}
        onPlay={togglePlaying}
        text={text.value}
      />
      <div class="part-strips">
        <Strips
          graph={known.graph}
          trace={trace}
          step={step.value}
          selection={shownSelection.value}
          timeAxis={timeAxis}
          onSelect={select}
          onStep={goTo}
        />
      </div>
    </section>
  );
}

/** A press in the figure does not take the focus: the arrow keys keep stepping through time. */
function keepKeys(event: MouseEvent): void {
  if (!(event.target instanceof Element) || !event.target.closest(".figure-stage")) return;
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

const TABS: readonly Tab[] = ["lesson", "equations", "strips", "inspector"];

function Tabs() {
  const words = text.value.tabs;
  return (
    <div class="tabs" role="tablist" aria-label={words.label}>
      {TABS.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          aria-selected={tab.value === each}
          tabIndex={tab.value === each ? 0 : -1}
          onClick={() => {
            tab.value = each;
          }}
          onKeyDown={(event) => {
            const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (!by) return;
            const next = TABS[(TABS.indexOf(each) + by + TABS.length) % TABS.length] ?? each;
            tab.value = next;
            const buttons = event.currentTarget.parentElement?.querySelectorAll("button");
            buttons?.[TABS.indexOf(next)]?.focus();
            event.preventDefault();
          }}
        >
          {words[each]}
        </button>
      ))}
    </div>
  );
}

/** Why the run did not start, where no input line says it. */
function RunFaults() {
  const words = text.value.run;
  const held = run.value.fault;
  if (!held) return null;
  if (held instanceof Unreachable) {
    return (
      <p class="trouble" role="alert">
        {held.status === null ? words.unreachable : words.status(held.status)}{" "}
        <button type="button" class="plain" onClick={retry}>
          {words.retry}
        </button>
      </p>
    );
  }
  const faults = otherFaults();
  if (held.errors.length > 0 && faults.length === 0) return null;
  return (
    <div class="trouble" role="alert">
      <p>{words.failed}</p>
      {faults.length === 0 && <p>{held.message}</p>}
      {faults.map((each) => (
        <p key={`${each.code}-${each.pointer}`}>
          <Coded text={each.detail} /> {each.hint && <Coded text={each.hint} />}
        </p>
      ))}
    </div>
  );
}

/** What keeps the page itself from opening or from reading a text. */
function Trouble() {
  const words = text.value.run;
  const held = fault.value;
  if (!held) return null;
  const isMissing = !(held instanceof Unreachable) && held.status === 404;
  const isEmpty = architecture.value === null;
  const message =
    held instanceof Unreachable
      ? held.status === null
        ? isEmpty
          ? words.unreachableEmpty
          : words.unreachable
        : words.status(held.status)
      : isMissing
        ? words.notFound
        : held.message;
  return (
    <div class="trouble is-wide" role="alert">
      <p>{message}</p>
      {isMissing ? (
        <a class="plain" href="/">
          {words.home}
        </a>
      ) : (
        <button type="button" class="plain" onClick={retry}>
          {words.retry}
        </button>
      )}
    </div>
  );
}

function Waiting() {
  return fault.value ? null : <p class="waiting">{text.value.run.loading}</p>;
}
