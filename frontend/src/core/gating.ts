/**
 * How much of a value passes along a line, where the equation says so: `f` on the line from s to the next s, `1 − u`
 * from h̃ to h, an attention weight from each h to the context. Read off the operations of the equations.
 */

import type { OpenedEquation, Operation } from "./opening.ts";
import type { FoldedGraph, GraphEdge, GraphNode, Read, Trace } from "./types.ts";

export interface Gate {
  /** Whose values, all between 0 and 1, say how much. */
  variable: string;
  /** One minus it. */
  isComplement: boolean;
  /** The gate's domains with the steps by which it is read; null where the line's own source says the step. */
  reads: readonly { domain: string; delay: number | null }[];
}

const WEIGHTS: ReadonlySet<string> = new Set(["gate", "attention", "probability"]);
/** What lets a value through as it is, or unit by unit. */
const THROUGH: ReadonlySet<string> = new Set(["tanh", "sigmoid", "relu", "concat", "negative"]);
const SUMS: ReadonlySet<string> = new Set(["add", "subtract", "sum", "negative"]);

/** The graph with the gates of its lines. */
export function gated(graph: FoldedGraph, equations: readonly OpenedEquation[]): FoldedGraph {
  const gates = new Map<string, Gate>();
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const equation of equations) {
    if (equation.boundary !== null) continue;
    const edges = graph.edges.filter(
      (edge) => edge.target === equation.variable && edge.parameter === null && !edge.at?.length,
    );
    const ways = new Ways(equation.operations, nodes);
    for (const edge of edges) {
      const gate = ways.gateOf(edge);
      if (gate) gates.set(edge.id, gate);
    }
  }
  const edges = graph.edges.map((edge) => {
    const gate = gates.get(edge.id);
    return gate ? { ...edge, gate } : edge;
  });
  return { ...graph, edges };
}

/** The ways from the references of an equation to its whole. */
class Ways {
  private readonly byId: ReadonlyMap<string, Operation>;
  private readonly parents = new Map<string, Operation>();

  constructor(
    private readonly operations: readonly Operation[],
    private readonly nodes: ReadonlyMap<string, GraphNode>,
  ) {
    this.byId = new Map(operations.map((one) => [one.id, one]));
    for (const one of operations) for (const id of one.operands) this.parents.set(id, one);
  }

  /** Of the one reference that a line stands for; null where there are more, or where nothing scales it. */
  gateOf(edge: GraphEdge): Gate | null {
    const own = this.operations.filter((one) => isRead(edge, one));
    const gates = own.map((one) => this.gateAbove(one, edge));
    return gates.length === 1 ? (gates[0] ?? null) : null;
  }

  private gateAbove(reference: Operation, edge: GraphEdge): Gate | null {
    let below = reference;
    let above = this.parents.get(below.id);
    while (above && THROUGH.has(above.function)) {
      below = above;
      above = this.parents.get(below.id);
    }
    if (above?.function !== "multiply") return null;
    const product = above;
    const other = product.operands.find((id) => id !== below.id);
    const gate = this.weightOf(this.byId.get(other ?? ""), edge);
    if (!gate || gate.variable === edge.source) return null;
    for (let sum = this.parents.get(product.id); sum; sum = this.parents.get(sum.id)) {
      if (!SUMS.has(sum.function)) return null;
    }
    return gate;
  }

  private weightOf(operation: Operation | undefined, edge: GraphEdge): Gate | null {
    if (!operation) return null;
    if (operation.function === "subtract") {
      const [one, weight] = operation.operands.map((id) => this.byId.get(id));
      const isOne = one?.function === "number" && one.latex === "1";
      const gate = isOne ? this.weightOf(weight, edge) : null;
      return gate && { ...gate, isComplement: !gate.isComplement };
    }
    const node = operation.reference === null ? undefined : this.nodes.get(operation.reference);
    if (!node || !WEIGHTS.has(node.role)) return null;
    const reads = node.domains.map((domain, i) => {
      const isOwn = edge.reads.some((read) => read.domain === domain && read.position === "all");
      const delay = operation.reads[i]?.delay ?? null;
      return { domain, delay: isOwn ? null : (delay ?? 0) };
    });
    return { variable: node.id, isComplement: false, reads };
  }
}

function isRead(edge: GraphEdge, { reference, reads }: Operation): boolean {
  if (reference !== edge.source) return false;
  return edge.reads.every((read: Read, i) => {
    const own = reads[i];
    if (read.position === "all") return own?.domain === read.domain;
    return own?.domain === read.domain && (own.delay ?? null) === (read.delay ?? null);
  });
}

/** The mean over the units of what passes on a line from a step to a step, 0 to 1; null where it is not known. */
export function passing(gate: Gate, trace: Trace, source: number, target: number): number | null {
  const [outer, inner] = gate.reads;
  const stepOf = (read: Gate["reads"][number]): number =>
    read.delay === null ? source : target - read.delay;
  const all = trace.value(gate.variable, outer ? stepOf(outer) : 1);
  if (!all) return null;
  const parts = inner ? (trace.lengths[inner.domain] ?? 1) : 1;
  const size = all.length / parts;
  const at = inner ? (stepOf(inner) - 1) * size : 0;
  let sum = 0;
  for (let i = at; i < at + size; i++) sum += all[i] ?? Number.NaN;
  const mean = sum / size;
  if (!Number.isFinite(mean)) return null;
  return Math.min(Math.max(gate.isComplement ? 1 - mean : mean, 0), 1);
}
