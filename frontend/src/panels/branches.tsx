/** How a tree over the leaves of an input branches: brackets to type, and the usual shapes to choose. */
import { useState } from "preact/hooks";
import type { InputValue } from "../api/wire.ts";
import {
  bracketsOf,
  leavesOf,
  PRESETS,
  type Preset,
  presetBrackets,
  treeOfBrackets,
} from "../core/branching.ts";
import type { GraphNode } from "../core/types.ts";
import { setInput } from "../state/actions.ts";
import { isVectorLeaf } from "../state/inputs.ts";
import { text } from "../state/store.ts";

export function Branches({ node, value }: { node: GraphNode; value: InputValue }) {
  const words = text.value.input;
  const isVector = isVectorLeaf(node);
  const leaves = leavesOf(value, isVector);
  const brackets = bracketsOf(value, isVector);
  const [draft, setDraft] = useState<string | null>(null);
  const shown = draft ?? brackets;
  const isFaulty = treeOfBrackets(shown, leaves) === null;
  const take = (wanted: string) => {
    const tree = treeOfBrackets(wanted, leaves);
    if (tree) setInput(node.id, tree as InputValue);
    setDraft(tree ? null : wanted);
  };
  const preset = PRESETS.find((each) => presetBrackets(each, leaves.length) === brackets) ?? "own";
  return (
    <>
      <input
        class="field input-text"
        type="text"
        value={shown}
        aria-label={words.brackets(node.id)}
        aria-invalid={isFaulty}
        title={words.bracketsHint(leaves.length)}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => take(event.currentTarget.value)}
      />
      <select
        class="input-source"
        aria-label={words.branching}
        value={preset}
        onChange={(event) =>
          take(presetBrackets(event.currentTarget.value as Preset, leaves.length))
        }
      >
        {preset === "own" && <option value="own">{words.branchings.own}</option>}
        {PRESETS.map((each) => (
          <option key={each} value={each}>
            {words.branchings[each]}
          </option>
        ))}
      </select>
      {isFaulty && <p class="field-fault">{words.bracketsHint(leaves.length)}</p>}
    </>
  );
}
