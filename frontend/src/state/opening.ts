/** Which variables are opened into the operations of their equations. */
import { batch, computed, signal } from "@preact/signals";
import { canOpen, openGraph, ownerOf } from "../core/opening.ts";
import type { FoldedGraph } from "../core/types.ts";
import { description, pointed, said, selection, text } from "./store.ts";

export const opened = signal<readonly string[]>([]);
/** Open at the current step alone, not at every step. */
export const isAlone = signal(false);

/** Of what is opened, what the present text has, in its order. */
export const openNow = computed<string[]>(() => {
  const known = description.value;
  return (known?.graph.nodes ?? [])
    .map((node) => node.id)
    .filter((id) => opened.value.includes(id) && canOpen(known?.equations ?? [], id));
});

/** The graph as it is drawn; null where nothing is open. */
export const openedGraph = computed<FoldedGraph | null>(() => {
  const known = description.value;
  if (!known || openNow.value.length === 0) return null;
  return openGraph(known.graph, known.equations, new Set(openNow.value));
});

/** Opens or closes a variable, named by itself or by one of its operations. */
export function toggleOpen(id: string, atOneStep = false): void {
  const name = ownerOf(id);
  if (!canOpen(description.value?.equations ?? [], name)) return;
  const isOpen = openNow.value.includes(name);
  batch(() => {
    if (isOpen && atOneStep === isAlone.value) {
      opened.value = openNow.value.filter((one) => one !== name);
    } else if (!isOpen) opened.value = [...openNow.value, name];
    isAlone.value = atOneStep;
  });
  const words = text.value.say;
  said.value = openNow.value.includes(name) ? words.opened(name) : words.closed(name);
}

/** What is pointed at or selected; where nothing is, all of them, or none. */
export function toggleOpenHere(atOneStep = false): void {
  const here = pointed.value ?? selection.value;
  if (here?.kind === "node") {
    toggleOpen(here.id, atOneStep);
    return;
  }
  const known = description.value;
  const all = (known?.graph.nodes ?? [])
    .map((node) => node.id)
    .filter((id) => canOpen(known?.equations ?? [], id));
  batch(() => {
    opened.value = openNow.value.length > 0 ? [] : all;
    isAlone.value = atOneStep;
  });
  const words = text.value.say;
  said.value = openNow.value.length > 0 ? words.openedAll : words.closedAll;
}
