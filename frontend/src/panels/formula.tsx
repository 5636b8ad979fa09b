/** Typeset mathematics whose symbols belong to the graph: pointing at one lights the other. */

import katex from "katex";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { FoldedGraph, Selection, Theme } from "../core/types.ts";
import { parameterColour, symbolColour } from "../render/colours.ts";
import { isAdding } from "../render/gestures.ts";
import { point, select } from "../state/actions.ts";
import { description, pins, pointed, selection, theme } from "../state/store.ts";

const SYMBOLS = "[data-node], [data-parameter]";

export function typeset(element: HTMLElement, latex: string, isDisplay: boolean): void {
  katex.render(latex, element, {
    displayMode: isDisplay,
    throwOnError: false,
    strict: false,
    trust: ({ command }) => command === "\\htmlData",
  });
}

/** Gives each symbol below an element the colour of its role or of its parameter. */
export function colourSymbols(
  element: Element,
  graph: FoldedGraph | undefined,
  theme: Theme,
): void {
  const nodes = new Map(graph?.nodes.map((node) => [node.id, node]));
  for (const symbol of element.querySelectorAll<HTMLElement>(SYMBOLS)) {
    const { node, parameter } = symbol.dataset;
    const own = nodes.get(parameter ?? node ?? "");
    if (own) symbol.style.color = symbolColour(own, theme);
    else if (parameter !== undefined) symbol.style.color = parameterColour(parameter, theme);
  }
}

export function selectionOf(symbol: HTMLElement): Selection {
  const { node, parameter } = symbol.dataset;
  return parameter === undefined
    ? { kind: "node", id: node ?? "", step: null }
    : { kind: "parameter", id: parameter };
}

/** Whether a symbol of the equation of `variable` is what a selection is about. */
function isMeant(symbol: HTMLElement, chosen: Selection | null, variable: string | null): boolean {
  if (!chosen) return false;
  const { node, parameter, delay } = symbol.dataset;
  if (chosen.kind === "node") return node === chosen.id;
  if (chosen.kind === "parameter") return parameter === chosen.id;
  const edge = description.value?.graph.edges.find((each) => each.id === chosen.id);
  if (!edge || edge.target !== variable) return false;
  if (parameter !== undefined) return parameter === edge.parameter;
  const step = edge.reads[0]?.delay ?? 0;
  return node === edge.source && Number(delay ?? 0) === step;
}

/** Marks the symbols of what is pointed at and of what is selected. */
function mark(element: Element, variable: string | null): void {
  for (const symbol of element.querySelectorAll<HTMLElement>(SYMBOLS)) {
    symbol.classList.toggle("is-pointed", isMeant(symbol, pointed.value, variable));
    const isChosen = [selection.value, ...pins.value].some((one) => isMeant(symbol, one, variable));
    symbol.classList.toggle("is-selected", isChosen);
  }
}

interface FormulaProps {
  latex: string;
  display?: boolean;
  /** Whose equation this is: an edge lights its symbols only there. */
  variable?: string;
  class?: string;
}

export function Formula({ latex, display = false, variable, class: name = "" }: FormulaProps) {
  const place = useRef<HTMLSpanElement>(null);
  const graph = description.value?.graph;
  const colours = theme.value;
  const now = [pointed.value, selection.value, pins.value];
  useLayoutEffect(() => {
    if (place.current) typeset(place.current, latex, display);
  }, [latex, display]);
  useLayoutEffect(() => {
    if (place.current) colourSymbols(place.current, graph, colours);
  }, [latex, display, graph, colours]);
  useEffect(() => {
    if (place.current) mark(place.current, variable ?? null);
  }, [latex, ...now, variable]);
  return <span ref={place} class={`formula ${name}`} />;
}

/** Handlers for an element that holds formulas: hover, click, and the arrow keys between symbols. */
export const symbolHandlers = {
  onPointerOver(event: PointerEvent) {
    const symbol = symbolAt(event);
    point(symbol ? selectionOf(symbol) : null);
  },
  onPointerLeave() {
    point(null);
  },
  /** A press of the mouse selects but does not take the focus: the arrow keys keep stepping. */
  onMouseDown(event: MouseEvent) {
    if (symbolAt(event)) event.preventDefault();
  },
  onClick(event: MouseEvent) {
    const symbol = symbolAt(event);
    if (symbol) select(selectionOf(symbol), isAdding(event));
  },
  onFocusIn(event: FocusEvent) {
    const symbol = symbolAt(event);
    if (symbol) point(selectionOf(symbol));
  },
  onFocusOut() {
    point(null);
  },
  onKeyDown(event: KeyboardEvent) {
    const symbol = symbolAt(event);
    const moves: Record<string, number> = {
      ArrowRight: 1,
      ArrowDown: 1,
      ArrowLeft: -1,
      ArrowUp: -1,
    };
    const move = moves[event.key];
    if (symbol && (event.key === "Enter" || event.key === " "))
      select(selectionOf(symbol), isAdding(event));
    else if (symbol && move && event.currentTarget instanceof Element) {
      moveFocus(event.currentTarget, symbol, move);
    } else return;
    event.preventDefault();
  },
};

function symbolAt(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>(SYMBOLS) : null;
}

function moveFocus(container: Element, from: HTMLElement, by: number): void {
  const symbols = [...container.querySelectorAll<HTMLElement>(SYMBOLS)];
  const next = symbols[(symbols.indexOf(from) + by + symbols.length) % symbols.length];
  if (!next) return;
  from.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** What a symbol is called aloud: the letters that are seen, without the fillers of KaTeX. */
function nameOf(symbol: HTMLElement): string {
  const seen = (symbol.textContent ?? "").replace(/\u200b/g, "").trim();
  return seen || (symbol.dataset.node ?? symbol.dataset.parameter ?? "");
}

/**
 * One stop of the Tab key for all symbols of a container; the arrow keys move between them.
 *
 * KaTeX hides what it draws from screen readers and gives them MathML. Where symbols can be pressed
 * it is the other way round: what is drawn holds the buttons, and is read.
 */
export function useSymbolFocus(dependencies: readonly unknown[]) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const symbols = place.current?.querySelectorAll<HTMLElement>(SYMBOLS) ?? [];
    for (const [i, symbol] of symbols.entries()) {
      symbol.tabIndex = i === 0 ? 0 : -1;
      symbol.setAttribute("role", "button");
      symbol.setAttribute("aria-label", nameOf(symbol));
      const drawn = symbol.closest(".katex-html");
      drawn?.removeAttribute("aria-hidden");
      drawn?.previousElementSibling?.setAttribute("aria-hidden", "true");
    }
  }, dependencies);
  return place;
}
