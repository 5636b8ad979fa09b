/**
 * Time: one track on the axis of the figure; and below it the whole run, when the figure shows only
 * a part. Its keys are those of the page (state/keys.ts).
 */

import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { TimeAxis } from "../core/types.ts";
import { stepAtX } from "../render/strips.ts";
import { visibleSymbol } from "../render/values.ts";
import { language, symbolAt } from "../state/store.ts";
import { figureWords } from "./figure-words.ts";

export interface ScrubberProps {
  lengths: Record<string, number>;
  domain: string | null;
  step: number;
  /** Steps that have been computed. */
  arrived: number;
  playing: boolean;
  timeAxis: Signal<TimeAxis>;
  onStep(step: number): void;
  onPlay(): void;
}

const LABEL_ROOM = 15;

function every(pitch: number, room: number): number {
  const steps = [1, 2, 5];
  for (let power = 1; ; power *= 10) {
    for (const step of steps) if (step * power * pitch >= room) return step * power;
  }
}

export function Scrubber(props: ScrubberProps) {
  const { lengths, domain, step, arrived, playing, timeAxis, onStep } = props;
  const words = figureWords[language.value];
  const axis = timeAxis.value;
  const length = lengths[domain ?? ""] ?? Math.max(0, ...Object.values(lengths));
  const track = useRef<HTMLDivElement>(null);
  if (length === 0 || axis.width === 0 || axis.pitch <= 0) return <div class="scrubber" />;

  const at = (one: number): number => axis.origin + (one - 1) * axis.pitch;
  const within = (x: number): number => Math.min(Math.max(x, 0), axis.width);
  const go = (target: number): void => {
    const next = Math.min(Math.max(target, 1), Math.max(arrived, 1));
    if (next !== step) onStep(next);
  };
  const onDrag = (event: PointerEvent): void => {
    if (event.type === "pointerdown") {
      if (event.button !== 0) return;
      track.current?.setPointerCapture(event.pointerId);
    } else if (!track.current?.hasPointerCapture(event.pointerId)) return;
    const box = track.current?.getBoundingClientRect();
    if (box) go(stepAtX(axis, event.clientX - box.left));
  };
  const [from, to] = [within(at(1)), within(at(length))];
  const isPartial = at(1) < -axis.pitch / 2 || at(length) > axis.width + axis.pitch / 2;
  return (
    <div class="scrubber" data-playing={playing ? "" : undefined}>
      <div
        ref={track}
        class="scrubber-track"
        role="slider"
        tabIndex={0}
        aria-label={words.timeline}
        aria-valuemin={1}
        aria-valuemax={length}
        aria-valuenow={step}
        aria-valuetext={words.stepOf(step, length, symbolAt(step) ?? null)}
        onPointerDown={onDrag}
        onPointerMove={onDrag}
      >
        <Labels axis={axis} length={length} step={step} arrived={arrived} />
        <span class="scrubber-line" style={{ left: `${from}px`, width: `${to - from}px` }} />
        <span
          class="scrubber-line is-arrived"
          style={{
            left: `${from}px`,
            width: `${Math.max(0, within(at(Math.max(arrived, 1))) - from)}px`,
          }}
        />
        {axis.pitch >= 6 && <Ticks axis={axis} length={length} />}
        {at(step) > -8 && at(step) < axis.width + 8 && (
          <span class="scrubber-thumb" style={{ left: `${at(step)}px` }} />
        )}
      </div>
      {isPartial && <Overview axis={axis} length={length} step={step} arrived={arrived} go={go} />}
    </div>
  );
}

interface AxisProps {
  axis: TimeAxis;
  length: number;
}

/** The steps that the axis shows. */
function shown({ axis, length }: AxisProps): [number, number] {
  return [
    Math.max(1, Math.ceil((0 - axis.origin) / axis.pitch + 1)),
    Math.min(length, Math.floor((axis.width - axis.origin) / axis.pitch + 1)),
  ];
}

function Ticks(props: AxisProps) {
  const [first, last] = shown(props);
  const ticks: JSX.Element[] = [];
  for (let step = first; step <= last; step++) {
    const x = props.axis.origin + (step - 1) * props.axis.pitch;
    ticks.push(<i key={step} class="scrubber-tick" style={{ left: `${x}px` }} />);
  }
  return <>{ticks}</>;
}

/** Step numbers, and the symbol of each step where there is one; thinned out where they would touch. */
function Labels({ axis, length, step, arrived }: AxisProps & { step: number; arrived: number }) {
  const [first, last] = shown({ axis, length });
  const isSymbolic = symbolAt(1) !== undefined && symbolAt(1) !== null;
  const isEach = isSymbolic && axis.pitch >= LABEL_ROOM;
  const spacing = isEach ? 1 : every(axis.pitch, 9 + 8 * String(length).length);
  const labels: JSX.Element[] = [];
  for (let at = Math.ceil(first / spacing) * spacing; at <= last; at += spacing) {
    const symbol = isEach ? symbolAt(at) : null;
    labels.push(
      <span
        key={at}
        class="scrubber-label"
        data-step={at}
        data-current={at === step ? "" : undefined}
        data-pending={at > arrived ? "" : undefined}
        style={{ left: `${axis.origin + (at - 1) * axis.pitch}px` }}
      >
        {symbol ? visibleSymbol(symbol) : at}
      </span>,
    );
  }
  return <>{labels}</>;
}

interface OverviewProps extends AxisProps {
  step: number;
  arrived: number;
  go(step: number): void;
}

/** The whole run, with the part that the figure shows. A press goes there. */
function Overview({ axis, length, step, arrived, go }: OverviewProps) {
  const words = figureWords[language.value];
  const share = (at: number): number => Math.min(Math.max((at - 0.5) / length, 0), 1) * 100;
  const first = (0 - axis.origin) / axis.pitch + 1;
  const last = (axis.width - axis.origin) / axis.pitch + 1;
  const onDrag = (event: PointerEvent & { currentTarget: HTMLElement }): void => {
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    else if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.getBoundingClientRect();
    go(Math.ceil(((event.clientX - box.left) / box.width) * length));
  };
  return (
    <div
      class="scrubber-overview"
      title={words.overview}
      aria-hidden="true"
      onPointerDown={onDrag}
      onPointerMove={onDrag}
    >
      <span class="overview-line is-arrived" style={{ width: `${(100 * arrived) / length}%` }} />
      <span
        class="overview-window"
        style={{ left: `${share(first)}%`, width: `${Math.max(share(last) - share(first), 0.6)}%` }}
      />
      <span class="overview-thumb" style={{ left: `${share(step)}%` }} />
    </div>
  );
}
