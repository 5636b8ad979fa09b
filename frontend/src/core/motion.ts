/** How long everything that moves takes, in milliseconds; and the one way in which it moves. */

export const DURATION = {
  pointing: 120,
  selecting: 200,
  step: 400,
  detail: 350,
  folding: 900,
  opening: 500,
  /** What reduced motion leaves of all the others: a cross-fade. */
  reduced: 120,
} as const;

/** Ease in and out; nothing bounces. */
export function ease(share: number): number {
  const t = Math.min(Math.max(share, 0), 1);
  return t < 0.5 ? 4 * t * t * t : 1 - (-2 * t + 2) ** 3 / 2;
}

/** 0 up to `from`, 1 from `to` on, smooth between. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(Math.max((value - from) / (to - from), 0), 1);
  return t * t * (3 - 2 * t);
}

/** A value on its way. It can be sent elsewhere at any moment and goes on from where it is. */
export interface Motion {
  from: number;
  to: number;
  start: number;
  duration: number;
}

export function resting(value: number): Motion {
  return { from: value, to: value, start: 0, duration: 0 };
}

export function valueAt(motion: Motion, now: number): number {
  if (motion.duration <= 0) return motion.to;
  return motion.from + (motion.to - motion.from) * ease((now - motion.start) / motion.duration);
}

export function isMoving(motion: Motion, now: number): boolean {
  return motion.duration > 0 && now < motion.start + motion.duration;
}

/** Turns towards another value; a way half gone back takes half the time. */
export function send(motion: Motion, to: number, now: number, duration: number): Motion {
  const from = valueAt(motion, now);
  if (from === to) return resting(to);
  const whole = Math.abs(motion.to - motion.from);
  const isReturn = isMoving(motion, now) && whole > 0;
  const share = isReturn ? Math.min(Math.abs(to - from) / whole, 1) : 1;
  return { from, to, start: now, duration: duration * Math.max(share, 0.25) };
}
