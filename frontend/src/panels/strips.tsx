/** Every variable over time, one strip each, under the columns of the figure. */

import { type Signal, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { runsOfLatex, textOfRuns } from "../core/label.ts";
import type { Front } from "../core/playback.ts";
import { SORTS } from "../core/sorting.ts";
import type { FoldedGraph, Selection, TimeAxis, Trace } from "../core/types.ts";
import { roleColour } from "../render/colours.ts";
import { isAdding } from "../render/gestures.ts";
import {
  layStrips,
  paintStrips,
  type Strip,
  stepAtX,
  stripNodes,
  unitAt,
} from "../render/strips.ts";
import { rangesOf, shortNumber, visibleSymbol } from "../render/values.ts";
import { language, run, sorting, theme, unit } from "../state/store.ts";
import { unitName } from "../state/units.ts";
import { Name } from "./figure-parts.tsx";
import { figureWords } from "./figure-words.ts";

export interface StripsProps {
  graph: FoldedGraph;
  trace: Trace | null;
  /** The trace's version when this was asked for: a component with signals skips equal properties. */
  version: number;
  step: number;
  /** How far the run is seen during playback. */
  front: Front | null;
  selection: Selection | null;
  timeAxis: Signal<TimeAxis>;
  onSelect(selection: Selection | null, isAdding?: boolean): void;
  onStep(step: number): void;
}

interface Hover {
  x: number;
  y: number;
  text: string;
}

export function Strips(props: StripsProps) {
  const { graph, trace, version, step, front, selection, timeAxis, onSelect, onStep } = props;
  const words = figureWords[language.value];
  const inks = theme.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const nodes = useMemo(() => stripNodes(graph), [graph]);
  const isWhole = trace?.isWhole ?? true;
  const sort = sorting.value;
  // what has not arrived cannot be sorted by: once more when all is here
  const isDone = sort !== "unit" && run.value.phase === "done";
  const { strips, height } = useMemo(
    () => layStrips(nodes, trace, sort),
    [nodes, trace, isWhole, sort, isDone],
  );
  const ranges = useMemo(() => rangesOf(graph, trace), [graph, trace, version]);
  const selected = selection?.kind === "node" ? selection.id : null;

  const chosen = unit.value;

  const draw = useRef<() => void>(() => {});
  draw.current = () => {
    const element = canvas.current;
    const axis = timeAxis.peek();
    if (!element || !trace || axis.width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const [width, tall] = [Math.round(axis.width * ratio), Math.round(height * ratio)];
    if (element.width !== width || element.height !== tall) {
      element.width = width;
      element.height = tall;
      element.style.width = `${axis.width}px`;
      element.style.height = `${height}px`;
    }
    const context = element.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintStrips(
      context,
      { strips, axis, theme: inks, trace, ranges, step, front, selected, unit: chosen },
      height,
    );
  };
  useLayoutEffect(() => draw.current());
  useSignalEffect(() => {
    timeAxis.value;
    draw.current();
  });

  if (!trace || strips.length === 0) return null;

  const under = (event: PointerEvent | MouseEvent): { strip: Strip; step: number } | null => {
    const strip = strips.find(
      (one) => event.offsetY >= one.top && event.offsetY <= one.top + one.height,
    );
    const at = stepAtX(timeAxis.peek(), event.offsetX);
    const length = trace.lengths[strip?.node.domains[0] ?? ""] ?? 0;
    return strip && at >= 1 && at <= length ? { strip, step: at } : null;
  };
  const onMove = (event: PointerEvent): void => {
    const place = under(event);
    setHover(
      place && {
        x: event.offsetX,
        y: event.offsetY,
        text: textUnder(place, event.offsetY, trace),
      },
    );
  };
  const onClick = (event: MouseEvent): void => {
    const place = under(event);
    if (!place) return;
    onStep(place.step);
    const row = unitAt(place.strip, event.offsetY);
    onSelect({ kind: "node", id: place.strip.node.id, step: place.step }, isAdding(event));
    if (place.strip.kind === "heat") unit.value = row;
  };

  const sorted = strips.some((strip) => strip.kind === "heat" && strip.units > 1);
  return (
    <>
      {sorted && (
        <label class="strips-sort">
          {words.sort}{" "}
          <select
            value={sort}
            onChange={(event) => {
              sorting.value = SORTS.find((each) => each === event.currentTarget.value) ?? "unit";
            }}
          >
            {SORTS.map((each) => (
              <option key={each} value={each}>
                {words.sorts[each]}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="strips" role="group" aria-label={words.strips} style={{ height: `${height}px` }}>
        <canvas
          ref={canvas}
          class="strips-canvas"
          onPointerMove={onMove}
          onPointerLeave={() => setHover(null)}
          onClick={onClick}
        />
        {strips.map((strip) => {
          const runs = runsOfLatex(strip.node.latex);
          return (
            <button
              key={strip.node.id}
              type="button"
              class="strip-name"
              data-strip={strip.node.id}
              aria-pressed={selected === strip.node.id}
              aria-label={words.strip(
                runs.map((run) => run.text).join("") || strip.node.id,
                strip.pyramid.rows,
              )}
              style={{
                top: `${strip.top}px`,
                height: `${strip.height}px`,
                color: roleColour(strip.node.role, inks),
              }}
              onClick={() =>
                onSelect(
                  selected === strip.node.id ? null : { kind: "node", id: strip.node.id, step },
                )
              }
            >
              <Name runs={runs} />
            </button>
          );
        })}
        {hover && (
          <span
            class="strip-hover"
            style={{
              left: `${Math.min(hover.x, timeAxis.peek().width - 140)}px`,
              top: `${hover.y}px`,
            }}
          >
            {hover.text}
          </span>
        )}
      </div>
    </>
  );
}

function textUnder(place: { strip: Strip; step: number }, y: number, trace: Trace): string {
  const { strip, step } = place;
  const name = textOfRuns(runsOfLatex(strip.node.latex)) || strip.node.id;
  const symbol = trace.symbols[strip.node.id]?.[step - 1];
  if (symbol !== undefined) return `${name}(${step}) = ${visibleSymbol(symbol)}`;
  const values = trace.value(strip.node.id, step);
  if (!values) return `${name}(${step})`;
  if (values.length === 1) return `${name}(${step}) = ${shortNumber(values[0] ?? 0)}`;
  const own = unitAt(strip, y);
  return `${name}(${step})[${unitName(own, strip.node, trace.lengths)}] = ${shortNumber(values[own] ?? 0)}`;
}
