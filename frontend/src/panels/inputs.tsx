/** What goes into the run: a line of controls per input of the equations, above the figure. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Problem } from "../api/problems.ts";
import type { Generator, InputValue, ProblemEntry } from "../api/wire.ts";
import { isNumbers } from "../core/branching.ts";
import type { GraphNode } from "../core/types.ts";
import { setInput, setSize } from "../state/actions.ts";
import { isClasses, leaders, rowsOf, treesOf } from "../state/inputs.ts";
import {
  architecture,
  description,
  effectiveInputs,
  effectiveLengths,
  lengths,
  run,
  text,
} from "../state/store.ts";
import { product } from "../state/trace.ts";
import { Branches } from "./branches.tsx";
import { Coded } from "./coded.tsx";
import { Formula } from "./formula.tsx";
import { NumbersEditor } from "./numbers.tsx";

/** The input whose rows are being edited. */
export const openNumbers = signal<string | null>(null);

type Source = "own" | `next:${string}` | `generate:${Generator}`;

const GENERATORS: Record<"symbols" | "numbers", Generator[]> = {
  symbols: ["symbols"],
  numbers: ["normal", "sine", "impulse"],
};

export function Inputs() {
  const nodes = description.value?.graph.nodes.filter((node) => node.kind === "input") ?? [];
  return (
    <section class="inputs" aria-label={text.value.input.title}>
      {nodes.map((node) => (
        <InputLine key={node.id} node={node} others={nodes} />
      ))}
      <Lengths />
    </section>
  );
}

/** Faults of the last run that point into an input, or into what belongs to it. */
function faultsOf(name: string): ProblemEntry[] {
  const held = run.value.fault;
  if (!(held instanceof Problem)) return [];
  const path = `/inputs/${name.replace(/~/g, "~0").replace(/\//g, "~1")}`;
  return held.errors.filter(
    (each) => each.pointer === path || each.pointer?.startsWith(`${path}/`),
  );
}

/** Faults of the last run that no input line shows. */
export function otherFaults(): ProblemEntry[] {
  const held = run.value.fault;
  if (!(held instanceof Problem)) return [];
  const names = (description.value?.graph.nodes ?? []).filter((node) => node.kind === "input");
  const shown = new Set(names.flatMap((node) => faultsOf(node.id)));
  return held.errors.filter((each) => !shown.has(each));
}

function sourceOf(value: InputValue | undefined): Source {
  if (value === undefined || isNumbers(value) || "text" in value) return "own";
  return "next" in value ? `next:${value.next}` : `generate:${value.generate}`;
}

function InputLine({ node, others }: { node: GraphNode; others: GraphNode[] }) {
  const words = text.value.input;
  const value = effectiveInputs.value[node.id];
  const areClasses = isClasses(value, node);
  const width = areClasses ? 1 : Math.max(product(node.shape), 1);
  const faults = faultsOf(node.id);
  const id = `input-${node.id}`;
  const isTree = treesOf(description.value).has(node.domains[0] ?? "");
  return (
    <div class={`input-line ${isTree ? "is-tree" : ""} ${faults.length > 0 ? "has-faults" : ""}`}>
      <label class="input-name" for={id}>
        <Formula latex={`\\htmlData{node=${node.id}}{${node.latex}}`} />
      </label>
      {value !== undefined && !isNumbers(value) && "text" in value && (
        <TextField id={id} name={node.id} value={value} isFaulty={faults.length > 0} />
      )}
      {typeof value === "number" && <NumberField id={id} node={node} value={value} />}
      {Array.isArray(value) && (
        <button
          id={id}
          type="button"
          class="field input-numbers"
          aria-expanded={openNumbers.value === node.id}
          onClick={() => {
            openNumbers.value = openNumbers.value === node.id ? null : node.id;
          }}
        >
          {areClasses
            ? words.classes(value.length)
            : words.rows(rowsOf(value, node, isTree).length, width)}{" "}
          · {words.change}
        </button>
      )}
      {isTree && Array.isArray(value) && <Branches node={node} value={value} />}
      <SourceChoice node={node} others={others} value={value} />
      {openNumbers.value === node.id && (
        <NumbersEditor node={node} isTree={isTree} width={width} value={value} />
      )}
      {faults.length > 0 && (
        <FaultCard id={`${id}-fault`}>
          {faults.map((fault) => (
            <p key={fault.code}>
              <Coded text={fault.detail} />{" "}
              <span class="note">
                <Coded text={fault.hint} />
              </span>
            </p>
          ))}
          <AlphabetFix node={node} value={value} />
        </FaultCard>
      )}
      <OwnAlphabet node={node} value={value} />
    </div>
  );
}

const MARGIN = 16; // pixels between a card and the edge of the window

/** Below its line; moved to the left where it would leave the window, its tip stays. */
function FaultCard({ id, children }: { id: string; children: ComponentChildren }) {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const abort = new AbortController();
    const place = () => {
      const line = card.current?.parentElement?.getBoundingClientRect();
      if (!card.current || !line) return;
      const most = document.documentElement.clientWidth - MARGIN - card.current.offsetWidth;
      const left = Math.max(Math.min(line.left, most), MARGIN);
      card.current.style.setProperty("--shift", `${Math.min(left - line.left, 0)}px`);
    };
    place();
    window.addEventListener("resize", place, { signal: abort.signal });
    document.addEventListener("transitionend", place, { signal: abort.signal });
    return () => abort.abort();
  });
  return (
    <div ref={card} class="fault-card" id={id} role="alert">
      {children}
    </div>
  );
}

/** An input without steps that is one number: a class, or a real value. */
function NumberField({ id, node, value }: { id: string; node: GraphNode; value: number }) {
  const last = node.one_hot ? (node.shape[0] ?? 1) - 1 : undefined;
  return (
    <input
      id={id}
      class="field input-number"
      type="number"
      aria-label={text.value.input.number(node.id)}
      min={node.one_hot ? 0 : undefined}
      max={last}
      step={node.one_hot ? 1 : "any"}
      value={value}
      onInput={(event) => {
        const number = event.currentTarget.valueAsNumber;
        if (Number.isFinite(number)) setInput(node.id, number);
      }}
    />
  );
}

interface TextFieldProps {
  id: string;
  name: string;
  value: Extract<InputValue, { text: string }>;
  isFaulty: boolean;
}

function TextField({ id, name, value, isFaulty }: TextFieldProps) {
  const words = text.value.input;
  return (
    <input
      id={id}
      class="field input-text"
      type="text"
      value={value.text}
      aria-label={words.text(name)}
      placeholder={words.placeholder}
      aria-invalid={isFaulty}
      aria-describedby={isFaulty ? `${id}-fault` : undefined}
      spellcheck={false}
      autocomplete="off"
      autocapitalize="off"
      onInput={(event) => setInput(name, { ...value, text: event.currentTarget.value })}
    />
  );
}

interface ChoiceProps {
  node: GraphNode;
  others: GraphNode[];
  value: InputValue | undefined;
}

function SourceChoice({ node, others, value }: ChoiceProps) {
  const words = text.value.input;
  const options: [Source, string][] = [
    ["own", node.one_hot && !isNumbers(value) ? words.ownText : words.own],
    ...leaders(node, others).map((each): [Source, string] => [
      `next:${each.id}`,
      words.next(each.id),
    ]),
    ...GENERATORS[node.one_hot ? "symbols" : "numbers"].map((each): [Source, string] => [
      `generate:${each}`,
      words.generators[each],
    ]),
  ];
  return (
    <select
      class="input-source"
      id={sourceOf(value) === "own" ? undefined : `input-${node.id}`}
      aria-label={words.source(node.id)}
      value={sourceOf(value)}
      onChange={(event) => changeSource(node, event.currentTarget.value)}
    >
      {options.map(([source, label]) => (
        <option key={source} value={source}>
          {label}
        </option>
      ))}
    </select>
  );
}

function changeSource(node: GraphNode, source: string): void {
  const [kind, argument = ""] = source.split(":");
  const usual = architecture.value?.defaults.inputs[node.id];
  if (kind === "next") setInput(node.id, { next: argument });
  else if (kind === "generate") setInput(node.id, { generate: argument as Generator });
  else if (usual !== undefined && isNumbers(usual)) setInput(node.id, usual);
  else if (node.one_hot) setInput(node.id, usual && "text" in usual ? usual : { text: "hello" });
  else openNumbers.value = node.id;
}

interface AlphabetProps {
  node: GraphNode;
  value: InputValue | undefined;
}

/** When a text has characters that the alphabet lacks: one press makes them the alphabet. */
function AlphabetFix({ node, value }: AlphabetProps) {
  if (value === undefined || isNumbers(value) || !("text" in value)) return null;
  const characters = [...new Set(value.text)].sort();
  const usual = [...(value.alphabet ?? architecture.value?.alphabet ?? "")];
  if (characters.every((each) => usual.includes(each))) return null;
  const shown = characters.slice(0, 40).join("") + (characters.length > 40 ? "…" : "");
  const own = { text: value.text, alphabet: characters.join("") };
  return (
    <button type="button" class="fix" onClick={() => useAlphabet(node, own, characters.length)}>
      {text.value.input.useAlphabet(shown)}
    </button>
  );
}

/** Says that the alphabet is the reader's, and leads back. */
function OwnAlphabet({ node, value }: AlphabetProps) {
  const words = text.value.input;
  if (value === undefined || isNumbers(value) || !("text" in value) || !value.alphabet) return null;
  return (
    <p class="note">
      {words.ownAlphabet([...value.alphabet].length)}{" "}
      <button
        type="button"
        class="fix"
        title={words.usualAlphabet}
        onClick={() => useAlphabet(node, { text: value.text }, null)}
      >
        {words.reset}
      </button>
    </p>
  );
}

/** The alphabet is the size of the one-hot vector, and of the targets that look ahead in it. */
function useAlphabet(node: GraphNode, value: InputValue, size: number | null): void {
  setInput(node.id, value);
  const followers = Object.entries(effectiveInputs.value)
    .filter(([, each]) => !isNumbers(each) && "next" in each && each.next === node.id)
    .map(([name]) => name);
  for (const name of [node.id, ...followers]) setSize(name, size);
}

/** How many steps, for domains whose length no input fixes. */
function Lengths() {
  const words = text.value.input;
  const domains = Object.entries(effectiveLengths.value);
  return (
    <>
      {domains.map(([domain, length]) => (
        <label key={domain} class="input-length">
          <span>{domains.length > 1 ? words.stepsOf(domain) : words.steps}</span>
          <input
            class="field input-number"
            type="number"
            min={1}
            max={100000}
            value={length}
            onInput={(event) => {
              const steps = event.currentTarget.valueAsNumber;
              if (Number.isInteger(steps) && steps > 0) {
                lengths.value = { ...lengths.value, [domain]: steps };
              }
            }}
          />
        </label>
      ))}
    </>
  );
}
