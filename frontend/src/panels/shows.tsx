/** What the drawing shows of the run: its values, the gradients of its scalar, or what parts it from another. */
import { giveUpKept, keepRun, showDifference } from "../state/comparing.ts";
import { areComparable, kept } from "../state/difference.ts";
import { formatNumber } from "../state/format.ts";
import { gradientFault, scalar, showGradients } from "../state/gradients.ts";
import { tooltip } from "../state/keys.ts";
import { gradients, shownValues, shows, text } from "../state/store.ts";
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
        aria-pressed={shows.value === "values" || (shows.value === "gradients" && !isGradients)}
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
      <button
        type="button"
        class="quiet"
        aria-pressed={shows.value === "difference"}
        disabled={shownValues.value === null}
        title={tooltip("difference", text.value, words.differenceHint)}
        onClick={showDifference}
      >
        {words.difference}
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

/** Below the figure, while two runs are compared: with which, and how to compare with another. */
export function DifferenceNote() {
  const words = text.value.player;
  const other = kept.value;
  if (shows.value !== "difference" || !other) return null;
  const values = shownValues.value;
  const isItself =
    values === other.trace || (values !== null && values.token === other.trace.token);
  const isFar = values !== null && !areComparable(values, other.trace);
  const loss = other.loss === null ? null : formatNumber(other.loss);
  return (
    <p class="note difference-note">
      <span>{isItself ? words.sameRun : isFar ? words.otherRun : words.comparedWith(loss)}</span>{" "}
      {!isItself && (
        <button type="button" class="fix" onClick={keepRun}>
          {words.keepThis}
        </button>
      )}{" "}
      <button type="button" class="fix" onClick={giveUpKept}>
        {words.giveUp}
      </button>
    </p>
  );
}
