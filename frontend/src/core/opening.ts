/**
 * Opening a node: the operations of its equation become nodes of the graph, between what they read and the
 * variable that they give. The opened graph is laid out as any other, so nothing in it overlaps.
 */

import type { FoldedGraph, GraphEdge, GraphNode } from "./types.ts";

/** As on the wire: what is not said may be null. */
interface LooseRead {
  domain: string;
  delay?: number | null;
  position?: string | number | null;
  offset?: number | null;
}

/** An operation inside an equation, in preorder; the first is the whole right-hand side. */
export interface Operation {
  id: string;
  function: string;
  operands: readonly string[];
  shape: readonly number[];
  domains: readonly string[];
  reference: string | null;
  reads: readonly LooseRead[];
  latex: string;
}

export interface OpenedEquation {
  variable: string;
  boundary: unknown;
  operations: readonly Operation[];
}

const SIGNS: Record<string, string> = {
  add: "+",
  subtract: "−",
  negative: "−",
  multiply: "×",
  divide: "÷",
  power: "^",
  matmul: "@",
  sigmoid: "σ",
  sum: "Σ",
  mean: "mean",
  where: "if",
  concat: "[;]",
  squared_error: "‖·‖²",
  cross_entropy: "−log p",
  circular_convolve: "⊛",
  less: "<",
  greater: ">",
  equal: "=",
};

/** What stands in the circle of an operation: "+", "×", "σ", "tanh". */
export function signOf(name: string): string {
  return SIGNS[name] ?? name.replaceAll("_", " ");
}

/** Whose operation "f/3" is. */
export function ownerOf(id: string): string {
  const at = id.indexOf("/");
  return at < 0 ? id : id.slice(0, at);
}

/** Whether a variable has operations of its own to show. */
export function canOpen(equations: readonly OpenedEquation[], variable: string): boolean {
  return equations.some((one) => isOwn(one, variable) && !isLeaf(one.operations[0]));
}

function isOwn(equation: OpenedEquation, variable: string): boolean {
  return equation.variable === variable && equation.boundary === null;
}

function isLeaf(operation: Operation | undefined): boolean {
  return operation === undefined || operation.operands.length === 0;
}

/** The graph with some of its variables opened. */
export function openGraph(
  graph: FoldedGraph,
  equations: readonly OpenedEquation[],
  opened: ReadonlySet<string>,
): FoldedGraph {
  let shown = graph;
  for (const equation of equations) {
    const node = graph.nodes.find((one) => one.id === equation.variable);
    const isWanted = node && opened.has(node.id) && isOwn(equation, node.id);
    if (isWanted && !isLeaf(equation.operations[0]))
      shown = new Opening(shown, node, equation).graph();
  }
  return shown;
}

function keyOf(reads: readonly LooseRead[]): string {
  return JSON.stringify(
    reads.map((one) => [one.domain, one.delay ?? null, one.position ?? null, one.offset ?? null]),
  );
}

class Opening {
  private readonly byId: ReadonlyMap<string, Operation>;
  private readonly kinds: ReadonlyMap<string, GraphNode>;
  private readonly into: readonly GraphEdge[];
  private readonly used = new Map<string, number>();
  private readonly nodes: GraphNode[] = [];
  private readonly edges: GraphEdge[] = [];

  constructor(
    private readonly whole: FoldedGraph,
    private readonly node: GraphNode,
    private readonly equation: OpenedEquation,
  ) {
    this.byId = new Map(equation.operations.map((one) => [one.id, one]));
    this.kinds = new Map(whole.nodes.map((one) => [one.id, one]));
    // what leads to boundary values alone is no part of this equation
    this.into = whole.edges.filter((edge) => edge.target === node.id && !edge.at?.length);
  }

  graph(): FoldedGraph {
    const root = this.equation.operations[0];
    if (!root) return this.whole;
    this.write(root);
    this.edges.push(this.plain(root.id, this.node.id));
    const replaced = new Set(this.into);
    const at = this.whole.nodes.findIndex((one) => one.id === this.node.id);
    return {
      nodes: this.whole.nodes.toSpliced(at, 0, ...this.nodes),
      edges: [...this.whole.edges.filter((edge) => !replaced.has(edge)), ...this.edges],
    };
  }

  /** One operation with what it reads, its operands before it. */
  private write(operation: Operation): void {
    for (const operand of this.operandsOf(operation)) this.read(operand, operation);
    this.nodes.push({
      id: operation.id,
      kind: "variable",
      role: this.node.role,
      domains: [...operation.domains],
      shape: [...operation.shape],
      one_hot: false,
      latex: "",
      line: null,
      sign: this.signWith(operation),
    });
  }

  /** A number is no node: it stands beside the sign, "1−", "×0.9". */
  private signWith(operation: Operation): string {
    const sign = signOf(operation.function);
    const operands = this.operandsOf(operation);
    const isFirst = operands[0]?.function === "number";
    const numbers = operands.filter((one) => one.function === "number").map((one) => one.latex);
    if (numbers.length !== 1 || operands.length !== 2) return sign;
    const isTurned = isFirst && !["add", "multiply"].includes(operation.function);
    return isTurned ? `${numbers[0]}${sign}` : `${sign}${numbers[0]}`;
  }

  /** A sum of several terms is one operation. */
  private operandsOf(operation: Operation): Operation[] {
    const operands = operation.operands.flatMap((id) => this.byId.get(id) ?? []);
    if (operation.function !== "add") return operands;
    return operands.flatMap((one) => (one.function === "add" ? this.operandsOf(one) : [one]));
  }

  private read(operand: Operation, reader: Operation): void {
    if (operand.reference !== null) this.refer(operand, reader, this.factorsOf(reader));
    else if (!isLeaf(operand)) this.readResult(operand, reader);
  }

  /** A product with a parameter lies on the line from its other factor; what parameters alone give is no node. */
  private readResult(operand: Operation, reader: Operation): void {
    if (this.isFixed(operand)) return;
    const factors = this.factorsOf(operand);
    const others = this.operandsOf(operand).filter((one) => !this.isFixed(one));
    const [other] = others;
    if (operand.function === "matmul" && factors.size > 0 && others.length === 1 && other) {
      if (other.reference !== null) this.refer(other, reader, factors);
      else {
        this.write(other);
        this.edges.push(this.plain(other.id, reader.id, [...factors].at(-1)));
      }
      return;
    }
    this.write(operand);
    this.edges.push(this.plain(operand.id, reader.id));
  }

  /** Parameters, constants and what follows from them alone. */
  private isFixed(operation: Operation): boolean {
    if (operation.reference !== null) return this.isParameter(operation.reference);
    return isLeaf(operation)
      ? operation.function !== "index"
      : this.operandsOf(operation).every((one) => this.isFixed(one));
  }

  private isParameter(name: string): boolean {
    const kind = this.kinds.get(name)?.kind;
    return kind === "parameter" || kind === "constant" || kind === "setting";
  }

  /** The parameters that an operation multiplies its other operand with. */
  private factorsOf(operation: Operation): Set<string> {
    const names = (one: Operation): string[] =>
      one.reference !== null ? [one.reference] : this.operandsOf(one).flatMap(names);
    return new Set(
      this.operandsOf(operation)
        .filter((one) => this.isFixed(one))
        .flatMap(names),
    );
  }

  /** The line of the closed graph that stands for this reference, led to the operation that reads it. */
  private refer(operand: Operation, reader: Operation, factors: ReadonlySet<string>): void {
    const reads = keyOf(operand.reads);
    const alike = this.into.filter((edge) => edge.source === operand.reference);
    const same = alike.filter((edge) => keyOf(edge.reads) === reads);
    const found =
      same.find((edge) => edge.parameter !== null && factors.has(edge.parameter)) ??
      same.find((edge) => edge.parameter === null || edge.parameter === edge.source) ??
      same[0];
    if (!found) return;
    const count = this.used.get(found.id) ?? 0;
    this.used.set(found.id, count + 1);
    const id = count === 0 ? found.id : `${found.id}#${count}`;
    this.edges.push({ ...found, id, target: reader.id });
  }

  private plain(source: string, target: string, parameter: string | null = null): GraphEdge {
    const reads = (this.kinds.get(ownerOf(source))?.domains ?? []).map((domain) => ({
      domain,
      delay: 0,
    }));
    const id = `${source}>${target}`;
    return { id, source, target, parameter, reads, operation: "", cut: false, at: null };
  }
}
