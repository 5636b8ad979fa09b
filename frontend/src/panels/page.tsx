/** The page: where each part stands. Which of them shows on a narrow screen is the tab's choice. */
import {
  architecture,
  editing,
  embedded,
  fault,
  helpOpen,
  pins,
  printing,
  rulesOpen,
  said,
  selection,
  tab,
  text,
  title,
} from "../state/store.ts";
import { Equations } from "./equations.tsx";
import { GraphFacts } from "./facts.tsx";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { Inspector } from "./inspector.tsx";
import { Lesson, LessonHead } from "./lesson.tsx";
import { onDemand } from "./on-demand.tsx";
import { Peek } from "./pins.tsx";
import { Printed } from "./printed.tsx";
import { Schedule } from "./schedule.tsx";
import { Settings } from "./settings.tsx";
import { Stage } from "./stage.tsx";
import { Symbols } from "./symbols.tsx";
import { Tabs } from "./tabs.tsx";
import { PageTrouble, Wait } from "./trouble.tsx";

const Rules = onDemand(async () => (await import("./rules.tsx")).Rules);

export function Page() {
  const side = rulesOpen.value
    ? "rules"
    : selection.value || pins.value.length > 0
      ? "inspector"
      : undefined;
  return (
    <div
      class="page"
      data-tab={tab.value}
      data-editing={editing.value ? "" : undefined}
      data-side={embedded.value ? undefined : side}
      data-embed={embedded.value ? "" : undefined}
    >
      {!embedded.value && <Header />}
      <PageTrouble />
      {architecture.value ? <Parts /> : <Waiting />}
      {helpOpen.value && <Help />}
      <div aria-live="polite">
        <Wait />
      </div>
      <p class="unseen" role="status">
        {said.value}
      </p>
    </div>
  );
}

function Parts() {
  if (embedded.value) {
    return (
      <>
        {printing.value && <Printed />}
        <Stage />
      </>
    );
  }
  return (
    <main class="parts">
      <h1 class="narrow-title unseen">{title.value}</h1>
      <div class="text-column">
        <LessonHead />
        {printing.value && <Printed />}
        <Equations />
        <Settings />
        <Lesson />
        <Symbols />
        <Schedule />
        <GraphFacts />
      </div>
      <Stage />
      {rulesOpen.value && <Rules />}
      <Inspector />
      <Tabs />
      <Peek />
    </main>
  );
}

function Waiting() {
  return fault.value ? null : <p class="waiting">{text.value.run.loading}</p>;
}
