/** The picture on the screen, for those who take it elsewhere: files and paper. */

import { signal } from "@preact/signals";
import type { Scene } from "../render/scene.ts";
import type { About } from "../render/svg.ts";
import type { LegendEntry } from "../render/values.ts";
import { equations, language, shows, step, text, title, total, unfolded } from "../state/store.ts";
import { wordOf } from "./figure-parts.tsx";
import { figureWords } from "./figure-words.ts";

/** Gives the scene that is painted now; null while there is no figure. */
export const picture = signal<(() => Scene) | null>(null);

/** How the scales under it are named. */
export function legendWord(entry: LegendEntry): string {
  return wordOf(entry, figureWords[language.value]);
}

/** What the picture says of itself to those who do not see it. */
export function aboutPicture(): About {
  const words = figureWords[language.value];
  const state = unfolded.value ? words.unfolded(total.value) : words.folded;
  const what = text.value.say.shows[shows.value];
  const description = text.value.save.describe(`${words.figure}, ${state}`, what, step.value);
  return { title: title.value, description: `${description}\n${equations.value.trim()}` };
}
