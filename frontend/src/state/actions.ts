/** What the reader can do that changes more than one thing, and the keeping of the address. */
import { batch, effect } from "@preact/signals";
import { isAbort } from "../api/problems.ts";
import { getArchitecture, listArchitectures } from "../api/requests.ts";
import type { InputValue } from "../api/wire.ts";
import { writeClamps } from "../core/clamp.ts";
import { added, type Chosen, isSame, turnedTo } from "../core/pins.ts";
import type { Selection, Theme } from "../core/types.ts";
import type { Camera } from "../core/view.ts";
import { bringBack } from "./comparing.ts";
import { kept } from "./difference.ts";
import { begin, change, redo, undo } from "./history.ts";
import { type Link, readLink, writeLink } from "./link.ts";
import { isAlone, opened, openNow } from "./opening.ts";
import * as store from "./store.ts";
import { report } from "./troubles.ts";

const THEMES: readonly Theme[] = ["paper", "night", "projector"];
const LONGEST = 16_000; // characters that servers and mail programs still pass on
const REPLACE_PAUSE = 250; // milliseconds; browsers refuse more than some 100 replacements in 30 s

let opening: AbortController | null = null;

export async function loadCatalogue(): Promise<void> {
  try {
    store.catalogue.value = await listArchitectures({ language: store.language.value });
  } catch (error) {
    report(error);
  }
}

/** Opens an architecture with what a link says about it; all else is the catalogue's default. */
export async function openArchitecture(link: Link): Promise<boolean> {
  opening?.abort();
  const own = new AbortController();
  opening = own;
  try {
    const id = link.architecture ?? store.catalogue.value[0]?.id ?? "lstm";
    const call = { language: store.language.value, signal: own.signal };
    const entry = await getArchitecture(id, call);
    batch(() => {
      store.fault.value = null;
      store.described.value = null;
      store.diagnostics.value = [];
      store.architecture.value = entry;
      store.seed.value = link.seed ?? entry.defaults.seed;
      store.forcing.value = link.forcing ?? entry.defaults.forcing;
      store.playing.value = false;
      apply(link, entry.equations);
    });
    return true;
  } catch (error) {
    if (!isAbort(error)) report(error);
    return false;
  }
}

/** Sets everything that a link holds, except which architecture is open. */
function apply(link: Link, equations: string): void {
  const text = link.equations ?? equations;
  const started = begin(equations);
  store.history.value = text === equations ? started : change(started, text, 0, false);
  store.inputs.value = link.inputs ?? {};
  store.sizes.value = link.sizes ?? {};
  store.lengths.value = link.lengths ?? {};
  store.settings.value = link.settings ?? {};
  store.step.value = link.step ?? 1;
  store.speed.value = link.speed ?? 1;
  store.looping.value = link.loop ?? false;
  store.moment.value = null;
  store.clamps.value = link.clamp ?? store.architecture.value?.defaults.clamp ?? [];
  store.shows.value = link.shows ?? "values";
  if (link.kept) bringBack(link.kept);
  else kept.value = null;
  store.unfolded.value = link.view !== "folded" && link.view !== undefined;
  store.selection.value = placed(link.selection ?? null, link.step ?? 1);
  store.pins.value = link.pins ?? [];
  store.unit.value = link.unit ?? 0;
  opened.value = link.open ?? [];
  isAlone.value = link.alone ?? false;
  store.sorting.value = link.sort ?? "unit";
  store.place.value = link.place ?? null;
  store.wantedPlace.value = link.place ?? null;
  store.editing.value = link.edit ?? false;
  if (link.lang) store.language.value = link.lang;
  if (link.theme) store.chosenTheme.value = link.theme;
}

function placed(selection: Selection | null, step: number): Selection | null {
  if (!selection || selection.kind === "parameter") return selection;
  return { ...selection, step };
}

/** The link to what is on the screen now. */
export function currentLink(): Link {
  const entry = store.architecture.value;
  const link: Link = { architecture: entry?.id ?? null };
  if (!entry) return link;
  const { defaults } = entry;
  if (store.isEdited.value) link.equations = store.equations.value;
  if (hasKeys(store.inputs.value)) link.inputs = store.inputs.value;
  if (hasKeys(store.sizes.value)) link.sizes = store.sizes.value;
  if (hasKeys(store.lengths.value)) link.lengths = store.lengths.value;
  if (hasKeys(store.settings.value)) link.settings = store.settings.value;
  if (store.forcing.value !== defaults.forcing) link.forcing = store.forcing.value;
  if (store.seed.value !== defaults.seed) link.seed = store.seed.value;
  const usual = writeClamps(defaults.clamp);
  if (writeClamps(store.clamps.value) !== usual) link.clamp = store.clamps.value;
  link.view = store.unfolded.value || store.unfoldsSoon.value ? "unfolded" : "folded";
  link.step = store.step.value;
  if (store.selection.value) link.selection = store.selection.value;
  if (store.pins.value.length > 0) link.pins = [...store.pins.value];
  if (store.selection.value && store.unit.value > 0) link.unit = store.unit.value;
  if (openNow.value.length > 0) link.open = openNow.value;
  if (openNow.value.length > 0 && isAlone.value) link.alone = true;
  if (store.sorting.value !== "unit") link.sort = store.sorting.value;
  if (store.place.value) link.place = store.place.value;
  if (store.speed.value !== 1) link.speed = store.speed.value;
  if (store.looping.value) link.loop = true;
  if (store.shows.value !== "values") link.shows = store.shows.value;
  const compared = kept.value?.trace.token;
  if (compared) link.kept = compared;
  if (store.editing.value) link.edit = true;
  if (store.embedded.value) link.embed = true;
  link.lang = store.language.value;
  if (store.chosenTheme.value) link.theme = store.chosenTheme.value;
  return link;
}

function hasKeys(record: object): boolean {
  return Object.keys(record).length > 0;
}

/** What is too long for an address (a pasted book) is left out of it. */
export function addressOf(link: Link): string {
  const address = writeLink(link);
  if (address.length <= LONGEST) return address;
  const { inputs: _, ...others } = link;
  const shorter = writeLink(others);
  return shorter.length <= LONGEST ? shorter : writeLink({ architecture: link.architecture });
}

/** Keeps the address true to the screen, and the screen true to back and forward. */
export function keepAddress(): () => void {
  let path = location.pathname;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = effect(() => {
    if (!store.architecture.value) return;
    const link = currentLink();
    const isPlaying = store.playing.value;
    clearTimeout(timer);
    if (isPlaying) return; // written when it stops
    const address = addressOf(link);
    const isNew = new URL(address, location.href).pathname !== path && path !== "/";
    if (isNew) globalThis.history.pushState(null, "", address);
    else
      timer = setTimeout(() => globalThis.history.replaceState(null, "", address), REPLACE_PAUSE);
    path = new URL(address, location.href).pathname;
  });
  const onBack = () => {
    const link = readLink(new URL(location.href));
    path = location.pathname;
    const entry = store.architecture.value;
    if (entry && entry.id === link.architecture) batch(() => apply(link, entry.equations));
    else openArchitecture(link);
  };
  window.addEventListener("popstate", onBack);
  return () => {
    watch();
    clearTimeout(timer);
    window.removeEventListener("popstate", onBack);
  };
}

/** Another architecture, in the same view. */
export function choose(id: string): void {
  const view = store.unfolded.value ? "unfolded" : "folded";
  openArchitecture({ architecture: id, view });
}

/** Selects in the place of what was selected; or beside it, which is then pinned. */
export function select(selection: Selection | null, isAdding = false): void {
  if (selection && isAdding) take(added(chosen(), selection, store.step.value));
  else take({ ...chosen(), selection });
}

export function releaseAll(): void {
  take({ selection: null, pins: [] });
}

/** A pin is inspected; what was inspected becomes one. */
export function turnTo(pin: Selection): void {
  take(turnedTo(chosen(), pin, store.step.value));
}

/** What is inspected stays where it stands, whatever is selected next. */
export function pinSelection(): void {
  const now = store.selection.value;
  if (!now) return;
  const pin = now.kind === "parameter" ? now : { ...now, step: now.step ?? store.step.value };
  const isKept = store.pins.value.some((one) => isSame(one, pin));
  if (!isKept) store.pins.value = [...store.pins.value, pin];
  store.said.value = store.text.value.say.pinned(pin.id);
}

export function release(pin: Selection): void {
  store.pins.value = store.pins.value.filter((one) => !isSame(one, pin));
}

function chosen(): Chosen {
  return { selection: store.selection.value, pins: store.pins.value };
}

function take({ selection, pins }: Chosen): void {
  const isOther = selection?.id !== store.selection.value?.id;
  batch(() => {
    store.selection.value = selection;
    store.pins.value = pins;
    if (isOther) store.unit.value = 0;
    if (selection && "step" in selection && selection.step !== null && selection.step >= 1) {
      store.playing.value = false;
      store.step.value = selection.step;
    }
    if (selection) store.rulesOpen.value = false;
    const words = store.text.value.say;
    store.said.value = selection ? words.selected(selection.id) : words.cleared;
  });
}

export function point(selection: Selection | null): void {
  const old = store.pointed.value;
  const isSame = old?.id === selection?.id && old?.kind === selection?.kind;
  const isSameStep =
    (old && "step" in old && old.step) === (selection && "step" in selection && selection.step);
  if (!isSame || !isSameStep) store.pointed.value = selection;
}

export function setEquations(text: string, isTyping: boolean): void {
  store.history.value = change(store.history.value, text, performance.now(), isTyping);
}

export function undoEquations(): void {
  store.history.value = undo(store.history.value);
}

export function redoEquations(): void {
  store.history.value = redo(store.history.value);
}

export function resetEquations(): void {
  const entry = store.architecture.value;
  if (entry) setEquations(entry.equations, false);
}

export function setInput(name: string, value: InputValue | null): void {
  const { [name]: _, ...others } = store.inputs.value;
  store.inputs.value = value === null ? others : { ...others, [name]: value };
}

export function setSize(name: string, size: number | null): void {
  const { [name]: _, ...others } = store.sizes.value;
  store.sizes.value = size === null ? others : { ...others, [name]: size };
}

export function nextTheme(): void {
  const now = THEMES.indexOf(store.theme.value);
  store.chosenTheme.value = THEMES[(now + 1) % THEMES.length] ?? "paper";
}

/** Keeps the document's language, title and theme true to the state. */
export function keepDocument(): () => void {
  return effect(() => {
    const root = document.documentElement;
    root.lang = store.language.value === "zh" ? "zh-Hans" : "en";
    root.dataset.theme = store.theme.value;
    const product = store.text.value.title;
    document.title = store.title.value ? `${store.title.value} · ${product}` : product;
  });
}

/** Remembers where the reader put the picture, for the link. */
export function setPlace(place: Camera | null): void {
  const now = store.place.value;
  const isSame = place?.x === now?.x && place?.y === now?.y && place?.scale === now?.scale;
  if (!isSame) store.place.value = place && { ...place };
}
