/** The records that the rooms of the page exchange. No DOM, no wire, no colours. */

import type { Gate } from "./gating.ts";
import type { Children } from "./tree.ts";

export interface Read {
  domain: string;
  delay?: number;
  position?: "all" | "end" | "left" | "right" | "root" | number;
  offset?: number;
}

/** A place in a domain: counted from 0 before its first step, or from its last one on. */
export interface Position {
  position: number;
  anchor: "start" | "end";
}

export type Role =
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

export interface GraphNode {
  id: string;
  kind: "input" | "variable" | "parameter" | "constant" | "setting";
  role: Role;
  domains: string[];
  shape: number[];
  one_hot: boolean;
  latex: string;
  line: number | null;
  boundary?: (Position & { domain: string })[];
  /** Of an operation inside an opened equation: what stands in its circle. */
  sign?: string;
  trained?: boolean;
  initial?: string;
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  parameter: string | null;
  reads: Read[];
  operation: string;
  cut: boolean;
  at?: (Position & { domain: string })[] | null;
  /** What says how much passes along it, where the equation does. */
  gate?: Gate;
}

export interface FoldedGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Values of a run as they arrive, or their gradients: row-major Float32Array per variable; NaN travels as NaN. */
export interface Trace {
  shows: "values" | "gradients" | "difference";
  lengths: Record<string, number>;
  /** How many steps of each domain have arrived. */
  arrived: Record<string, number>;
  symbols: Record<string, string[]>;
  /** How each tree branches: per node its children, null for a leaf. */
  trees: Record<string, Children>;
  /** Step 1..τ; at 0 and below, or beyond the end, a boundary value. Without a domain, any step. */
  value(name: string, step: number): Float32Array | null;
  range(name: string): [number, number];
  version: number;
  /** Gradients arrive from the last step on: whether all are here. */
  isWhole?: boolean;
}

export type Selection =
  | { kind: "node"; id: string; step: number | null }
  | { kind: "parameter"; id: string }
  | { kind: "edge"; id: string; step: number | null };

/** x of step t, in CSS pixels from the left edge of the figure's column: origin + pitch·(t − 1). */
export interface TimeAxis {
  origin: number;
  pitch: number;
  width: number;
}

/** chain: left to right; generated: a chain whose length only the run knows; tree: left(n), right(n), root. */
export interface Domain {
  name: string;
  index: string;
  kind: "chain" | "tree" | "generated";
}

export type Theme = "paper" | "night" | "projector";
export type Language = "en" | "zh";
