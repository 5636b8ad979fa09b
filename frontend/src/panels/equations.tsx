/** The equations: typeset as in the book, or as the text that the whole page is made from. */
import type { Equation } from "../api/wire.ts";
import { redoEquations, resetEquations, undoEquations } from "../state/actions.ts";
import { tooltip } from "../state/keys.ts";
import {
  description,
  diagnostics,
  editing,
  history,
  isEdited,
  pointed,
  rulesOpen,
  selection,
  tab,
  text,
} from "../state/store.ts";
import { Editor } from "./editor.tsx";
import { useFit } from "./fit.ts";
import { Formula, symbolHandlers, useSymbolFocus } from "./formula.tsx";
import { Icon } from "./icons.tsx";

export function Equations() {
  const words = text.value.equations;
  return (
    <section class="equations" aria-labelledby="equations-title">
      <div class="section-head">
        <h2 id="equations-title">{words.title}</h2>
        {isEdited.value && <span class="badge">{words.changed}</span>}
        <div class="section-tools">
          {editing.value && <EditorTools />}
          <button
            type="button"
            class="quiet"
            aria-pressed={editing.value}
            title={tooltip("edit", text.value)}
            onClick={() => {
              editing.value = !editing.value;
              if (!editing.value) rulesOpen.value = false;
              tab.value = "equations";
            }}
          >
            <Icon name="edit" /> {editing.value ? words.done : words.edit}
          </button>
        </div>
      </div>
      {editing.value && <Editor />}
      <Typeset equations={description.value?.equations ?? []} />
      {!editing.value && diagnostics.value.length > 0 && (
        <button type="button" class="fault-line" onClick={() => (editing.value = true)}>
          {words.faults(diagnostics.value.length)}: {diagnostics.value[0]?.detail}
        </button>
      )}
    </section>
  );
}

function EditorTools() {
  const words = text.value.equations;
  return (
    <>
      <button
        type="button"
        class="quiet square"
        title={`${words.undo} (Ctrl Z)`}
        aria-label={words.undo}
        disabled={history.value.past.length === 0}
        onClick={undoEquations}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button"
        class="quiet square"
        title={`${words.redo} (Ctrl Shift Z)`}
        aria-label={words.redo}
        disabled={history.value.future.length === 0}
        onClick={redoEquations}
      >
        <Icon name="redo" />
      </button>
      <button
        type="button"
        class="quiet"
        title={words.resetHint}
        disabled={!isEdited.value}
        onClick={resetEquations}
      >
        {words.reset}
      </button>
      <button
        type="button"
        class="quiet"
        aria-pressed={rulesOpen.value}
        onClick={() => {
          rulesOpen.value = !rulesOpen.value;
        }}
      >
        <Icon name="book" /> {words.rules}
      </button>
    </>
  );
}

function Typeset({ equations }: { equations: readonly Equation[] }) {
  const place = useSymbolFocus([equations]);
  useFit(place, ".typeset-line", [equations]);
  const isStale = diagnostics.value.length > 0;
  const chosen = selection.value?.kind === "node" ? selection.value.id : null;
  const hovered = pointed.value?.kind === "node" ? pointed.value.id : null;
  return (
    <div
      ref={place}
      class={`typeset ${isStale ? "is-stale" : ""}`}
      role="group"
      aria-label={text.value.equations.title}
      {...symbolHandlers}
    >
      {equations.map((equation) => (
        <div
          key={`${equation.variable}-${equation.line}`}
          class={`typeset-line ${equation.variable === (chosen ?? hovered) ? "is-own" : ""}`}
        >
          <Formula latex={equation.marked} variable={equation.variable} display />
        </div>
      ))}
    </div>
  );
}
