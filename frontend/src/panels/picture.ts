/** The picture on the screen, for those who take it elsewhere: files and paper. */

import { signal } from "@preact/signals";
import { timeAxisOf } from "../core/view.ts";
import { isParameter } from "../render/colours.ts";
import type { Below } from "../render/picture.ts";
import type { Scene } from "../render/scene.ts";
import { layStrips, stripNodes } from "../render/strips.ts";
import type { About } from "../render/svg.ts";
import type { LegendEntry } from "../render/values.ts";
import {
  description,
  embedded,
  equations,
  language,
  shownTrace,
  shows,
  sorting,
  step,
  text,
  title,
  total,
  unfolded,
} from "../state/store.ts";
import { wordOf } from "./figure-parts.tsx";
import { figureWords } from "./figure-words.ts";

/** Gives the scene that is painted now; null while there is no figure. */
export const picture = signal<(() => Scene) | null>(null);

/** How the scales under it are named. */
export function legendWord(entry: LegendEntry): string {
  return wordOf(entry, figureWords[language.value]);
}

/** What is saved under the figure: what the page shows around it. */
export function belowPicture(scene: Scene): Below {
  const graph = description.value?.graph;
  const trace = shownTrace.value;
  const parameters = graph?.nodes.filter(isParameter) ?? [];
  if (!graph || !trace || embedded.value) return { wordOf: legendWord, parameters, strips: null };
  const { strips, height } = layStrips(stripNodes(graph), trace, sorting.value);
  const { theme, ranges, front } = scene;
  const axis = timeAxisOf(scene.pose, scene.camera, scene.size);
  const own = { strips, axis, theme, trace, ranges, step: step.value, front, selected: null };
  return {
    wordOf: legendWord,
    parameters,
    strips: strips.length > 0 ? { scene: { ...own, unit: 0 }, height } : null,
  };
}

/** What the picture says of itself to those who do not see it. */
export function aboutPicture(): About {
  const words = figureWords[language.value];
  const state = unfolded.value ? words.unfolded(total.value) : words.folded;
  const what = text.value.say.shows[shows.value];
  const description = text.value.save.describe(`${words.figure}, ${state}`, what, step.value);
  return { title: title.value, description: `${description}\n${equations.value.trim()}` };
}
