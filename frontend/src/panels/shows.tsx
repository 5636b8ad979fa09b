/** What the drawing shows of the run: its values, or the gradients of its scalar. */
import { gradientFault, scalar, showGradients } from "../state/gradients.ts";
import { tooltip } from "../state/keys.ts";
import { gradients, shows, text } from "../state/store.ts";
import { Coded } from "./coded.tsx";

export function ShowsChoice() {
  const words = text.value.player;
  const of = scalar.value;
  const isGradients = shows.value === "gradients" && of !== null;
  const hint = of === null ? words.noGradients : words.gradientsHint(of);
  return (
    <fieldset class="shows">
      <legend class="unseen">{words.shows}</legend>
      <button
        type="button"
        class="quiet"
        aria-pressed={!isGradients}
        onClick={() => showGradients(false)}
      >
        {words.values}
      </button>
      <button
        type="button"
        class="quiet"
        aria-pressed={isGradients}
        disabled={of === null}
        title={tooltip("gradients", text.value, hint)}
        onClick={() => showGradients(true)}
      >
        {words.gradients}
      </button>
    </fieldset>
  );
}

/** Below the figure, while gradients are shown: of what, what reads as zero, and why there are none. */
export function GradientNote() {
  const words = text.value.player;
  const of = scalar.value;
  if (shows.value !== "gradients" || of === null) return null;
  const faults = gradientFault.value?.errors ?? [];
  return (
    <p class="note gradient-note" role={faults.length > 0 ? "alert" : undefined}>
      {faults.length > 0
        ? faults.map((each) => (
            <span key={each.code}>
              <Coded text={each.detail} /> {each.hint && <Coded text={each.hint} />}
            </span>
          ))
        : gradients.value && words.flushed(of)}
    </p>
  );
}
