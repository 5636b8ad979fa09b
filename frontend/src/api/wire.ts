/**
 * The records on the wire, as the page calls them. Their shapes are generated from openapi.json
 * (schema.ts); here answers are known to be complete, and graphs are those of the core.
 */
import type { Clamp } from "../core/clamp.ts";
import type { FoldedGraph, Language } from "../core/types.ts";
import type * as schema from "./schema.ts";

export type {
  ArchitectureSummary,
  Cost,
  EndEvent,
  ErrorDetail as ProblemEntry,
  ErrorEvent,
  NonFinite,
  Numbers as Nested,
  Problem as ProblemDocument,
  StartEvent,
} from "./schema.ts";
export type { Language };

/** In an answer every field is there, also those that a request may leave out. */
type Complete<T> = T extends (infer Item)[]
  ? Complete<Item>[]
  : T extends object
    ? { [Field in keyof T]-?: Complete<T[Field]> }
    : T;

export type Generator = schema.GeneratedInput["generate"];

/** A tensor of a run with its numbers read, NaN and infinity among them. */
export interface RunOutput extends Omit<schema.Output, "data"> {
  data: number[];
}

export interface WholeRun extends Omit<schema.RunResult, "outputs"> {
  outputs: RunOutput[];
}

/** A generated run, a text, another input one step ahead, rows of numbers, a tree of such rows, or one number. */
export type InputValue =
  | schema.TextInput
  | schema.NextInput
  | schema.GeneratedInput
  | number[]
  | number[][]
  | Branch[]
  | number;

export type Branch = number | number[] | Branch[];

export type Operation = Complete<schema.Operation>;
export type Equation = Complete<schema.Equation>;
export type Stage = Complete<schema.Stage>;

export type Description = Omit<Complete<schema.Recurrence>, "graph"> & { graph: FoldedGraph };

export type Defaults = Omit<Complete<schema.Defaults>, "inputs" | "clamp"> & {
  inputs: Record<string, InputValue>;
  clamp: Clamp[];
};

export type Architecture = Omit<Complete<schema.Architecture>, "recurrence" | "defaults"> & {
  recurrence: Description;
  defaults: Defaults;
};

export type Sizes = Record<string, number | number[]>;

export type RecurrenceRequest = Required<schema.RecurrenceRequest>;

export type RunRequest = Pick<schema.RunRequest, "architecture" | "equations" | "variables"> & {
  sizes: Sizes;
  lengths: Record<string, number>;
  parameters: schema.Parameters;
  settings: Record<string, number>;
  inputs: Record<string, InputValue>;
  forcing: number;
  boundary?: Record<string, unknown>;
  gradient?: { of: string };
  clamp?: Clamp[];
};
