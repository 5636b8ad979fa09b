/** Every key of the page, in one table: what it does, when it may, and how help names it. */
import type { Dictionary } from "../text/index.ts";
import { nextTheme, pinSelection, releaseAll } from "./actions.ts";
import { showDifference } from "./comparing.ts";
import { showGradients } from "./gradients.ts";
import { toggleOpenHere } from "./opening.ts";
import {
  goToFirst,
  goToLast,
  setUnfolded,
  showAll,
  stepBy,
  toggleLoop,
  togglePlaying,
  turn,
} from "./player.ts";
import * as store from "./store.ts";
import { product } from "./trace.ts";

type Name = Exclude<keyof Dictionary["keys"], "names">;

export interface Key {
  name: Name;
  /** Values of KeyboardEvent.key; the first is the one that help and tooltips show. */
  keys: string[];
  act(): boolean | undefined; // false: not used, the key keeps its usual meaning
}

export const KEYS: readonly Key[] = [
  { name: "play", keys: [" "], act: does(togglePlaying) },
  { name: "back", keys: ["ArrowLeft"], act: does(() => stepBy(-1)) },
  { name: "forward", keys: ["ArrowRight"], act: does(() => stepBy(1)) },
  { name: "before", keys: ["PageUp"], act: does(() => turn(-1)) },
  { name: "after", keys: ["PageDown"], act: does(() => turn(1)) },
  { name: "first", keys: ["Home"], act: does(goToFirst) },
  { name: "last", keys: ["End"], act: does(goToLast) },
  { name: "loop", keys: ["l", "L"], act: does(toggleLoop) },
  { name: "previousUnit", keys: ["ArrowUp"], act: () => moveUnit(-1) },
  { name: "nextUnit", keys: ["ArrowDown"], act: () => moveUnit(1) },
  { name: "fold", keys: ["f", "F"], act: does(() => setUnfolded(!store.unfolded.value)) },
  {
    name: "gradients",
    keys: ["g", "G"],
    act: does(() => showGradients(store.shows.value !== "gradients")),
  },
  { name: "difference", keys: ["d", "D"], act: does(toggleDifference) },
  { name: "open", keys: ["o"], act: does(() => toggleOpenHere()) },
  { name: "openAlone", keys: ["O"], act: does(() => toggleOpenHere(true)) },
  { name: "pin", keys: ["p", "P"], act: does(pinSelection) },
  { name: "save", keys: ["s", "S"], act: does(() => toggle(store.saveOpen)) },
  { name: "edit", keys: ["e", "E"], act: does(toggleEditing) },
  { name: "theme", keys: ["t", "T"], act: does(nextTheme) },
  { name: "help", keys: ["?"], act: does(() => toggle(store.helpOpen)) },
  { name: "close", keys: ["Escape"], act: closeSomething },
];

const SIGNS: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
};

/** How a key is written for a reader: "←", "Space", "F". */
export function keyLabel(key: string, text: Dictionary): string {
  const names: Record<string, string> = text.keys.names;
  if (/^[A-Z]$/.test(key)) return `${names.Shift} ${key}`;
  return SIGNS[key] ?? names[key === " " ? "Space" : key] ?? key.toUpperCase();
}

/** A tooltip: what a control does, and its key. */
export function tooltip(name: Name, text: Dictionary, words = text.keys[name]): string {
  const key = KEYS.find((each) => each.name === name)?.keys[0];
  return key ? `${words} (${keyLabel(key, text)})` : words;
}

/** Listens on the window; fields, and controls that use a key themselves, keep it. */
export function listenToKeys(): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.isComposing) return; // keys of an input method are its own
    const key = keysHere().find((each) => each.keys.includes(event.key));
    if (!key || isKept(event)) return;
    if (key.act() !== false) event.preventDefault();
  };
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}

/** What acts on parts that a page inside another one has not. */
const NEEDS_THE_PAGE: ReadonlySet<Name> = new Set(["edit", "pin", "save"]);

/** The keys that do something on the page as it stands. */
export function keysHere(): readonly Key[] {
  return store.embedded.value ? KEYS.filter((each) => !NEEDS_THE_PAGE.has(each.name)) : KEYS;
}

const FIELDS = "input:not([type=range]), textarea, select, [contenteditable=true]";
const PRESSABLE = "button, a[href], summary, [role=tab], [role=option], [role=menuitemradio]";

function isKept(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element)) return false;
  if (event.target.closest(FIELDS)) return event.key !== "Escape";
  if (event.key === " ") return event.target.closest(PRESSABLE) !== null;
  return (
    event.key.startsWith("Arrow") &&
    event.target.closest("input[type=range], [role=tablist]") !== null
  );
}

function does(action: () => void): () => undefined {
  return () => {
    action();
    return undefined;
  };
}

function toggle(signal: { value: boolean }): void {
  signal.value = !signal.value;
}

function toggleDifference(): void {
  if (store.shows.value === "difference") showGradients(false);
  else showDifference();
}

function toggleEditing(): void {
  store.editing.value = !store.editing.value;
  if (!store.editing.value) store.rulesOpen.value = false;
  store.tab.value = "equations";
}

/** Escape gives up the topmost thing that is open. */
function closeSomething(): boolean {
  const active = document.activeElement;
  if (active instanceof HTMLElement && active.matches(FIELDS)) {
    active.blur(); // Tab goes on from where it was
    if (active instanceof HTMLTextAreaElement) store.said.value = store.text.value.say.left;
    return true;
  }
  const open: [boolean, () => void][] = [
    [store.helpOpen.value, () => toggle(store.helpOpen)],
    [store.saveOpen.value, () => toggle(store.saveOpen)],
    [store.rulesOpen.value, () => toggle(store.rulesOpen)],
    [store.selection.value !== null || store.pins.value.length > 0, releaseAll],
    [store.editing.value, toggleEditing],
    [store.moment.value !== null, showAll],
  ];
  const topmost = open.find(([isOpen]) => isOpen);
  topmost?.[1]();
  return topmost !== undefined;
}

function moveUnit(by: number): boolean {
  const id = store.selection.value?.kind === "node" ? store.selection.value.id : null;
  const node = store.description.value?.graph.nodes.find((each) => each.id === id);
  if (!node || node.kind === "parameter") return false;
  const units = product(node.shape);
  store.unit.value = (store.unit.value + by + units) % units;
  return true;
}
