/** What went wrong that no field and no line can say: the run, the page, the server. */
import { Problem, Unreachable } from "../api/problems.ts";
import { waiting } from "../api/requests.ts";
import {
  architecture,
  diagnostics,
  editing,
  type Fault,
  fault,
  run,
  tab,
  text,
} from "../state/store.ts";
import { retry } from "../state/troubles.ts";
import { Coded } from "./coded.tsx";
import { otherFaults } from "./inputs.tsx";

function Retry() {
  return (
    <button type="button" class="plain" onClick={retry}>
      {text.value.run.retry}
    </button>
  );
}

function sentence(held: Fault): string {
  const words = text.value.run;
  if (held instanceof Problem) return held.status === 404 ? words.notFound : held.message;
  if (held.status !== null) return words.status(held.status);
  return architecture.value ? words.unreachable : words.unreachableEmpty;
}

/** Why the run did not start, or did not end. */
export function RunTrouble() {
  const words = text.value.run;
  const held = run.value.fault;
  if (!held) return null;
  if (held instanceof Unreachable) {
    return (
      <div class="trouble" role="alert">
        <p>{sentence(held)}</p>
        <Retry />
      </div>
    );
  }
  const faults = otherFaults();
  if (held.errors.length > 0 && faults.length === 0) return null; // the inputs say it
  return (
    <div class="trouble" role="alert">
      <p>{words.failed}</p>
      {faults.length === 0 && <p>{held.message}</p>}
      {faults.map((each) => (
        <p key={`${each.code}-${each.pointer}`}>
          <Coded text={each.detail} /> <Coded text={each.hint} />
        </p>
      ))}
    </div>
  );
}

/** In the figure's place: the page was opened with a text that cannot be read. */
export function NothingDrawn() {
  const words = text.value.equations;
  const count = diagnostics.value.length;
  if (count === 0) return null;
  return (
    <div class="nothing-drawn">
      <p class="nothing-title">{words.nothing}</p>
      {!editing.value && (
        <button type="button" class="plain" onClick={openText}>
          {words.mend(count)}
        </button>
      )}
    </div>
  );
}

function openText(): void {
  editing.value = true;
  tab.value = "equations";
}

/** The service is busy, or gone for a moment; the page asks again by itself. */
export function Wait() {
  return waiting.value > 0 ? <p class="wait-note">{text.value.run.busy}</p> : null;
}

/** What keeps the page itself from opening, or a text from being read. */
export function PageTrouble() {
  const held = fault.value;
  if (!held) return null;
  const isMissing = held instanceof Problem && held.status === 404;
  return (
    <div class="trouble is-wide" role="alert">
      <p>{sentence(held)}</p>
      {isMissing ? (
        <a class="plain" href="/">
          {text.value.run.home}
        </a>
      ) : (
        <Retry />
      )}
    </div>
  );
}
