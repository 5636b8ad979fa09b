/** Sizes, sliders, teacher forcing, start values: what a run may have otherwise. */
import { Problem } from "../api/problems.ts";
import type { ProblemEntry } from "../api/wire.ts";
import { setSize } from "../state/actions.ts";
import { formatNumber } from "../state/format.ts";
import {
  architecture,
  description,
  diagnostics,
  fault,
  forcing,
  seed,
  settings,
  text,
} from "../state/store.ts";
import { Coded } from "./coded.tsx";
import { Formula } from "./formula.tsx";
import { Icon } from "./icons.tsx";

export function Settings() {
  const words = text.value.input;
  const known = description.value;
  if (!known) return null;
  const usual = architecture.value?.defaults.settings ?? {};
  return (
    <section class="settings" aria-labelledby="settings-title">
      <h2 id="settings-title">{words.settings}</h2>
      <div class="settings-row">
        <Sizes />
        <button
          type="button"
          class="quiet"
          title={words.seed}
          onClick={() => {
            seed.value = seed.value + 1;
          }}
        >
          <Icon name="dice" /> {words.newSeed}
          <span class="note">{seed.value > 0 ? ` ${seed.value}` : ""}</span>
        </button>
      </div>
      {known.settings.map((setting) => (
        <Slider
          key={setting.name}
          label={setting.name}
          latex={latexOf(setting.name)}
          minimum={setting.minimum}
          maximum={setting.maximum}
          value={settings.value[setting.name] ?? usual[setting.name] ?? setting.value}
          onChange={(value) => {
            settings.value = { ...settings.value, [setting.name]: value };
          }}
        />
      ))}
      {known.has_forcing && (
        <Slider
          label={words.forcing}
          note={words.forcingText}
          minimum={0}
          maximum={1}
          value={forcing.value}
          onChange={(value) => {
            forcing.value = value;
          }}
        />
      )}
      {sizeFaults().map((each) => (
        <p key={each.code} class="field-fault" role="alert">
          <Coded text={each.detail} /> {each.hint && <Coded text={each.hint} />}
        </p>
      ))}
    </section>
  );
}

function latexOf(name: string): string {
  const node = description.value?.graph.nodes.find((each) => each.id === name);
  return `\\htmlData{node=${name}}{${node?.latex ?? name}}`;
}

/** Faults that point at a size, a length or a setting: they have no line of their own. */
function sizeFaults(): ProblemEntry[] {
  const held = fault.value instanceof Problem ? fault.value.errors : [];
  return [...held, ...diagnostics.value].filter((each) =>
    /^\/(sizes|lengths|settings|forcing)/.test(each.pointer ?? ""),
  );
}

/** Sizes of vectors that are no alphabet: those follow from the text. */
function Sizes() {
  const words = text.value.input;
  const known = description.value;
  const oneHot = new Set(known?.graph.nodes.filter((node) => node.one_hot).map((node) => node.id));
  const editable = Object.entries(known?.sizes ?? {}).filter(
    (size): size is [string, number] => typeof size[1] === "number" && !oneHot.has(size[0]),
  );
  return (
    <>
      {editable.map(([name, size]) => {
        return (
          <label key={name} class="size">
            <Formula latex={latexOf(name)} />
            <input
              class="field input-number"
              type="number"
              min={1}
              max={4096}
              aria-label={words.size(name)}
              value={size}
              onInput={(event) => {
                const wanted = event.currentTarget.valueAsNumber;
                if (Number.isInteger(wanted) && wanted > 0) setSize(name, wanted);
              }}
            />
          </label>
        );
      })}
    </>
  );
}

interface SliderProps {
  label: string;
  /** How the label is set where it is a symbol. */
  latex?: string;
  note?: string;
  minimum: number;
  maximum: number;
  value: number;
  onChange(value: number): void;
}

function Slider({ label, latex, note, minimum, maximum, value, onChange }: SliderProps) {
  return (
    <label class="slider">
      <span class="slider-label">{latex ? <Formula latex={latex} /> : label}</span>
      <input
        type="range"
        aria-label={label}
        min={minimum}
        max={maximum}
        step={(maximum - minimum) / 100}
        value={value}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <output>{formatNumber(value)}</output>
      {note && <span class="note slider-note">{note}</span>}
    </label>
  );
}
