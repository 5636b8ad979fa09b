/** The units of a vector: name, bar, number; pressing one chooses it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { GraphNode } from "../core/types.ts";
import { domainOfScale, scaleOfRole, valueColour } from "../render/colours.ts";
import { formatNumber, fullNumber } from "../state/format.ts";
import { shownTrace, text, theme, unit } from "../state/store.ts";
import { unitAddress, unitName } from "../state/units.ts";
import { Coded } from "./coded.tsx";

interface ValuesProps {
  values: Float32Array;
  node: GraphNode;
  labels: readonly string[];
  range: readonly [number, number];
  /** The step whose values these are; left out where none of them has an address. */
  at?: number;
  tools: ComponentChildren;
}

const MOST = 256;

export function Values({ values, node, labels, range, at, tools }: ValuesProps) {
  const words = text.value.inspector;
  const list = useRef<HTMLUListElement>(null);
  const chosen = unit.value;
  useEffect(() => {
    const row = list.current?.children[chosen];
    if (!(row instanceof HTMLElement) || !list.current) return;
    const { scrollTop, clientHeight } = list.current;
    const isAbove = row.offsetTop < scrollTop;
    const isBelow = row.offsetTop + row.offsetHeight > scrollTop + clientHeight;
    if (isAbove || isBelow) list.current.scrollTop = row.offsetTop - clientHeight / 2;
  }, [chosen]);
  const nameOf = (own: Float32Array): string => {
    const shown = shownTrace.value?.shows ?? "values";
    if (shown !== "values") return shown === "gradients" ? words.gradient : words.difference;
    return own.length > 1 ? words.values : words.value;
  };
  const lengths = shownTrace.value?.lengths ?? {};
  const isAddressed = at !== undefined && values.length > 1 && node.shape.length > 0;
  return (
    <section>
      <h3>
        {nameOf(values)} {tools}
      </h3>
      {isAddressed && (
        <p class="note counting">
          <Coded text={words.counting(unitAddress(chosen, at, node, lengths))} />
        </p>
      )}
      <ul class="values" ref={list}>
        {[...values.subarray(0, MOST)].map((value, i) => (
          <li key={i}>
            <button
              type="button"
              class="value"
              aria-pressed={values.length > 1 ? i === chosen : undefined}
              onClick={() => {
                unit.value = i;
              }}
            >
              {values.length > 1 && (
                <span class="value-unit">{labels[i] ?? unitName(i, node, lengths)}</span>
              )}
              <Bar value={value} node={node} range={range} />
              <span class="value-number" title={fullNumber(value)}>
                {formatNumber(value)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {values.length > MOST && <p class="note">{words.more(values.length - MOST)}</p>}
    </section>
  );
}

/** The share of the scale that a value fills, from zero to its side. */
function Bar({
  value,
  node,
  range,
}: {
  value: number;
  node: GraphNode;
  range: readonly [number, number];
}) {
  const isDerived = shownTrace.value?.shows !== "values";
  const scale = isDerived || node.sign !== undefined ? "diverging" : scaleOfRole(node.role);
  const [low, high] = domainOfScale(scale, range);
  const place = (each: number) => Math.min(Math.max((each - low) / (high - low), 0), 1) * 100;
  const zero = place(0);
  const end = Number.isFinite(value) ? place(value) : zero;
  return (
    <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect
        x={Math.min(zero, end)}
        y="0"
        width={Math.max(Math.abs(end - zero), 0.6)}
        height="10"
        style={{ fill: valueColour(scale, value, range, theme.value) }}
      />
      <line x1={zero} x2={zero} y1="0" y2="10" />
    </svg>
  );
}
