/** Rows of numbers for a real-valued input: pasted or typed, checked as they are written. */
import { useState } from "preact/hooks";
import type { InputValue } from "../api/wire.ts";
import { bracketsOf, leavesOf, presetBrackets, treeOfBrackets } from "../core/branching.ts";
import type { GraphNode } from "../core/types.ts";
import { setInput } from "../state/actions.ts";
import { isClasses, isVectorLeaf, rowsOf } from "../state/inputs.ts";
import { type NumbersFault, parseNumbers, writeNumbers } from "../state/numbers.ts";
import { domain, shownValues, text } from "../state/store.ts";
import type { Dictionary } from "../text/index.ts";
import { openNumbers } from "./inputs.tsx";

interface NumbersEditorProps {
  node: GraphNode;
  isTree: boolean;
  width: number;
  value: InputValue | undefined;
}

export function NumbersEditor({ node, isTree, width, value }: NumbersEditorProps) {
  const words = text.value.input;
  const name = node.id;
  const [draft, setDraft] = useState(() => beginning(node, isTree, value));
  const result = parseNumbers(draft, width);
  const fault = "fault" in result ? describe(result.fault, words) : null;
  const close = () => {
    openNumbers.value = null;
  };
  return (
    <form
      class="numbers"
      onSubmit={(event) => {
        event.preventDefault();
        if (!("rows" in result)) return;
        const rows = isClasses(value, node) ? result.rows.flat() : result.rows;
        setInput(name, isTree ? overLeaves(node, value, result.rows) : rows);
        close();
      }}
    >
      <label for={`numbers-${name}`}>{words.numbers(name, width)}</label>
      <textarea
        id={`numbers-${name}`}
        class="field"
        rows={6}
        spellcheck={false}
        value={draft}
        aria-invalid={fault !== null}
        aria-describedby={`numbers-${name}-note`}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <p id={`numbers-${name}-note`} class={fault ? "field-fault" : "note"}>
        {fault ?? words.paste}
      </p>
      <div class="numbers-tools">
        <button type="submit" class="plain" disabled={fault !== null}>
          {words.apply}
        </button>
        <button type="button" class="quiet" onClick={close}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}

/** The same tree over other leaves; a balanced one where their number has changed. */
function overLeaves(node: GraphNode, value: InputValue | undefined, rows: number[][]): InputValue {
  const leaves = isVectorLeaf(node) ? rows : rows.map((row) => row[0] ?? 0);
  const old = Array.isArray(value) ? bracketsOf(value, isVectorLeaf(node)) : "";
  const isSame = leavesOf(value, isVectorLeaf(node)).length === leaves.length;
  const tree = isSame ? treeOfBrackets(old, leaves) : null;
  return (tree ?? treeOfBrackets(presetBrackets("balanced", leaves.length), leaves)) as InputValue;
}

/** The reader's own rows, else those that the run was given. */
function beginning(node: GraphNode, isTree: boolean, value: InputValue | undefined): string {
  const name = node.id;
  if (Array.isArray(value)) return writeNumbers(rowsOf(value, node, isTree));
  const held = shownValues.value;
  const steps = held?.lengths[domain.value] ?? 0;
  const rows: number[][] = [];
  for (let step = 1; step <= Math.min(steps, 500); step++) {
    const row = held?.value(name, step);
    if (row) rows.push([...row].map((each) => Number(each.toPrecision(4))));
  }
  return writeNumbers(rows);
}

function describe(fault: NumbersFault, words: Dictionary["input"]): string {
  const faults = words.faults;
  switch (fault.code) {
    case "empty":
      return faults.empty;
    case "not-a-number":
      return faults.notANumber(fault.row, fault.column, fault.found);
    case "row-length":
      return faults.rowLength(fault.row, fault.have, fault.expected);
    case "json":
      return faults.json(fault.message);
  }
}
