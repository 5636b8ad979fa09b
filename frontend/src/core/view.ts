/** The camera: which piece of the world is on the screen, how it fits, moves and zooms, and the time axis it makes. */

import { type Box, boundsOf, mix, type Pose, stepX } from "./pose.ts";
import type { TimeAxis } from "./types.ts";

export interface Camera {
  /** World place in the middle of the screen. */
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export const ZOOM = { least: 0.12, most: 4, step: 1.25 } as const;

/** Room around the drawing, in CSS pixels: below it stand the step numbers. */
const ROOM = { side: 20, top: 16, bottom: 34 } as const;
/** Names of strips stand here; the folded graph's time axis begins right of it. */
export const GUTTER = 76;
const READABLE = { least: 0.56, most: 1.1 } as const;
const FOLDED_MOST = 1.3;

export function toScreen(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [
    (x - camera.x) * camera.scale + size.width / 2,
    (y - camera.y) * camera.scale + size.height / 2,
  ];
}

export function toWorld(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [
    (x - size.width / 2) / camera.scale + camera.x,
    (y - size.height / 2) / camera.scale + camera.y,
  ];
}

function middleY(bounds: Box, scale: number): number {
  return bounds.y + bounds.height / 2 + (ROOM.bottom - ROOM.top) / 2 / scale;
}

/** The folded graph, large and centred. */
export function foldedCamera(pose: Pose, size: Size): Camera {
  const bounds = boundsOf({ ...pose, progress: 0 });
  const scale = clamp(
    Math.min(
      (size.width - 2 * ROOM.side) / bounds.width,
      (size.height - ROOM.top - ROOM.bottom) / bounds.height,
    ),
    ZOOM.least,
    FOLDED_MOST,
  );
  return { x: bounds.x + bounds.width / 2, y: middleY(bounds, scale), scale };
}

/** The unfolded graph at a readable size, from its first steps, or with a given step in sight. */
export function unfoldedCamera(pose: Pose, size: Size, step: number | null): Camera {
  const unfolded = { ...pose, progress: 1 };
  const bounds = boundsOf(unfolded);
  const { pitch } = pose.template;
  const high = (size.height - ROOM.top - ROOM.bottom) / bounds.height;
  const wide = (size.width - 2 * ROOM.side) / bounds.width;
  const columns = (size.width - ROOM.side) / (pitch * 1.6);
  const scale = clamp(
    Math.max(Math.min(high, wide), Math.min(high, columns, READABLE.most)),
    Math.min(READABLE.least, high),
    READABLE.most,
  );
  const y = middleY(bounds, scale);
  if (isWhole(pose, scale, size)) {
    return { x: bounds.x + bounds.width / 2, y, scale };
  }
  const start = { x: bounds.x - ROOM.side / scale + size.width / 2 / scale, y, scale };
  if (step === null) return start;
  return followed(unfolded, start, size, step) ?? start;
}

/** Whether the unfolded graph fits between the edges of the screen: then it stands in the middle. */
export function isWhole(pose: Pose, scale: number, size: Size): boolean {
  return boundsOf({ ...pose, progress: 1 }).width * scale <= size.width - 2 * ROOM.side;
}

/** Whether the nodes of a step are on the screen; with the first and the last step also what stands around them. */
export function isOnScreen(pose: Pose, camera: Camera, size: Size, step: number): boolean {
  if (step <= 1 || step >= Math.max(...pose.lengths)) {
    return followed(pose, camera, size, step) === null;
  }
  const [x] = toScreen(camera, size, stepX(pose, step), 0);
  const half = (pose.template.pitch * camera.scale) / 3;
  return x >= half && x <= size.width - half;
}

/** Where the camera must go so that a step stays in sight; null when it already is. */
export function followed(pose: Pose, camera: Camera, size: Size, step: number): Camera | null {
  const [x] = toScreen(camera, size, stepX(pose, step), 0);
  const { left, right } = roomAround(pose, camera, size, step);
  if (x >= left - 1 && x <= size.width - right + 1) return null;
  const wanted =
    x < left ? Math.max(left, size.width * 0.25) : Math.min(size.width - right, size.width * 0.6);
  return confined(pose, { ...camera, x: camera.x + (x - wanted) / camera.scale }, size);
}

/**
 * How far from the edges of the screen a step stands at least. With the first and the last step also what stands
 * before and after them is in sight: boundary values, and what comes once.
 */
function roomAround(
  pose: Pose,
  camera: Camera,
  size: Size,
  step: number,
): { left: number; right: number } {
  const usual = Math.min(pose.template.pitch * camera.scale * 0.75, size.width * 0.4);
  const bounds = boundsOf(pose);
  const most = size.width - usual;
  const room = (distance: number): number =>
    Math.min(Math.max(usual, distance * camera.scale + ROOM.side), most);
  const x = stepX(pose, step);
  return {
    left: step <= 1 ? room(x - bounds.x) : usual,
    right: step >= Math.max(...pose.lengths) ? room(bounds.x + bounds.width - x) : usual,
  };
}

/** Keeps some of the drawing on the screen. */
export function confined(pose: Pose, camera: Camera, size: Size): Camera {
  const bounds = boundsOf(pose);
  const clear = 0.5 * size.width;
  const [halfWidth, halfHeight] = [size.width / 2 / camera.scale, size.height / 2 / camera.scale];
  const room = { x: clear / camera.scale, y: 60 / camera.scale };
  return {
    x: clamp(camera.x, bounds.x - halfWidth + room.x, bounds.x + bounds.width + halfWidth - room.x),
    y: clamp(
      camera.y,
      bounds.y - halfHeight + Math.min(room.y, bounds.height),
      bounds.y + bounds.height + halfHeight - Math.min(room.y, bounds.height),
    ),
    scale: camera.scale,
  };
}

/** Zooms so that the place under the pointer stays under the pointer. */
export function zoomed(camera: Camera, size: Size, factor: number, x: number, y: number): Camera {
  const scale = clamp(camera.scale * factor, ZOOM.least, ZOOM.most);
  const [worldX, worldY] = toWorld(camera, size, x, y);
  return {
    x: worldX - (x - size.width / 2) / scale,
    y: worldY - (y - size.height / 2) / scale,
    scale,
  };
}

/** Between two cameras; sizes change by equal factors in equal times. */
export function between(from: Camera, to: Camera, share: number): Camera {
  return {
    x: mix(from.x, to.x, share),
    y: mix(from.y, to.y, share),
    scale: from.scale * (to.scale / from.scale) ** share,
  };
}

/** Folded, the axis holds the whole run; unfolded, it is that of the columns. */
export function timeAxisOf(pose: Pose, camera: Camera, size: Size): TimeAxis {
  const steps = Math.max(1, ...pose.lengths);
  const pitch = Math.min(96, (size.width - GUTTER - ROOM.side) / steps);
  const whole = { origin: GUTTER + pitch / 2, pitch };
  const [origin] = toScreen(camera, size, stepX(pose, 1), 0);
  const own = { origin, pitch: pose.template.pitch * camera.scale };
  return {
    origin: mix(whole.origin, own.origin, pose.progress),
    pitch: mix(whole.pitch, own.pitch, pose.progress),
    width: size.width,
  };
}

function clamp(value: number, low: number, high: number): number {
  if (low > high) return (low + high) / 2;
  return Math.min(Math.max(value, low), high);
}
