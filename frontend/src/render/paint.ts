/** One frame, from the back to the front. The same function fills the screen and an exported file. */

import { stepX, visibleSteps } from "../core/pose.ts";
import { toScreen, toWorld } from "../core/view.ts";
import { ink } from "./colours.ts";
import { paintEdgeNames, paintEdges, paintSquares } from "./edges.ts";
import { eachNode, paintNames, paintNode } from "./nodes.ts";
import type { Painter } from "./painter.ts";
import type { Scene } from "./scene.ts";

/** Steps whose columns the screen shows. */
export function windowOf(scene: Scene): { first: number; last: number } {
  const { camera, size, pose } = scene;
  const [from] = toWorld(camera, size, 0, 0);
  const [to] = toWorld(camera, size, size.width, 0);
  if (pose.progress > 0 && pose.progress < 1) return scene.kept;
  return visibleSteps(pose, from, to);
}

export function paint(painter: Painter, scene: Scene): void {
  paintBase(painter, scene);
  paintOver(painter, scene);
}

/** What moves with the picture as one. */
export function paintBase(painter: Painter, scene: Scene): void {
  const { first, last } = windowOf(scene);
  paintEdges(painter, scene, first, last);
  paintCurrent(painter, scene);
  eachNode(scene, first, last, (node, column) => paintNode(painter, scene, node, column));
  paintSquares(painter, scene);
  paintEdgeNames(painter, scene, first, last);
}

/** What keeps to the edges of the screen while the picture moves: names and step numbers. */
export function paintOver(painter: Painter, scene: Scene): void {
  const { first, last } = windowOf(scene);
  paintNames(painter, scene, first, last);
  paintStepNumbers(painter, scene, first, last);
}

/** A quiet band over the lines and behind the boxes of the current step. A map of playback is at all steps. */
function paintCurrent(painter: Painter, scene: Scene): void {
  const { pose, camera, size, theme } = scene;
  if (scene.front?.phase.kind === "map") return;
  if (pose.progress < 0.6 || pose.trees.some((tree) => tree !== null)) return;
  const { pitch, height } = pose.template;
  const middle = stepX(pose, scene.step);
  const half = pitch / 2;
  const [x, top] = toScreen(camera, size, middle - half, -10);
  const [right, bottom] = toScreen(camera, size, middle + half, height + 30);
  if (right < -20 || x > size.width + 20) return;
  const alpha = ((pose.progress - 0.6) / 0.4) * ink(theme).currentAlpha;
  painter.box(x, top, right - x, bottom - top, 12, ink(theme).text, null, alpha);
}

/** Step numbers under the columns, thinned out where they would touch. */
function paintStepNumbers(painter: Painter, scene: Scene, first: number, last: number): void {
  const { pose, camera, size, theme, trace } = scene;
  if (pose.progress < 0.6 || pose.trees.some((tree) => tree !== null)) return;
  const alpha = (pose.progress - 0.6) / 0.4;
  const longest = Math.max(...pose.lengths);
  const pitch = pose.template.pitch * camera.scale;
  let every = 1;
  while (every * pitch < 34) every *= every.toString().startsWith("2") ? 2.5 : 2;
  for (let step = Math.max(1, first); step <= Math.min(last, longest); step++) {
    const isCurrent = step === Math.round(scene.step);
    if (step % every !== 0 && !isCurrent) continue;
    const [x, y] = toScreen(camera, size, stepX(pose, step), pose.template.height + 14);
    const bottom = size.height - 12;
    const half = String(step).length * 3.6 + 5;
    // Where it stands over the drawing it has paper under it.
    if (y > bottom) {
      painter.box(x - half, bottom - 9, 2 * half, 18, 9, ink(theme).paper, null, alpha * 0.88);
    }
    const arrived = trace === null || Object.values(trace.arrived).some((count) => count >= step);
    painter.label(String(step), x, Math.min(y, bottom), isCurrent ? 700 : 400, {
      size: 12,
      colour: isCurrent ? ink(theme).text : ink(theme).muted,
      alpha: alpha * (arrived ? 1 : 0.5),
      align: "center",
      halo: ink(theme).paper,
    });
  }
}
