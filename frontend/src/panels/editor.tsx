/** The equations as text, in place: coloured like the figure, faults marked in it and told below. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ProblemEntry } from "../api/wire.ts";
import type { FoldedGraph, Theme } from "../core/types.ts";
import { symbolColour } from "../render/colours.ts";
import { redoEquations, setEquations, undoEquations } from "../state/actions.ts";
import {
  breakLine,
  caretAfter,
  type Edit,
  indent,
  pieces,
  selectionOf,
  spanOn,
} from "../state/source.ts";
import { description, diagnostics, equations, reading, said, text, theme } from "../state/store.ts";
import { Coded } from "./coded.tsx";
import { Icon } from "./icons.tsx";

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
  const goToPlace = (fault: ProblemEntry) => {
    const place = selectionOf(source, fault);
    if (!place) return;
    area.current?.focus();
    area.current?.setSelectionRange(place.from, place.to);
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
      <Callouts faults={faults} onPlace={goToPlace} />
      <Note count={faults.length} />
    </div>
  );
}

function Note({ count }: { count: number }) {
  const words = text.value.equations;
  const told = description.value ? words.stale : words.nothing;
  const state = count > 0 ? told : reading.value ? words.reading : words.good;
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

/** One card per fault, below the text; where the text is long they stay in sight above its end. */
function Callouts(props: { faults: readonly ProblemEntry[]; onPlace(fault: ProblemEntry): void }) {
  if (props.faults.length === 0) return null;
  return (
    <ul class="callouts" role="alert">
      {props.faults.map((fault) => (
        <li key={`${fault.line}-${fault.column}-${fault.code}`} class="callout">
          <Icon name="warning" />
          <div>
            {fault.line && (
              <button type="button" class="callout-place" onClick={() => props.onPlace(fault)}>
                {text.value.equations.line(fault.line)}
              </button>
            )}
            <p>
              <Coded text={fault.detail} />
            </p>
            {fault.hint && (
              <p class="callout-hint">
                <Coded text={fault.hint} />
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
