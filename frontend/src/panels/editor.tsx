/** The equations as text, in place: coloured like the figure, faults beside the line they are on. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ProblemEntry } from "../api/wire.ts";
import type { FoldedGraph, Theme } from "../core/types.ts";
import { symbolColour } from "../render/colours.ts";
import { redoEquations, setEquations, undoEquations } from "../state/actions.ts";
import { breakLine, caretAfter, type Edit, indent, pieces, spanOn } from "../state/source.ts";
import { description, diagnostics, equations, reading, said, text, theme } from "../state/store.ts";
import { Coded } from "./coded.tsx";
import { Icon } from "./icons.tsx";

const LINE = 22; // pixels; the same as --code-line
const TOP = 8;

export function Editor() {
  const area = useRef<HTMLTextAreaElement>(null);
  const backdrop = useRef<HTMLPreElement>(null);
  const [scroll, setScroll] = useState(0);
  const source = equations.value;
  const faults = diagnostics.value;
  const lines = source.split("\n");

  useLayoutEffect(() => {
    const element = area.current;
    if (!element || element.value === source) return;
    const caret = caretAfter(element.value, source);
    element.value = source;
    if (document.activeElement === element) element.setSelectionRange(caret, caret);
  }, [source]);
  useEffect(() => area.current?.focus({ preventScroll: false }), []);
  useEffect(() => {
    const first = faults[0];
    if (first?.line) said.value = text.value.say.fault(first.line, first.detail);
  }, [faults]);

  const apply = (edit: Edit) => {
    const element = area.current;
    if (!element) return;
    element.value = edit.text;
    element.setSelectionRange(edit.from, edit.to);
    setEquations(edit.text, true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const element = area.current;
    if (!element) return;
    const hasCommand = event.ctrlKey || event.metaKey;
    const { selectionStart: from, selectionEnd: to } = element;
    const isUndo = hasCommand && event.key.toLowerCase() === "z" && !event.shiftKey;
    const isRedo =
      hasCommand &&
      (event.key.toLowerCase() === "y" || (event.key.toLowerCase() === "z" && event.shiftKey));
    if (isUndo) undoEquations();
    else if (isRedo) redoEquations();
    else if (event.key === "Tab") apply(indent(source, from, to, event.shiftKey));
    else if (event.key === "Enter" && !hasCommand) apply(breakLine(source, from, to));
    else return;
    event.preventDefault();
  };

  return (
    <div class="editor">
      <div class={`editor-frame ${faults.length > 0 ? "has-faults" : ""}`}>
        <div class="editor-gutter" aria-hidden="true" style={{ marginTop: `${-scroll}px` }}>
          {lines.map((_, i) => (
            <span key={i} class={faults.some((fault) => spanOn(fault, i + 1)) ? "is-fault" : ""}>
              {i + 1}
            </span>
          ))}
        </div>
        <div class="editor-body">
          <pre ref={backdrop} class="editor-backdrop" aria-hidden="true">
            {lines.map((line, i) => (
              <Line key={i} line={line} number={i + 1} faults={faults} />
            ))}
          </pre>
          <textarea
            ref={area}
            class="editor-text"
            aria-label={text.value.equations.editor}
            aria-describedby="editor-note"
            aria-invalid={faults.length > 0}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            wrap="off"
            rows={lines.length + 1}
            defaultValue={source}
            onInput={(event) => setEquations(event.currentTarget.value, true)}
            onKeyDown={onKeyDown}
            onScroll={(event) => {
              const { scrollLeft, scrollTop } = event.currentTarget;
              backdrop.current?.scrollTo(scrollLeft, scrollTop);
              setScroll(scrollTop);
            }}
          />
        </div>
      </div>
      <Callouts faults={faults} scroll={scroll} />
      <Note count={faults.length} />
    </div>
  );
}

function Note({ count }: { count: number }) {
  const words = text.value.equations;
  const state = count > 0 ? words.stale : reading.value ? words.reading : words.good;
  const slips = count > 0 ? [] : (description.value?.misspelt ?? []);
  return (
    <div id="editor-note" class="note editor-note">
      {slips.map((slip) => (
        <p key={slip.name} class="editor-slip" role="status">
          <Icon name="warning" />
          <span>
            <Coded text={words.misspelt(slip.name, slip.line, slip.meant)} />
          </span>
        </p>
      ))}
      <p>
        <span class={count > 0 ? "is-fault" : ""}>{state}</span> {words.leave}
      </p>
    </div>
  );
}

function Line(props: { line: string; number: number; faults: readonly ProblemEntry[] }) {
  const spans = props.faults.flatMap((fault) => spanOn(fault, props.number) ?? []);
  const graph = description.value?.graph;
  const colours = theme.value;
  return (
    <span class="editor-line">
      {pieces(props.line, spans).map((piece, i) => (
        <span
          key={i}
          class={`is-${piece.kind} ${piece.isFault ? "is-fault" : ""}`}
          style={
            piece.kind === "name" ? { color: colourOf(piece.text, graph, colours) } : undefined
          }
        >
          {piece.text}
        </span>
      ))}
      {"\n"}
    </span>
  );
}

/** The colour a name has in the figure; functions, indices and words of the language have none. */
function colourOf(name: string, graph: FoldedGraph | undefined, theme: Theme): string | undefined {
  const node = graph?.nodes.find((each) => each.id === name);
  return node && symbolColour(node, theme);
}

/** One card per fault, level with its line; cards that would overlap move down. */
function Callouts({ faults, scroll }: { faults: readonly ProblemEntry[]; scroll: number }) {
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    const abort = new AbortController();
    const place = () => list.current && placeCallouts(list.current, scroll);
    place();
    window.addEventListener("scroll", place, { capture: true, signal: abort.signal });
    window.addEventListener("resize", place, { signal: abort.signal });
    document.addEventListener("transitionend", place, { signal: abort.signal });
    return () => abort.abort();
  }, [faults, scroll]);
  if (faults.length === 0) return null;
  return (
    <ul class="callouts" ref={list} role="alert">
      {faults.map((fault) => (
        <li
          key={`${fault.line}-${fault.column}-${fault.code}`}
          class="callout"
          data-top={TOP + ((fault.line ?? 1) - 1) * LINE}
        >
          <p class="callout-place">
            <Icon name="warning" />
            {fault.line ? text.value.equations.line(fault.line) : null}
          </p>
          <p>
            <Coded text={fault.detail} />
          </p>
          {fault.hint && (
            <p class="callout-hint">
              <Coded text={fault.hint} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

const GAP = 8;

/**
 * Right of the editor, level with their lines but above the player; lines that are scrolled away
 * hide their cards.
 */
function placeCallouts(list: HTMLElement, scroll: number): void {
  const frame = list.previousElementSibling?.getBoundingClientRect();
  if (!frame) return;
  list.style.setProperty("--left", `${frame.right + 12}px`);
  const floor = document.querySelector(".figure-place")?.getBoundingClientRect().bottom;
  let free = 0;
  for (const card of list.children) {
    if (!(card instanceof HTMLElement)) continue;
    const wanted = frame.top + Number(card.dataset.top ?? 0) - scroll;
    const highest = (floor ?? window.innerHeight) - card.offsetHeight;
    const top = Math.max(Math.min(wanted, highest), free);
    card.style.setProperty("--top", `${top}px`);
    card.classList.toggle("is-apart", Math.abs(wanted - top) > LINE / 2);
    card.hidden = wanted < frame.top - LINE || wanted > frame.bottom;
    free = top + card.offsetHeight + GAP;
  }
}
