/** The records on the wire. Where openapi.json names one, it is the one generated in schema.ts. */
import type { FoldedGraph, Read } from "../core/types.ts";

export type Language = "en" | "zh";
export type Titles = Record<Language, string>;
export type Nested = number | null | Nested[];

export interface Variant {
  id: string;
  titles: Titles;
}

export interface ArchitectureSummary {
  id: string;
  titles: Titles;
  section: string;
  figure: string | null;
  equations?: string;
  variables: string[];
  variants: Variant[];
}

export type InputValue =
  | { text: string; alphabet?: string }
  | { next: string }
  | { generate: Generator; seed?: number }
  | number[]
  | number[][];

export type Generator = "normal" | "sine" | "impulse" | "symbols";

export interface Operation {
  id: string;
  function: string;
  operands: string[];
  text: string;
  latex: string;
  shape: number[];
  domains: string[];
  reference: string | null;
  reads: Read[];
}

export interface Equation {
  variable: string;
  line: number;
  column: number;
  text: string;
  latex: string;
  marked: string;
  numbers: string;
  boundary: { domain: string; position: number } | null;
  operations: Operation[];
}

export interface Stage {
  kind: "map" | "scan";
  domain: string | null;
  direction: string | null;
  variables: string[];
  operations: string[];
  stacked: string[][];
  body: Stage[];
}

export interface Setting {
  name: string;
  value: number;
  minimum: number;
  maximum: number;
}

export interface Parameter {
  name: string;
  shape: number[];
  count: number;
  trained: boolean;
}

export interface Cost {
  parameters: number;
  steps: number;
  operations: number;
  bytes: number;
  critical_path: number;
  lengths: Record<string, number>;
}

export interface Description {
  equations_text: string;
  domains: { name: string; index: string; kind: "chain" | "tree" | "generated" }[];
  sizes: Record<string, number>;
  settings: Setting[];
  graph: FoldedGraph;
  equations: Equation[];
  schedule: Stage[];
  parameters: Parameter[];
  cost: Cost;
}

export interface Defaults {
  inputs: Record<string, InputValue>;
  sizes?: Record<string, number>;
  lengths: Record<string, number>;
  forcing: number;
  seed: number;
}

export interface Architecture {
  id: string;
  titles: Titles;
  section: string;
  figure: string | null;
  equation_numbers: string[];
  paper: string | null;
  variants: Variant[];
  prose: Record<Language, string>;
  equations: string;
  recurrence: Description;
  defaults: Defaults;
  alphabet: string | null;
}

export interface RecurrenceRequest {
  equations: string;
  sizes: Record<string, number>;
  lengths: Record<string, number>;
  forcing: number;
}

export interface RunRequest {
  architecture?: string;
  equations?: string;
  sizes: Record<string, number>;
  lengths: Record<string, number>;
  parameters: { seed: number };
  settings: Record<string, number>;
  inputs: Record<string, InputValue>;
  forcing: number;
  variables?: string[];
}

export interface RunOutput {
  name: string;
  domains: string[];
  shape: number[];
  data: (number | null)[];
}

export interface WholeRun {
  run: string | null;
  outputs: RunOutput[];
  lengths: Record<string, number>;
}

export interface NonFinite {
  count: number;
  first: unknown;
}

export interface StartEvent {
  event: "start";
  run: string | null;
  lengths: Record<string, number>;
  shapes: Record<string, number[]>;
  domains: Record<string, string[]>;
  symbols: Record<string, string[]>;
  boundary: Record<string, Record<string, Nested>>;
  cost: Cost;
  version: string;
}

export interface StepsEvent {
  event: "steps";
  domain: string;
  from: number;
  to: number;
  values: Record<string, Nested[]>;
}

export interface EndEvent {
  event: "end";
  steps: number;
  values: Record<string, Nested>;
  nonfinite: NonFinite;
  seconds: number;
}

export interface ErrorEvent {
  event: "error";
  problem: ProblemDocument;
}

export type RunEvent = StartEvent | StepsEvent | EndEvent | ErrorEvent;

export interface ProblemEntry {
  pointer?: string | null;
  line?: number | null;
  column?: number | null;
  end_line?: number | null;
  end_column?: number | null;
  code: string;
  detail: string;
  hint?: string | null;
}

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: ProblemEntry[];
}
