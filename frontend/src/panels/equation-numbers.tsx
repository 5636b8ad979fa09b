/** An equation with the numbers of one unit at one step: typeset once, its slots filled anew. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Equation, Operation } from "../api/wire.ts";
import type { FoldedGraph, Theme } from "../core/types.ts";
import { symbolColour } from "../render/colours.ts";
import { details, numberAt } from "../state/details.ts";
import { formatNumber, fullNumber } from "../state/format.ts";
import { description, text, theme, unit } from "../state/store.ts";
import { typeset } from "./formula.tsx";

interface EquationNumbersProps {
  equation: Equation;
  at: number;
  label: string;
}

export function EquationNumbers({ equation, at, label }: EquationNumbersProps) {
  const place = useRef<HTMLParagraphElement>(null);
  const words = text.value.inspector;
  const known = details.value;
  const which = unit.value;
  const graph = description.value?.graph;
  const colours = theme.value;
  useLayoutEffect(() => {
    if (place.current) typeset(place.current, equation.numbers, false);
  }, [equation.numbers]);
  useLayoutEffect(() => {
    for (const slot of place.current?.querySelectorAll<HTMLElement>("[data-slot]") ?? []) {
      const id = slot.dataset.slot ?? "";
      const output = known.get(id);
      const value = output && numberAt(output, at, which);
      fill(slot, value);
      const operation = equation.operations.find((each) => each.id === id);
      slot.style.color = (operation && colourOf(operation, equation, graph, colours)) ?? "";
    }
  }, [equation, known, at, which, graph, colours]);
  const isScalar = (equation.operations[0]?.shape.length ?? 0) === 0;
  return (
    <section>
      <h3>{isScalar ? words.numbers : words.numbersOf(label)}</h3>
      <p ref={place} class="equation-numbers" aria-live="off" />
    </section>
  );
}

function fill(slot: HTMLElement, value: number | undefined): void {
  const digits = slot.querySelector(".mord") ?? slot;
  const text = value === undefined ? "·" : formatNumber(value);
  const needsBrackets = text.startsWith("−") && followsSign(slot);
  digits.textContent = needsBrackets ? `(${text})` : text;
  slot.title = value === undefined ? "" : fullNumber(value);
}

/** Whether an operator stands right before; KaTeX begins a new base after one. */
function followsSign(slot: Element): boolean {
  const base = slot.parentElement;
  const before = lastReal(slot.previousElementSibling);
  if (before) return before.classList.contains("mbin");
  const previous = base?.classList.contains("katex-base") ? base.previousElementSibling : null;
  return lastReal(previous?.lastElementChild ?? null)?.classList.contains("mbin") ?? false;
}

function lastReal(element: Element | null): Element | null {
  let at = element;
  while (at && (at.classList.contains("mspace") || at.classList.contains("katex-strut"))) {
    at = at.previousElementSibling;
  }
  return at;
}

/** A slot has the colour of the variable or the parameter that its number comes from. */
function colourOf(
  operation: Operation,
  equation: Equation,
  graph: FoldedGraph | undefined,
  theme: Theme,
): string | undefined {
  const isWhole = operation.id === equation.operations[0]?.id;
  const byId = new Map(equation.operations.map((each) => [each.id, each]));
  const operands = operation.operands.map((id) => byId.get(id)?.reference);
  const name = isWhole ? equation.variable : (operation.reference ?? operands[0]);
  const node = graph?.nodes.find((each) => each.id === name);
  return node && symbolColour(node, theme);
}
