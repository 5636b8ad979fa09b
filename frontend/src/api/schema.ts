/** The wire, from openapi.json. Not to be edited: `npm run types` writes it. */

/**
 * A number, or nested lists of numbers, all rows of one length; null stands for NaN and infinity in answers.
 */
export type Numbers = number | null | Numbers[];
/**
 * A stream of Apache Arrow, a row per tensor: `name`, `domains`, `shape`, flat `data`.
 */
export type Arrow = string;
/**
 * A line per number: variable, its steps from 1, its units from 0, value.
 */
export type Csv = string;
/**
 * Lines of JSON, each an event of `/v1/runs/stream`. In `steps` and `gradients` each value is its shape,
 * the steps first, and behind the line follow as many bytes as its `bytes` says: of its `datatype`, little-endian.
 */
export type Frames = string;
/**
 * What the service counts, in Prometheus' text format.
 */
export type Metrics = string;
/**
 * A zip file of numpy arrays, one for each tensor of the JSON answer and under its name.
 */
export type Npz = string;
/**
 * A safetensors file: a tensor for each of the JSON answer and under its name; the metadata hold `domains`
 * as JSON, `run` (the token) and `version`.
 */
export type Safetensors = string;
/**
 * A stand-alone file of Python with one `torch.nn.Module`.
 */
export type Source = string;
/**
 * A line of a stream. One with neither `end` nor `error` was cut: ask again with `start`.
 */
export type StreamEvent = StartEvent | StepsEvent | GradientsEvent | EndEvent | ErrorEvent;
/**
 * A safetensors file: tensors of F64, F32, F16 or BF16, all numbers finite, named as the parameters of a text.
 */
export type Weights = string;

export interface Schemas {
  Architecture: Architecture;
  ArchitectureSummary: ArchitectureSummary;
  Architectures: Architectures;
  Arrow: Arrow;
  BoundaryPosition: BoundaryPosition;
  ClampRequest: ClampRequest;
  Cost: Cost;
  Count: Count;
  Csv: Csv;
  Defaults: Defaults;
  Domain: Domain;
  Edge: Edge;
  EndEvent: EndEvent;
  Equation: Equation;
  ErrorDetail: ErrorDetail;
  ErrorEvent: ErrorEvent;
  Facts: Facts;
  FoldedCounts: FoldedCounts;
  Frames: Frames;
  GeneratedInput: GeneratedInput;
  GradientRequest: GradientRequest;
  GradientsEvent: GradientsEvent;
  Graph: Graph;
  Health: Health;
  InOrder: InOrder;
  JacobianCost: JacobianCost;
  JacobianRequest: JacobianRequest;
  JacobianResult: JacobianResult;
  JacobianSpectrum: JacobianSpectrum;
  Metrics: Metrics;
  Misspelt: Misspelt;
  NextInput: NextInput;
  Node: Node;
  NonFinite: NonFinite;
  Npz: Npz;
  Numbers: Numbers;
  Operation: Operation;
  Output: Output;
  Parallel: Parallel;
  ParameterCounts: ParameterCounts;
  ParameterFormula: ParameterFormula;
  ParameterInfo: ParameterInfo;
  Parameters: Parameters;
  ParametersResult: ParametersResult;
  PathAnswer: PathAnswer;
  PathEnd: PathEnd;
  PathPlace: PathPlace;
  PathsAnswer: PathsAnswer;
  PathsRequest: PathsRequest;
  Problem: Problem;
  Prose: Prose;
  Read: Read;
  Recurrence: Recurrence;
  RecurrenceRequest: RecurrenceRequest;
  RunRequest: RunRequest;
  RunResult: RunResult;
  Safetensors: Safetensors;
  ServerSentEvent: ServerSentEvent;
  Setting: Setting;
  Source: Source;
  Spectrum: Spectrum;
  Stage: Stage;
  StartEvent: StartEvent;
  StepsEvent: StepsEvent;
  StreamEvent: StreamEvent;
  TextInput: TextInput;
  Titles: Titles;
  TreeFacts: TreeFacts;
  UnfoldedCounts: UnfoldedCounts;
  VariableResult: VariableResult;
  Variant: Variant;
  Weights: Weights;
}
/**
 * One entry of the catalogue, or one variant of it.
 */
export interface Architecture {
  id: string;
  titles: Titles;
  section: string;
  figure: string | null;
  equation_numbers: string[];
  papers: Titles1;
  variants: Variant[];
  prose: Prose;
  equations: string;
  recurrence: Recurrence;
  defaults: Defaults;
  alphabet: string;
  /**
   * What each variable and parameter means here; letters are used again.
   */
  legend: {
    [k: string]: Titles;
  };
}
/**
 * One line, in both languages.
 */
export interface Titles {
  en: string;
  zh: string;
}
/**
 * One line, in both languages.
 */
export interface Titles1 {
  en: string;
  zh: string;
}
/**
 * Another text of the same entry.
 */
export interface Variant {
  id: string;
  titles: Titles;
}
/**
 * The text of the section, as HTML; `span.math` carries `data-latex` and `data-node`.
 */
export interface Prose {
  en: string;
  zh: string;
}
/**
 * Everything derived from the text: graph, typeset equations, schedule, cost.
 */
export interface Recurrence {
  equations_text: string;
  domains: Domain[];
  sizes: {
    [k: string]: number | number[];
  };
  settings: Setting[];
  graph: Graph;
  equations: Equation[];
  schedule: Stage[];
  parameters: ParameterInfo[];
  cost: Cost;
  facts: Facts;
  /**
   * Whether `force` occurs in the text.
   */
  has_forcing?: boolean;
  /**
   * Whether something is drawn while it runs.
   */
  is_random?: boolean;
  /**
   * Inputs that may be slips of the pen; they run, on numbers drawn from the seed.
   */
  misspelt?: Misspelt[];
}
/**
 * An index domain: `for t in time:`.
 */
export interface Domain {
  name: string;
  index: string;
  kind: "chain" | "tree" | "generated";
}
/**
 * A scalar the reader may move: `α = slider(0.9, 0, 1)`.
 */
export interface Setting {
  name: string;
  value: number;
  minimum: number;
  maximum: number;
}
/**
 * The folded graph.
 */
export interface Graph {
  nodes: Node[];
  edges: Edge[];
}
/**
 * A node of the folded graph: an input, a variable, a parameter, a constant or a setting.
 */
export interface Node {
  id: string;
  kind: "input" | "variable" | "parameter" | "constant" | "setting";
  role:
    | "input"
    | "target"
    | "state"
    | "hidden"
    | "gate"
    | "output"
    | "probability"
    | "loss"
    | "attention"
    | "memory"
    | "parameter";
  /**
   * Outermost first; empty: no index.
   */
  domains: string[];
  /**
   * Empty: a scalar.
   */
  shape: number[];
  one_hot?: boolean;
  latex: string;
  line?: number | null;
  boundary?: BoundaryPosition[];
  trained?: boolean | null;
  initial?: string | null;
}
/**
 * A position outside the domain that some equation reads.
 */
export interface BoundaryPosition {
  domain: string;
  position: number;
  /**
   * What `position` is counted from.
   */
  anchor: "start" | "end";
}
/**
 * A reference: `target`'s equation reads `source`, perhaps through a parameter.
 */
export interface Edge {
  id: string;
  source: string;
  target: string;
  parameter: string | null;
  reads: Read[];
  operation: string;
  /**
   * Not used with this run's `forcing`.
   */
  cut?: boolean;
  /**
   * The boundary value it leads into, if it does.
   */
  at?: BoundaryPosition[] | null;
}
/**
 * How a reference reads one domain: `delay` k reads index − k; else a fixed position.
 */
export interface Read {
  domain: string;
  delay?: number | null;
  /**
   * A number, or all, end, left, right, root.
   */
  position?: number | string | null;
  /**
   * Added to `end`: `g[end + 1]` has 1.
   */
  offset?: number | null;
}
/**
 * One equation: its text, its typeset forms, its operations.
 */
export interface Equation {
  variable: string;
  line: number;
  column: number;
  text: string;
  latex: string;
  /**
   * With each symbol wrapped in \htmlData.
   */
  marked: string;
  /**
   * For one unit, with a slot per operation.
   */
  numbers: string;
  end_line?: number | null;
  boundary?: BoundaryPosition | null;
  operations: Operation[];
}
/**
 * One operation inside an equation, in preorder; `f/0` is the whole right-hand side.
 */
export interface Operation {
  id: string;
  function: string;
  operands: string[];
  latex: string;
  shape: number[];
  domains: string[];
  reference?: string | null;
  reads?: Read[];
}
/**
 * A stage of the schedule: a map (all steps at once) or a scan (step by step).
 */
export interface Stage {
  kind: "map" | "scan";
  domain: string | null;
  direction?: ("forward" | "backward" | "up") | null;
  variables: string[];
  operations: string[];
  stacked?: string[][];
  body?: Stage[];
}
/**
 * A parameter, its shape and how many numbers it holds.
 */
export interface ParameterInfo {
  name: string;
  shape: number[];
  count: number;
  trained: boolean;
}
/**
 * What a run costs, known before it runs; with `gradient`, together with its backward pass.
 */
export interface Cost {
  parameters: number;
  steps: number;
  /**
   * Floating-point operations.
   */
  operations: number;
  /**
   * Bytes of the recorded values.
   */
  bytes: number;
  /**
   * Length of the longest chain of operations.
   */
  critical_path: number;
  lengths: {
    [k: string]: number;
  };
}
/**
 * What the graph alone says, before anything runs.
 */
export interface Facts {
  folded: FoldedCounts;
  /**
   * Null where it repeats itself only after very many steps.
   */
  unfolded: UnfoldedCounts | null;
  trees: TreeFacts[];
  parameters: ParameterCounts;
  operations: Count;
  bytes: Count;
  critical_path: Count;
  parallel: Parallel;
}
/**
 * Inputs and variables, and the references between them; parameters are labels.
 */
export interface FoldedCounts {
  nodes: number;
  edges: number;
}
/**
 * Counts of the unfolded graph, boundary values among them.
 */
export interface UnfoldedCounts {
  nodes: number;
  edges: number;
  nodes_formula: string;
  edges_formula: string;
}
/**
 * A tree by itself: `edges` from children to parents, `depth` of them from the deepest leaf to the root.
 */
export interface TreeFacts {
  domain: string;
  leaves: number;
  nodes: number;
  edges: number;
  depth: number;
}
/**
 * All parameters together, and each.
 */
export interface ParameterCounts {
  count: number;
  formula: string;
  each: ParameterFormula[];
}
/**
 * How many numbers a parameter holds, in the sizes of the variables: `n_h n_x`.
 */
export interface ParameterFormula {
  name: string;
  shape: number[];
  count: number;
  formula: string;
}
/**
 * A number, and its formula in the lengths of the domains, if it has one: `5 τ + 2`.
 */
export interface Count {
  count: number;
  formula: string | null;
}
/**
 * What can be computed at all steps at once, and what waits for another step.
 */
export interface Parallel {
  at_once: string[];
  in_order: InOrder[];
  /**
   * Steps that must follow each other.
   */
  sequential_steps: number;
  words: Titles;
}
/**
 * Variables that are computed one step after another.
 */
export interface InOrder {
  variables: string[];
  domain: string;
  direction: "forward" | "backward" | "up";
  steps: number;
}
/**
 * An input that no line declares, nearly of the name of a variable that has an equation.
 */
export interface Misspelt {
  name: string;
  /**
   * Where it is read first.
   */
  line: number;
  meant: string;
}
/**
 * The run the page opens with.
 */
export interface Defaults {
  inputs: {
    [k: string]: unknown;
  };
  sizes: {
    [k: string]: number | number[];
  };
  lengths: {
    [k: string]: number;
  };
  forcing: number;
  seed: number;
  boundary?: {
    [k: string]: unknown;
  };
  settings: {
    [k: string]: number;
  };
  parameters: {
    [k: string]: Numbers;
  };
  clamp: {
    [k: string]: unknown;
  }[];
}
/**
 * A line of the catalogue.
 */
export interface ArchitectureSummary {
  id: string;
  titles: Titles;
  section: string;
  figure: string | null;
  equations: string;
  variables: string[];
  variants: Variant[];
}
/**
 * The catalogue.
 */
export interface Architectures {
  architectures: ArchitectureSummary[];
}
/**
 * A variable held at a value, over some steps and units: the reader's experiment, or an ablation.
 */
export interface ClampRequest {
  /**
   * A variable with an equation.
   */
  variable: string;
  /**
   * One number, or one for each unit.
   */
  value: number | number[];
  /**
   * First and last step, counted from 1, of the variable's first domain; or by domain, `{"target": [1, 1], "source": [3, 3]}`. Default: all.
   */
  steps?:
    | (
        | number[]
        | {
            /**
             * @minItems 2
             * @maxItems 2
             */
            [k: string]: number[];
          }
      )
    | null;
  /**
   * Counted from 0; of a matrix in row-major order. Default: all.
   */
  units?: number[] | null;
}
/**
 * Last line of a stream that ran to its end.
 */
export interface EndEvent {
  event: "end";
  steps: number;
  /**
   * Steps of every domain; where `stop` ended one, those it has, and not the most it might have had.
   */
  lengths: {
    [k: string]: number;
  };
  /**
   * What has no index (the loss), and the parameters that were asked for; under `grad/W` the gradients of what has no steps.
   */
  values: {
    [k: string]: Numbers | null;
  };
  /**
   * The domains of everything that was sent, gradients and operations too, except parameters and their gradients.
   */
  domains: {
    [k: string]: string[];
  };
  /**
   * The norm of every parameter's and slider's gradient, if asked for.
   */
  parameter_gradients?: {
    [k: string]: number | null;
  } | null;
  nonfinite: NonFinite;
  seconds: number;
}
/**
 * NaN and infinity, which travel as null.
 */
export interface NonFinite {
  count: number;
  /**
   * Where the first was: `h[3][0]`.
   */
  first: string | null;
}
/**
 * One thing that is wrong: where, what, and what to write instead.
 */
export interface ErrorDetail {
  /**
   * JSON pointer into the request's body.
   */
  pointer?: string | null;
  /**
   * Or the name of a query parameter.
   */
  parameter?: string | null;
  /**
   * Line in `equations`, from 1.
   */
  line?: number | null;
  /**
   * Column in characters, from 1.
   */
  column?: number | null;
  end_line?: number | null;
  end_column?: number | null;
  code: string;
  detail: string;
  hint: string;
}
/**
 * Last line of a stream that broke.
 */
export interface ErrorEvent {
  event: "error";
  problem: Problem;
}
/**
 * RFC 9457 problem details; the input is never repeated in them.
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: ErrorDetail[];
}
/**
 * A sequence the server makes: the same for the same seed.
 */
export interface GeneratedInput {
  /**
   * What to make.
   */
  generate: "normal" | "sine" | "impulse" | "symbols";
  /**
   * Seed of the generator.
   */
  seed?: number;
}
/**
 * A backward pass after the run: the gradient of one scalar with respect to everything.
 */
export interface GradientRequest {
  /**
   * A scalar of the run: a variable without an index, one step of a scalar variable, or one unit at one step. Steps count from 1 (or `end`), units from 0.
   */
  of?: string;
  /**
   * With respect to what: variables, inputs (with their boundary values, such as `h[0]`), parameters and sliders. Default: all of them. What the scalar does not depend on has the gradient zero.
   */
  variables?: string[] | null;
  /**
   * Also what each equation that reads a variable sends back to it: `grad/h/o` and `grad/h/h` add up to `grad/h`.
   */
  parts?: boolean;
  /**
   * Also what each step adds to a parameter's gradient: the steps of `grad/W/time` add up to `grad/W`.
   */
  contributions?: boolean;
}
/**
 * Gradients of the steps `from` to `to`, after all steps: from the last step to the first (`from` ≥ `to`).
 *
 * Where the text itself goes backward, its gradients go forward, and `from` is the smaller.
 */
export interface GradientsEvent {
  event: "gradients";
  domain: string;
  from: number;
  to: number;
  /**
   * Per name, a list over the steps, beginning with the step `from`.
   */
  values: {
    [k: string]: Numbers[];
  };
}
/**
 * The service answers.
 */
export interface Health {
  status: "ok";
  version: string;
}
/**
 * What the Jacobians cost beside the run.
 */
export interface JacobianCost {
  operations: number;
  bytes: number;
}
/**
 * A run, and which Jacobians of it. `variables` and `gradient` of the run are not used.
 */
export interface JacobianRequest {
  /**
   * Id of a catalogue entry or of one of its variants.
   */
  architecture?: string | null;
  /**
   * Or a text of your own.
   */
  equations?: string | null;
  /**
   * Sizes of vectors.
   */
  sizes?: {
    [k: string]: number | number[];
  };
  /**
   * Steps per domain, where no input gives them.
   */
  lengths?: {
    [k: string]: number;
  };
  parameters?: Parameters;
  /**
   * Values of the sliders.
   */
  settings?: {
    [k: string]: number;
  };
  /**
   * Values by input: rows of numbers, integers or text for one-hot inputs, `next` or `generate`; of a random variable what was observed (null: nothing); over a tree pairs of pairs of leaves. What is not given is taken from the architecture's defaults.
   */
  inputs?: {
    [k: string]: TextInput | NextInput | GeneratedInput | Numbers;
  };
  /**
   * Values before the first step (`h[0]`), or by position: `{"h": {"0": […], "end+1": […]}}`. Default: zeros.
   */
  boundary?: {
    [k: string]:
      | {
          [k: string]: Numbers;
        }
      | Numbers;
  };
  /**
   * Probability of the target in `force(target, prediction)`; default 1.
   */
  forcing?: number | null;
  /**
   * What is held at given values. What reads a variable reads the held value, and gradients do not pass through it. Default: what the architecture's defaults hold.
   */
  clamp?: ClampRequest[] | null;
  /**
   * What to send: names of variables, inputs and parameters, `f/3` for one operation of an equation, `f/*` for all of them. Default: every variable and input.
   */
  variables?: string[] | null;
  /**
   * Ask for gradients: they come after the steps, from the last step to the first. Denormal numbers are flushed: in float32 a gradient below 1.2e-38 reads 0.
   */
  gradient?: GradientRequest | null;
  /**
   * Precision of the run.
   */
  dtype?: "float32" | "float64";
  /**
   * The variable that changes.
   */
  of: string;
  /**
   * The variable or input that is moved, alone, at one step: what is computed from it follows, all else at its step and before stays.
   */
  with_respect_to: string;
  /**
   * Largest singular value, or root of the sum of squares.
   */
  norm?: "spectral" | "frobenius";
  /**
   * Also the matrix, singular values and eigenvalues of one pair of steps.
   */
  spectrum?: Spectrum | null;
}
/**
 * How the parameters of a run get their values.
 */
export interface Parameters {
  /**
   * Seed of the random initial values. Default: the architecture's, else 0.
   */
  seed?: number | null;
  /**
   * Values by name; what is not given is taken from the architecture's defaults, else drawn from the seed.
   */
  values?: {
    [k: string]: Numbers;
  };
  /**
   * SHA-256 of a safetensors file that was put under `/v1/weights/{sha256}`: parameters by name. `values` win over it, it wins over defaults and seed.
   */
  weights?: string | null;
}
/**
 * Text for a one-hot input: one character a step.
 */
export interface TextInput {
  /**
   * One character per step.
   */
  text: string;
  /**
   * The characters in the order of their one-hot positions. Default: the architecture's alphabet, or space and a to z.
   */
  alphabet?: string | null;
}
/**
 * The same sequence as another input, one step ahead: the target of next-symbol prediction.
 */
export interface NextInput {
  /**
   * The input to look ahead in.
   */
  next: string;
}
/**
 * One Jacobian of the map, to be taken apart.
 */
export interface Spectrum {
  /**
   * Step of `of`.
   */
  step: number;
  /**
   * Step of `with_respect_to`; default: the step before.
   */
  source_step?: number | null;
}
/**
 * How large the Jacobians of a run are.
 */
export interface JacobianResult {
  of: string;
  with_respect_to: string;
  norm: "spectral" | "frobenius";
  /**
   * A row per step of `of`, a column per step of `with_respect_to`.
   */
  norms: Numbers[];
  spectrum: JacobianSpectrum | null;
  lengths: {
    [k: string]: number;
  };
  cost: JacobianCost;
  version: string;
}
/**
 * One Jacobian, taken apart.
 */
export interface JacobianSpectrum {
  step: number;
  source_step: number;
  /**
   * Units of `of` by units of `with_respect_to`; null past 4096 numbers.
   */
  matrix: Numbers[] | null;
  singular_values: (number | null)[];
  /**
   * Real and imaginary parts; null where the matrix is not square.
   */
  eigenvalues: (number | null)[][] | null;
}
/**
 * One tensor of a run, flat and row-major, as in the Open Inference Protocol.
 */
export interface Output {
  /**
   * A variable, `h[0]` for a boundary value, a parameter; `grad/…`: a gradient, `grad/h/o` the part of it that o sends back, `grad/W/time` what each step adds to it.
   */
  name: string;
  domains: string[];
  /**
   * Steps first, then the variable's own shape.
   */
  shape: number[];
  datatype: "FP32" | "FP64";
  /**
   * Null for NaN and infinity; with `?encoding_format=base64` a string: the numbers' bytes, little-endian, in base64.
   */
  data: (number | null)[] | string;
}
/**
 * What a run computes with.
 */
export interface ParametersResult {
  run: string | null;
  outputs: Output[];
  version: string;
}
/**
 * One path: its nodes in order, the edges of the folded graph between them.
 */
export interface PathAnswer {
  /**
   * Edges.
   */
  length: number;
  /**
   * Nonlinear functions on the way.
   */
  nonlinear: number;
  nodes: PathPlace[];
  /**
   * Ids of edges of the folded graph, one between two nodes.
   */
  edges: string[];
}
/**
 * A node of the unfolded graph.
 */
export interface PathPlace {
  variable: string;
  /**
   * Its steps (nodes of a tree), one a domain; empty: no index.
   */
  at: number[];
}
/**
 * A node of the unfolded graph.
 */
export interface PathEnd {
  variable: string;
  /**
   * Its steps, one a domain; 0 is before the first.
   *
   * @maxItems 4
   */
  at?: number[];
}
/**
 * The paths between two nodes of the unfolded graph; all null where there is none.
 */
export interface PathsAnswer {
  from: PathPlace;
  to: PathPlace;
  lengths: {
    [k: string]: number;
  };
  /**
   * How many; null from 2^53 on.
   */
  count: number | null;
  /**
   * Null where there is none.
   */
  log10_count: number | null;
  shortest: PathAnswer | null;
  longest: PathAnswer | null;
  /**
   * The one with the fewest nonlinear functions, among those the shortest.
   */
  straightest: PathAnswer | null;
}
/**
 * Two nodes of the unfolded graph of a text. Exactly one of architecture and equations.
 */
export interface PathsRequest {
  architecture?: string | null;
  equations?: string | null;
  sizes?: {
    [k: string]: number | number[];
  };
  /**
   * Steps per domain, leaves of a tree. Default: 12, or as many as the two ends need.
   */
  lengths?: {
    [k: string]: number;
  };
  /**
   * Per tree the children of every node, from 1, and null for a leaf, as a run says it. Default: balanced, with `lengths` leaves.
   */
  trees?: {
    /**
     * @maxItems 40000
     */
    [k: string]: (number[] | null)[];
  };
  forcing?: number;
  from: PathEnd;
  to: PathEnd;
}
/**
 * A text to be read: its graph, schedule, typeset equations and cost come back.
 */
export interface RecurrenceRequest {
  /**
   * The recurrence, in the language of `docs/language.md`.
   */
  equations: string;
  /**
   * Sizes of vectors; they override those in the text.
   */
  sizes?: {
    [k: string]: number | number[];
  };
  /**
   * Steps per domain, for the cost; leaves of a tree. Default: 12 each.
   */
  lengths?: {
    [k: string]: number;
  };
  /**
   * Per tree the children of every node, from 1, and null for a leaf, as a run says it. Default: balanced, with `lengths` leaves.
   */
  trees?: {
    /**
     * @maxItems 40000
     */
    [k: string]: (number[] | null)[];
  };
  /**
   * Probability of the target in `force(target, prediction)`.
   */
  forcing?: number;
  /**
   * Variables that a run holds at every step and unit: the edges into them are cut.
   *
   * @maxItems 1000
   */
  held?: string[];
}
/**
 * A run: which recurrence, on what, from where. Exactly one of architecture and equations.
 */
export interface RunRequest {
  /**
   * Id of a catalogue entry or of one of its variants.
   */
  architecture?: string | null;
  /**
   * Or a text of your own.
   */
  equations?: string | null;
  /**
   * Sizes of vectors.
   */
  sizes?: {
    [k: string]: number | number[];
  };
  /**
   * Steps per domain, where no input gives them.
   */
  lengths?: {
    [k: string]: number;
  };
  parameters?: Parameters;
  /**
   * Values of the sliders.
   */
  settings?: {
    [k: string]: number;
  };
  /**
   * Values by input: rows of numbers, integers or text for one-hot inputs, `next` or `generate`; of a random variable what was observed (null: nothing); over a tree pairs of pairs of leaves. What is not given is taken from the architecture's defaults.
   */
  inputs?: {
    [k: string]: TextInput | NextInput | GeneratedInput | Numbers;
  };
  /**
   * Values before the first step (`h[0]`), or by position: `{"h": {"0": […], "end+1": […]}}`. Default: zeros.
   */
  boundary?: {
    [k: string]:
      | {
          [k: string]: Numbers;
        }
      | Numbers;
  };
  /**
   * Probability of the target in `force(target, prediction)`; default 1.
   */
  forcing?: number | null;
  /**
   * What is held at given values. What reads a variable reads the held value, and gradients do not pass through it. Default: what the architecture's defaults hold.
   */
  clamp?: ClampRequest[] | null;
  /**
   * What to send: names of variables, inputs and parameters, `f/3` for one operation of an equation, `f/*` for all of them. Default: every variable and input.
   */
  variables?: string[] | null;
  /**
   * Ask for gradients: they come after the steps, from the last step to the first. Denormal numbers are flushed: in float32 a gradient below 1.2e-38 reads 0.
   */
  gradient?: GradientRequest | null;
  /**
   * Precision of the run.
   */
  dtype?: "float32" | "float64";
}
/**
 * A whole run.
 */
export interface RunResult {
  /**
   * The run as a token; null when it is past 2 KiB.
   */
  run: string | null;
  outputs: Output[];
  lengths: {
    [k: string]: number;
  };
  /**
   * Per tree the children of every node, from 1; null for a leaf.
   */
  trees?: {
    [k: string]: (number[] | null)[];
  };
  symbols: {
    [k: string]: string[];
  };
  loss: number | null;
  cost: Cost;
  version: string;
  nonfinite: NonFinite;
}
/**
 * One event of `text/event-stream`, as a reader of such streams gives it.
 */
export interface ServerSentEvent {
  event: "start" | "steps" | "gradients" | "end" | "error";
  /**
   * The event of `/v1/runs/stream` as JSON.
   */
  data: string;
  /**
   * To go on from: the last step in it, or `end`.
   */
  id?: string | null;
  /**
   * Milliseconds to wait before asking again.
   */
  retry?: number | null;
}
/**
 * First line of a stream.
 */
export interface StartEvent {
  event: "start";
  run: string | null;
  lengths: {
    [k: string]: number;
  };
  /**
   * Per tree the children of every node, from 1; null for a leaf.
   */
  trees?: {
    [k: string]: (number[] | null)[];
  };
  shapes: {
    [k: string]: number[];
  };
  domains: {
    [k: string]: string[];
  };
  symbols: {
    [k: string]: string[];
  };
  /**
   * Values by name and position.
   */
  boundary: {
    [k: string]: {
      [k: string]: Numbers;
    };
  };
  cost: Cost;
  version: string;
}
/**
 * Values of the steps `from` to `to`, both included, counted from 1.
 */
export interface StepsEvent {
  event: "steps";
  domain: string;
  from: number;
  to: number;
  /**
   * Per name, a list over the steps.
   */
  values: {
    [k: string]: Numbers[];
  };
}
/**
 * One tensor of a run, or some steps and units of it.
 */
export interface VariableResult {
  /**
   * A variable, `h[0]` for a boundary value, a parameter; `grad/…`: a gradient, `grad/h/o` the part of it that o sends back, `grad/W/time` what each step adds to it.
   */
  name: string;
  domains: string[];
  /**
   * Steps first, then the variable's own shape.
   */
  shape: number[];
  datatype: "FP32" | "FP64";
  /**
   * Null for NaN and infinity; with `?encoding_format=base64` a string: the numbers' bytes, little-endian, in base64.
   */
  data: (number | null)[] | string;
  /**
   * The token of the whole run.
   */
  run: string | null;
  /**
   * Steps of every domain of the whole run.
   */
  lengths: {
    [k: string]: number;
  };
  /**
   * By domain, the steps that are here, from 1.
   */
  steps: {
    [k: string]: number[];
  };
  /**
   * The units that are here, from 0; null where all are.
   */
  units: number[] | null;
  version: string;
  nonfinite: NonFinite;
}
