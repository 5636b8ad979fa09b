/** Comparing a run with one that was kept. */
import { kept } from "./difference.ts";
import { run, said, shownValues, shows, text } from "./store.ts";

/** The difference to the kept run; without one the present run is kept. */
export function showDifference(): void {
  if (kept.value === null) keepRun();
  if (kept.value === null) return;
  shows.value = "difference";
  said.value = text.value.say.shows[shows.value];
}

/** From now on runs are compared with this one. */
export function keepRun(): void {
  const values = shownValues.value;
  if (!values || run.value.phase !== "done") return;
  const loss = values.value("loss", 1);
  kept.value = { trace: values, loss: loss?.length === 1 ? (loss[0] ?? null) : null };
}

export function giveUpKept(): void {
  kept.value = null;
  if (shows.value === "difference") shows.value = "values";
  said.value = text.value.say.shows[shows.value];
}
