import { describe, expect, test } from "vitest";
import { boundsOf, stepX } from "../../src/core/pose.ts";
import {
  foldedCamera,
  followed,
  timeAxisOf,
  toScreen,
  toWorld,
  unfoldedCamera,
  ZOOM,
  zoomed,
} from "../../src/core/view.ts";
import { poseAt, template } from "./graphs.ts";

const SIZES = [
  { width: 1100, height: 640 },
  { width: 720, height: 420 },
  { width: 366, height: 380 },
];
const placed = template("lstm");

describe.each(SIZES)("in $width × $height", (size) => {
  test("the folded graph is seen whole", () => {
    const pose = poseAt(placed, 0, 12, 3);
    const camera = foldedCamera(pose, size);
    const bounds = boundsOf(pose);
    const [left, top] = toScreen(camera, size, bounds.x, bounds.y);
    const [right, bottom] = toScreen(
      camera,
      size,
      bounds.x + bounds.width,
      bounds.y + bounds.height,
    );
    expect(left).toBeGreaterThanOrEqual(0);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(size.width);
    expect(bottom).toBeLessThanOrEqual(size.height);
  });

  test("the unfolded graph begins with its first step, at full height", () => {
    const pose = poseAt(placed, 1, 100_000);
    const camera = unfoldedCamera(pose, size, null);
    const [left] = toScreen(camera, size, boundsOf(pose).x, 0);
    const [first] = toScreen(camera, size, stepX(pose, 1), 0);
    expect(left).toBeCloseTo(20, 3);
    expect(first).toBeLessThan(size.width);
    expect(camera.scale * placed.height).toBeLessThanOrEqual(size.height);
  });

  test("a step that is followed comes into sight, and one in sight does not move the picture", () => {
    const pose = poseAt(placed, 1, 1000);
    const start = unfoldedCamera(pose, size, null);
    const camera = followed(pose, start, size, 400) ?? start;
    const [x] = toScreen(camera, size, stepX(pose, 400), 0);
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(size.width);
    expect(followed(pose, camera, size, 400)).toBeNull();
  });

  test("with the last step stands in sight what comes after it, with the first what comes before", () => {
    for (const name of ["bidirectional-rnn", "catalogue:information-flow-regularizer"]) {
      const pose = poseAt(template(name), 1, 30);
      const bounds = boundsOf(pose);
      const start = unfoldedCamera(pose, size, null);
      const last = followed(pose, start, size, 30);
      if (!last) throw new Error("the last step of thirty is not in sight at the beginning");
      const end = Math.min(
        bounds.x + bounds.width,
        stepX(pose, 30) + (size.width * 0.6) / last.scale,
      );
      expect(toScreen(last, size, end, 0)[0]).toBeLessThanOrEqual(size.width);
      const first = followed(pose, last, size, 1) ?? last;
      expect(toScreen(first, size, bounds.x, 0)[0]).toBeGreaterThanOrEqual(0);
    }
  });

  test("the time axis is that of the columns when unfolded, and holds the whole run when folded", () => {
    const unfolded = poseAt(placed, 1, 50);
    const camera = unfoldedCamera(unfolded, size, null);
    const axis = timeAxisOf(unfolded, camera, size);
    for (const step of [1, 2, 9]) {
      const [x] = toScreen(camera, size, stepX(unfolded, step), 0);
      expect(axis.origin + axis.pitch * (step - 1)).toBeCloseTo(x, 6);
    }
    const folded = poseAt(placed, 0, 50, 7);
    const whole = timeAxisOf(folded, foldedCamera(folded, size), size);
    expect(whole.origin - whole.pitch / 2).toBeGreaterThanOrEqual(0);
    expect(whole.origin + whole.pitch * 49.5).toBeLessThanOrEqual(size.width);
  });
});

test("zooming keeps the place under the pointer", () => {
  const size = { width: 800, height: 500 };
  const camera = { x: 120, y: 40, scale: 0.8 };
  const before = toWorld(camera, size, 610, 130);
  const after = toWorld(zoomed(camera, size, 1.7, 610, 130), size, 610, 130);
  expect(after[0]).toBeCloseTo(before[0], 9);
  expect(after[1]).toBeCloseTo(before[1], 9);
  expect(zoomed(camera, size, 1e6, 0, 0).scale).toBe(ZOOM.most);
});
