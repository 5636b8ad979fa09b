/** The one store: what the reader chose, what the service answered, and what follows from both. */
import { computed, signal } from "@preact/signals";
import type { Problem, Unreachable } from "../api/problems.ts";
import type {
  Architecture,
  ArchitectureSummary,
  Cost,
  Description,
  InputValue,
  Language,
  NonFinite,
  ProblemEntry,
  RecurrenceRequest,
} from "../api/wire.ts";
import type { Clamp } from "../core/clamp.ts";
import { gated } from "../core/gating.ts";
import type { Moment } from "../core/playback.ts";
import type { Sort } from "../core/sorting.ts";
import type { Selection, Theme, TimeAxis, Trace } from "../core/types.ts";
import type { Camera } from "../core/view.ts";
import { wordsOf } from "../text/index.ts";
import { differenceOf } from "./difference.ts";
import type { GradientTrace } from "./gradients.ts";
import { begin } from "./history.ts";
import { inputsOf, lengthsOf } from "./inputs.ts";
import type { RunTrace } from "./trace.ts";

export type Fault = Problem | Unreachable;
export type Tab = "lesson" | "equations" | "strips" | "inspector";

/** A text that was understood, with the request that it answers. */
export interface Described {
  request: RecurrenceRequest;
  isCatalogue: boolean;
  description: Description;
}

export interface RunState {
  phase: "idle" | "waiting" | "arriving" | "done" | "failed";
  fault: Fault | null;
  cost: Cost | null;
  nonfinite: NonFinite | null;
}

// What the reader chose.
export const language = signal<Language>("en");
export const chosenTheme = signal<Theme | null>(null);
export const prefersNight = signal(false);
export const history = signal(begin(""));
export const inputs = signal<Record<string, InputValue>>({});
export const sizes = signal<Record<string, number>>({});
export const lengths = signal<Record<string, number>>({});
export const settings = signal<Record<string, number>>({});
export const forcing = signal(1);
export const clamps = signal<Clamp[]>([]);
export const seed = signal(0);
export const step = signal(1);
export const playing = signal(false);
export const speed = signal(1);
/** Playback begins again at its end. */
export const looping = signal(false);
/** The beat of playback that is shown; null when all that has arrived is. */
export const moment = signal<Moment | null>(null);
export const unfolded = signal(false);
/** The page has just opened and will unfold by itself. */
export const unfoldsSoon = signal(false);
export const selection = signal<Selection | null>(null);
/** What stays chosen beside the selection. */
export const pins = signal<readonly Selection[]>([]);
export const pointed = signal<Selection | null>(null);
export const unit = signal(0);
/** In which order units stand in their strips. */
export const sorting = signal<Sort>("unit");
export const editing = signal(false);
export const rulesOpen = signal(false);
export const helpOpen = signal(false);
export const saveOpen = signal(false);
/** The page is part of another one: the figure and its player, nothing around them. */
export const embedded = signal(false);
/** Paper is being printed on: what is seen is set for it. */
export const printing = signal(false);
export const tab = signal<Tab>("lesson");
export const reducedMotion = signal(false);
/** What the drawing and the strips show of the run. */
export const shows = signal<Trace["shows"]>("values");

// What the service answered.
export const catalogue = signal<ArchitectureSummary[]>([]);
export const architecture = signal<Architecture | null>(null);
export const described = signal<Described | null>(null);
export const diagnostics = signal<ProblemEntry[]>([]);
export const reading = signal(false);
export const run = signal<RunState>({ phase: "idle", fault: null, cost: null, nonfinite: null });
export const trace = signal<RunTrace | null>(null);
export const gradients = signal<GradientTrace | null>(null);
/** Changes whenever steps of the run have arrived. */
export const traceVersion = signal(0);
/** Why the page itself could not be opened. */
export const fault = signal<Fault | null>(null);

/** What is said to a screen reader; the figure, the scrubber and the strips share one axis. */
export const said = signal("");
/** Where the reader moved the picture, and where a link wants it; null: fitted. */
export const place = signal<Camera | null>(null);
export const wantedPlace = signal<Camera | null>(null);

/** The drawing is too small to be read: its strips are not. */
const FAR = 0.26;
export const isFar = computed(
  () => unfolded.value && place.value !== null && place.value.scale < FAR,
);

export const timeAxis = signal<TimeAxis>({ origin: 0, pitch: 0, width: 0 });

// What follows.
export const text = computed(() => wordsOf(language.value));
export const theme = computed<Theme>(() => {
  if (printing.value) return "paper";
  return chosenTheme.value ?? (prefersNight.value ? "night" : "paper");
});
export const equations = computed(() => history.value.present);
export const isEdited = computed(
  () => architecture.value !== null && equations.value !== architecture.value.equations,
);
/** The entry of the catalogue that the open architecture, or variant, belongs to. */
export const family = computed(() => {
  const base = architecture.value?.id.split("/")[0];
  return catalogue.value.find((each) => each.id === base) ?? null;
});
export const entryTitle = computed(
  () => (family.value ?? architecture.value)?.titles[language.value] ?? "",
);
export const title = computed(() => {
  const words = text.value.lesson;
  if (origin.value === "own") return words.own;
  return origin.value === "changed" ? words.changed(entryTitle.value) : entryTitle.value;
});
export const description = computed(() => {
  const known = described.value?.description;
  return known ? { ...known, graph: gated(known.graph, known.equations) } : null;
});
/**
 * Whose equations these are: the catalogue's, the catalogue's with a change, or so different (fewer than half of
 * all variables are in both) that what the catalogue says of its own does not speak of them.
 */
export const origin = computed<"entry" | "changed" | "own">(() => {
  const entry = architecture.value;
  if (!entry || !isEdited.value) return "entry";
  const own = variablesOf(entry.recurrence.graph.nodes);
  const now = variablesOf(description.value?.graph.nodes ?? entry.recurrence.graph.nodes);
  const both = [...now].filter((name) => own.has(name)).length;
  return both >= new Set([...own, ...now]).size / 2 ? "changed" : "own";
});

function variablesOf(nodes: readonly { id: string; kind: string }[]): Set<string> {
  return new Set(nodes.filter((node) => node.kind === "variable").map((node) => node.id));
}

/** What of the picture is older than what the reader wrote: its text, or only its values. */
export const stale = computed<"text" | "values" | null>(() => {
  if (diagnostics.value.length > 0) return "text";
  return run.value.phase === "failed" && trace.value ? "values" : null;
});

/** The domain that the scrubber runs over: the outermost of the last variables. */
export const domain = computed(() => {
  const domains = description.value?.domains ?? [];
  const run = trace.value?.lengths ?? {};
  return (domains.find((each) => each.name in run) ?? domains[0])?.name ?? "time";
});
export const index = computed(
  () => description.value?.domains.find((each) => each.name === domain.value)?.index ?? "t",
);

/** The run's values, unless the graph has meanwhile got other shapes. */
export const shownValues = computed(() => {
  const nodes = description.value?.graph.nodes ?? [];
  const held = trace.value;
  return held?.fits(nodes.filter((node) => node.kind !== "parameter")) ? held : null;
});
const difference = computed(() => {
  traceVersion.value; // its range grows with the run
  return shows.value === "difference" ? differenceOf(shownValues.value) : null;
});
/** The values; or their gradients, or what parts them from the kept run, where these are wanted and here. */
export const shownTrace = computed<Trace | null>(() => {
  const values = shownValues.value;
  const held = gradients.value;
  const isWanted = shows.value === "gradients" && held?.lengths === values?.lengths;
  return difference.value ?? ((isWanted && held) || values);
});
export const total = computed(() => {
  traceVersion.value; // a run that stops early is shorter at its end than at its start
  return shownTrace.value?.lengths[domain.value] ?? 0;
});
export const arrived = computed(() => {
  traceVersion.value;
  return shownTrace.value?.arrived[domain.value] ?? 0;
});
/** What is selected, at the step that is shown; a boundary value keeps its own place. */
export const shownSelection = computed<Selection | null>(() => {
  const chosen = selection.value;
  if (!chosen || chosen.kind === "parameter") return chosen;
  const isBoundary = chosen.step !== null && (chosen.step < 1 || chosen.step > total.value);
  return isBoundary ? chosen : { ...chosen, step: step.value };
});
/** The symbol at a step: the character of the first text input. */
export function symbolAt(at: number): string | undefined {
  const symbols = shownTrace.value?.symbols ?? {};
  const first = description.value?.graph.nodes.find(
    (node) => node.kind === "input" && symbols[node.id],
  );
  return first && symbols[first.id]?.[at - 1];
}

/** The inputs and lengths of the next run: the reader's, else the catalogue's, else generated. */
export const effectiveInputs = computed(() =>
  inputsOf(description.value, inputs.value, architecture.value?.defaults.inputs ?? {}),
);
export const effectiveLengths = computed(() =>
  lengthsOf(
    description.value,
    effectiveInputs.value,
    lengths.value,
    architecture.value?.defaults.lengths ?? {},
  ),
);
