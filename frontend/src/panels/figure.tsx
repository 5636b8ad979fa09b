/** The unrolled drawing: a canvas that paints, and a stage around it that can be reached by keyboard. */

import type { Signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { moveFocus } from "../core/focus.ts";
import { textOfRuns } from "../core/label.ts";
import type { Language, Selection, TimeAxis } from "../core/types.ts";
import { type Camera, ZOOM } from "../core/view.ts";
import { type Gestured, listen } from "../render/gestures.ts";
import type { Scene } from "../render/scene.ts";
import { Stage } from "../render/stage.ts";
import type { StageInput } from "../render/stage-input.ts";
import { rangesOf } from "../render/values.ts";
import { describe, describeValues, Legend, Mirror, Parameters } from "./figure-parts.tsx";
import { figureWords } from "./figure-words.ts";
import { picture } from "./picture.ts";

export interface FigureProps extends StageInput {
  /** The trace's version when this was asked for: a component with signals skips equal properties. */
  version: number;
  language: Language;
  /** The graph is the last that could be read, not the text's. */
  stale: boolean;
  timeAxis: Signal<TimeAxis>;
  onSelect(selection: Selection | null, isAdding?: boolean): void;
  /** A node is opened, or closed; alone: at this step only. */
  onOpen(id: string, isAlone: boolean): void;
  /** Nothing stays selected or pinned. */
  onRelease(): void;
  onPoint(selection: Selection | null): void;
  onStep(step: number): void;
  onUnfold(unfolded: boolean): void;
  /** The picture rests where the reader moved it; null: fitted. */
  onPlace(place: Camera | null): void;
}

/** How long the picture must rest before its copy in the document is renewed. */
const REST = 60;

export function Figure(props: FigureProps) {
  const { graph, trace, version, step, unfolded, selection, pointed, theme, language } = props;
  const words = figureWords[language];
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [mirrored, setMirrored] = useState<Scene | null>(null);
  const [said, setSaid] = useState("");
  const ranges = useMemo(() => rangesOf(graph, trace), [graph, trace, version]);

  useLayoutEffect(() => {
    const [element, drawing] = [holder.current, canvas.current];
    if (!element || !drawing) return;
    let timer = 0;
    const made = new Stage(drawing, latest.current, (axis, isResting) => {
      const signal = latest.current.timeAxis;
      const old = signal.value;
      if (axis.origin !== old.origin || axis.pitch !== old.pitch || axis.width !== old.width) {
        signal.value = axis;
      }
      clearTimeout(timer);
      if (!isResting) return;
      timer = window.setTimeout(() => {
        setMirrored(made.scene());
        latest.current.onPlace(made.place());
      }, REST);
    });
    stage.current = made;
    picture.value = () => made.scene();
    const measure = (): void => {
      if (element.clientWidth > 0) made.resize(element.clientWidth, element.clientHeight);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    const abort = new AbortController();
    const act = (): Gestured => ({
      onPoint: latest.current.onPoint,
      onSelect: latest.current.onSelect,
      onStep: latest.current.onStep,
      onUnfold: () => latest.current.onUnfold(true),
      onOpen: (id, isAlone) => latest.current.onOpen(id, isAlone),
    });
    listen(element, () => stage.current, act, abort.signal);
    return () => {
      clearTimeout(timer);
      abort.abort();
      observer.disconnect();
      made.destroy();
      stage.current = null;
      picture.value = null;
    };
  }, []);

  useLayoutEffect(() => {
    stage.current?.update(props);
  });

  useEffect(() => {
    if (selection) setSaid(describe(selection, graph, trace, words));
  }, [selection, graph, trace, words]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const made = stage.current;
    if (!made || event.ctrlKey || event.metaKey || event.altKey) return;
    if (pressed(event, made)) event.preventDefault();
  };

  /** Whether the figure used the key. */
  const pressed = ({ key, shiftKey }: KeyboardEvent, made: Stage): boolean => {
    switch (key) {
      case "ArrowLeft":
      case "ArrowRight":
      case "ArrowUp":
      case "ArrowDown": {
        const next = moveFocus(made.pose(), pointed ?? selection, step, key);
        if (!next) return false;
        if (next.kind === "node" && next.step !== null && !unfolded) props.onStep(next.step);
        if (next.kind === "node" && next.step !== null && unfolded) made.goTo(next.step);
        props.onPoint(next);
        setSaid(describe(next, graph, trace, words));
        return true;
      }
      case "Enter":
        if (!pointed) return false;
        props.onSelect(pointed, shiftKey);
        return true;
      case "Escape":
        if (!pointed && !selection && props.pins.length === 0) return false;
        props.onPoint(null);
        props.onRelease();
        setSaid(words.released);
        return true;
      case "+":
      case "=":
        made.zoom(ZOOM.step);
        return true;
      case "-":
        made.zoom(1 / ZOOM.step);
        return true;
      case "0":
        made.fit();
        return true;
      default:
        return false;
    }
  };

  const steps = Math.max(1, ...Object.values(trace?.lengths ?? {}));
  const state = unfolded ? words.unfolded(steps) : words.folded;
  return (
    <div class="figure" data-stale={props.stale ? "" : undefined}>
      <Parameters
        graph={graph}
        theme={theme}
        words={words}
        pointed={pointed}
        selection={selection}
        onPoint={props.onPoint}
        onSelect={props.onSelect}
      />
      <div
        ref={holder}
        class="figure-stage"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is operated by keys
        tabIndex={0}
        aria-label={`${words.figure}, ${state}`}
        aria-description={words.keys}
        onKeyDown={onKeyDown}
        onBlur={() => props.onPoint(null)}
      >
        <canvas ref={canvas} class="figure-canvas" />
        {mirrored && <Mirror scene={mirrored} />}
        <ul class="unseen" aria-label={words.variables(step)}>
          {mirrored?.pose.template.nodes.map((node) => {
            if (node.node.sign !== undefined) return null;
            const name = textOfRuns(node.name.runs);
            const at = node.place === "step" ? step : 1;
            const values = trace?.symbols[node.id]?.[at - 1];
            const text = values ?? describeValues(trace?.value(node.id, at) ?? null, words);
            return <li key={node.id}>{words.node(name, text)}</li>;
          })}
        </ul>
        <p class="unseen" role="status">
          {said}
        </p>
      </div>
      <div class="figure-foot">
        <Legend ranges={ranges} theme={theme} words={words} />
        <div class="figure-zoom">
          <button
            type="button"
            title={words.zoomOut}
            aria-label={words.zoomOut}
            onClick={() => stage.current?.zoom(1 / ZOOM.step)}
          >
            −
          </button>
          <button
            type="button"
            title={words.fit}
            aria-label={words.fit}
            onClick={() => stage.current?.fit()}
          >
            <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
              <path
                d="M2.5 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10"
                fill="none"
                stroke="currentColor"
                stroke-width="1.500"
              />
            </svg>
          </button>
          <button
            type="button"
            title={words.zoomIn}
            aria-label={words.zoomIn}
            onClick={() => stage.current?.zoom(ZOOM.step)}
          >
            +
          </button>
        </div>
      </div>
    </div>
  );
}
