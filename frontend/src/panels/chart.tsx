/** A variable over time: every unit a faint line, the chosen one drawn, a dot at this step. */
import { formatNumber } from "../state/format.ts";

interface ChartProps {
  label: string;
  /** One row per unit; NaN leaves a gap. */
  units: readonly Float32Array[];
  chosen: number;
  step: number;
  range: readonly [number, number];
  colour: string;
  onStep(step: number): void;
}

const WIDTH = 280;
const HEIGHT = 84;
const EDGE = 5;
const MOST = 64; // faint lines; more would be a grey field

export function Chart({ label, units, chosen, step, range, colour, onStep }: ChartProps) {
  const steps = units[0]?.length ?? 0;
  if (steps < 2) return null;
  const [low, high] = spread(range);
  const x = (at: number) => EDGE + ((at - 1) / (steps - 1)) * (WIDTH - 2 * EDGE);
  const y = (value: number) => HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  const own = units[chosen] ?? units[0];
  const now = own?.[step - 1];
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={label}
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const share = ((event.clientX - box.left) / box.width) * WIDTH - EDGE;
        const at = Math.round((share / (WIDTH - 2 * EDGE)) * (steps - 1)) + 1;
        onStep(Math.min(Math.max(at, 1), steps));
      }}
    >
      <line class="chart-zero" x1={EDGE} x2={WIDTH - EDGE} y1={y(0)} y2={y(0)} />
      {units.length > 1 &&
        units
          .slice(0, MOST)
          .map((unit, i) => <path key={i} class="chart-other" d={line(unit, x, y)} />)}
      {own && <path class="chart-own" d={line(own, x, y)} style={{ stroke: colour }} />}
      {now !== undefined && Number.isFinite(now) && (
        <circle cx={x(step)} cy={y(now)} r="3.5" style={{ fill: colour }} />
      )}
      <text x={WIDTH - EDGE} y={11} text-anchor="end">
        {formatNumber(high)}
      </text>
      <text x={WIDTH - EDGE} y={HEIGHT - 3} text-anchor="end">
        {formatNumber(low)}
      </text>
    </svg>
  );
}

/** The range with zero in it, and never of no height. */
function spread([low, high]: readonly [number, number]): [number, number] {
  const bottom = Math.min(low, 0);
  const top = Math.max(high, 0);
  return bottom === top ? [-1, 1] : [bottom, top];
}

function line(values: Float32Array, x: (at: number) => number, y: (v: number) => number): string {
  let path = "";
  let isDown = false;
  values.forEach((value, i) => {
    if (Number.isFinite(value)) {
      path += `${isDown ? "L" : "M"}${x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = true;
    } else isDown = false;
  });
  return path;
}
