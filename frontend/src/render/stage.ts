/**
 * The figure in motion: holds the cameras, the fold and what fades, and draws a frame when something changed.
 * A frame asks for the next one only while something still moves.
 */

import type { Run } from "../core/label.ts";
import { DURATION, isMoving, type Motion, resting, send, valueAt } from "../core/motion.ts";
import { isSame } from "../core/pins.ts";
import { upTo } from "../core/playback.ts";
import { indexNodes, type NodeIndex, type Pose, poseOf, visibleSteps } from "../core/pose.ts";
import { layOut, type Template } from "../core/template.ts";
import type { Selection, TimeAxis } from "../core/types.ts";
import {
  between,
  type Camera,
  confined,
  foldedCamera,
  followed,
  isOnScreen,
  isWhole,
  type Size,
  timeAxisOf,
  toWorld,
  unfoldedCamera,
  zoomed,
} from "../core/view.ts";
import { Backdrop } from "./backdrop.ts";
import { CanvasPainter, forgetWidths } from "./canvas.ts";
import { ink } from "./colours.ts";
import { type Emphasis, emphasisOf, NONE, united } from "./emphasis.ts";
import { fadeOut, isOpened } from "./fading.ts";
import { paint } from "./paint.ts";
import { gatesOf, learnedOf, namesOf, type Scene } from "./scene.ts";
import { isOther, type StageInput } from "./stage-input.ts";
import { type Ranges, rangesOf } from "./values.ts";

/** Told after every frame: where the time axis lies, and whether the picture has come to rest. */
export type Listener = (axis: TimeAxis, isResting: boolean) => void;

interface Glide {
  from: Camera;
  to: Camera;
  share: Motion;
}

export class Stage {
  template: Template;
  nodes: NodeIndex;
  ranges: Ranges;
  size: Size = { width: 0, height: 0 };
  private input: StageInput;
  private names: Map<string, Run[]>;
  private learned: Set<string>;
  private gates: Scene["gates"];
  private progress: Motion;
  private step: Motion;
  private fading: Motion = resting(1);
  private emphasis: { from: Emphasis; to: Emphasis } = { from: NONE, to: NONE };
  private focus: readonly Selection[] = [];
  private isFoldedFocus = true;
  private anchor: number;
  /** Relative to the anchor's column, so that it stays when the anchor changes. */
  private folded: Camera = { x: 0, y: 0, scale: 1 };
  private unfolded: Camera = { x: 0, y: 0, scale: 1 };
  private isTouched = { folded: false, unfolded: false };
  private glide: Glide | null = null;
  /** Takes the place of the fitted camera until the reader moves, steps or folds. */
  private wanted: Camera | null;
  private request = 0;
  private version = -1;
  private readonly backdrop = new Backdrop();
  private isDragged = false;
  /** What a drag has not moved yet: the picture goes by whole device pixels. */
  private left: [number, number] = [0, 0];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    input: StageInput,
    private readonly listener: Listener,
  ) {
    this.input = input;
    this.wanted = input.place;
    this.template = layOut(input.graph, input.domains);
    this.nodes = indexNodes(this.template);
    this.names = namesOf(input.graph);
    this.learned = learnedOf(input.graph);
    this.gates = gatesOf(input.graph);
    this.ranges = rangesOf(input.graph, input.trace);
    this.progress = resting(input.unfolded ? 1 : 0);
    this.step = resting(input.step);
    this.anchor = input.step;
    document.fonts.addEventListener("loadingdone", this.onFonts);
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    this.backdrop.forget();
    document.fonts.removeEventListener("loadingdone", this.onFonts);
  }

  private readonly onFonts = (): void => {
    forgetWidths();
    this.draw();
  };

  /** How much of the way from folded to unfolded lies behind. */
  private shareUnfolded(now: number): number {
    return valueAt(this.progress, now);
  }

  pose(now = performance.now()): Pose {
    const { trace } = this.input;
    return poseOf(
      this.template,
      trace?.lengths ?? {},
      this.shareUnfolded(now),
      this.anchor,
      trace?.trees,
    );
  }

  camera(now = performance.now()): Camera {
    const base = (this.anchor - 1) * this.template.pitch;
    const folded = { ...this.folded, x: this.folded.x + base };
    const share = this.shareUnfolded(now);
    if (share === 0) return folded;
    const unfolded = this.glide
      ? between(this.glide.from, this.glide.to, valueAt(this.glide.share, now))
      : this.unfolded;
    return share === 1 ? unfolded : between(folded, unfolded, share);
  }

  /** Takes what changed since the last time and sets in motion what follows from it. */
  update(next: StageInput): void {
    const now = performance.now();
    const last = this.input;
    const isNewVersion = next.trace !== null && next.trace.version !== this.version;
    if (!isNewVersion && !isOther(next, last)) return;
    this.input = next;
    if (next.graph !== last.graph) this.changeGraph(next, last);
    const isNewRun = next.trace !== last.trace;
    if (isNewRun || isNewVersion) {
      this.version = next.trace?.version ?? -1;
      this.ranges = rangesOf(next.graph, next.trace);
    }
    if (isNewRun || next.graph !== last.graph) this.refit();
    if (next.step !== last.step) this.changeStep(next, now);
    if (next.unfolded !== last.unfolded) this.changeFold(next, now);
    if (next.place !== last.place) this.changePlace(next);
    this.changeFocus(next, now);
    this.draw();
  }

  private changeGraph(next: StageInput, last: StageInput): void {
    if (isOpened(next.graph) || isOpened(last.graph)) {
      fadeOut(this.canvas, next.reducedMotion ? DURATION.reduced : DURATION.opening);
    }
    this.template = layOut(next.graph, next.domains);
    this.nodes = indexNodes(this.template);
    this.names = namesOf(next.graph);
    this.learned = learnedOf(next.graph);
    this.gates = gatesOf(next.graph);
    this.isTouched = { folded: false, unfolded: false };
  }

  /** A link says where the picture is, whatever step and fold it brings along. */
  private changePlace({ place }: StageInput): void {
    this.wanted = place;
    this.isTouched = { folded: false, unfolded: false };
    this.refit();
  }

  private changeStep(next: StageInput, now: number): void {
    this.wanted = null;
    const isNear = Math.abs(next.step - valueAt(this.step, now)) < 1.5;
    this.step =
      isNear && !next.reducedMotion
        ? send(this.step, next.step, now, DURATION.step * 0.7)
        : resting(next.step);
    if (this.shareUnfolded(now) === 0) this.anchor = next.step;
    else if (next.unfolded) this.goTo(next.step, now);
  }

  /** Brings a step into sight. */
  goTo(step: number, now = performance.now()): void {
    const pose = { ...this.pose(now), progress: 1 };
    const from = this.glide ? this.glide.to : this.unfolded;
    const to = followed(pose, from, this.size, step);
    if (to) this.glideTo(to, now, DURATION.step);
  }

  private glideTo(to: Camera, now: number, duration: number): void {
    const from = this.glide
      ? between(this.glide.from, this.glide.to, valueAt(this.glide.share, now))
      : this.unfolded;
    const isStill = this.input.reducedMotion;
    this.glide = { from, to, share: isStill ? resting(1) : send(resting(0), 1, now, duration) };
    this.unfolded = to;
    this.draw();
  }

  private changeFold(next: StageInput, now: number): void {
    this.wanted = null;
    const isAtRest = !isMoving(this.progress, now);
    const lengths = next.trace?.lengths ?? {};
    if (next.unfolded && isAtRest) {
      const pose = poseOf(this.template, lengths, 1, next.step);
      const last = Math.max(...pose.lengths);
      const isMidway = next.step > 1 && next.step < last;
      this.unfolded = unfoldedCamera(pose, this.size, isMidway ? next.step : null);
      this.glide = null;
      this.isTouched.unfolded = false;
      this.anchor = this.inSight(next.step);
    } else if (!next.unfolded && isAtRest) {
      this.anchor = this.inSight(next.step);
    }
    const to = next.unfolded ? 1 : 0;
    if (next.reducedMotion) {
      this.progress = resting(to);
      this.canvas.animate([{ opacity: 0 }, { opacity: 1 }], { duration: DURATION.reduced });
    } else {
      this.progress = send(this.progress, to, now, DURATION.folding);
    }
  }

  /** The steps that the unfolded picture shows. */
  private kept(): { first: number; last: number } {
    const [from] = toWorld(this.unfolded, this.size, 0, 0);
    const [to] = toWorld(this.unfolded, this.size, this.size.width, 0);
    return visibleSteps({ ...this.pose(), progress: 1 }, from, to);
  }

  /** The step itself when the unfolded picture shows it, else the nearest that it shows. */
  private inSight(step: number): number {
    const pose = { ...this.pose(), progress: 1 };
    const [from] = toWorld(this.unfolded, this.size, 0, 0);
    const [to] = toWorld(this.unfolded, this.size, this.size.width, 0);
    const { first, last } = visibleSteps(pose, from + this.template.left, to - this.template.right);
    return Math.min(Math.max(step, first, 1), Math.max(last, 1));
  }

  /** What is pointed at stands out; else all that is pinned, or a parameter with its uses. */
  private changeFocus({ pointed, selection, pins }: StageInput, now: number): void {
    const chosen = pins.length > 0 && selection ? [selection, ...pins] : pins;
    const rest = selection?.kind === "parameter" && pins.length === 0 ? [selection] : chosen;
    const focus = pointed ? [pointed] : rest;
    const pose = this.pose(now);
    const isFolded = pose.progress === 0;
    const isAsBefore =
      focus.length === this.focus.length &&
      focus.every((one, i) => isSame(one, this.focus[i] ?? null));
    if (isAsBefore && isFolded === this.isFoldedFocus) return;
    this.focus = focus;
    this.isFoldedFocus = isFolded;
    const to =
      focus.length > 0 ? united(focus.map((one) => emphasisOf(one, pose, this.input.graph))) : NONE;
    this.emphasis = { from: this.emphasis.to, to };
    this.fading = send(resting(0), 1, now, DURATION.pointing);
  }

  resize(width: number, height: number): void {
    if (width === this.size.width && height === this.size.height) return;
    const left = this.leftEdge();
    const wasInSight = this.showsStep();
    this.size = { width, height };
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.refit();
    const isFree = this.isTouched.unfolded || !isWhole(this.pose(), this.unfolded.scale, this.size);
    if (left !== null && isFree) this.keepLeft(left, wasInSight);
    cancelAnimationFrame(this.request);
    this.frame(); // a resized canvas is empty: not for a moment is it seen so
  }

  /** World place at the left edge of an unfolded picture. */
  private leftEdge(): number | null {
    if (!this.input.unfolded || this.size.width === 0) return null;
    const camera = this.glide?.to ?? this.unfolded;
    return camera.x - this.size.width / 2 / camera.scale;
  }

  /** Whether the current step lies in an unfolded picture, or will when it has come to rest. */
  private showsStep(): boolean {
    if (!this.input.unfolded || this.size.width === 0) return false;
    const pose = { ...this.pose(), progress: 1 };
    return followed(pose, this.glide?.to ?? this.unfolded, this.size, this.input.step) === null;
  }

  /** When the column grows or shrinks, what stood at its left stays there, and a step in sight stays in sight. */
  private keepLeft(left: number, isFollowed: boolean): void {
    const camera = { ...this.unfolded, x: left + this.size.width / 2 / this.unfolded.scale };
    const pose = { ...this.pose(), progress: 1 };
    const kept = confined(pose, camera, this.size);
    const isLost = isFollowed && !isOnScreen(pose, kept, this.size, this.input.step);
    const moved = isLost ? followed(pose, kept, this.size, this.input.step) : null;
    this.unfolded = moved ?? kept;
    if (this.glide) this.glide = { ...this.glide, to: this.unfolded };
  }

  /** Fits again what the reader has not moved. */
  private refit(): void {
    if (this.size.width === 0) return;
    const pose = this.pose();
    const base = (this.anchor - 1) * this.template.pitch;
    const { step, unfolded } = this.input;
    if (!this.isTouched.folded) {
      const camera = foldedCamera(pose, this.size);
      const isWanted = this.wanted && !unfolded;
      this.folded = isWanted && this.wanted ? this.wanted : { ...camera, x: camera.x - base };
    }
    if (!this.isTouched.unfolded) {
      this.glide = null;
      const camera = unfoldedCamera(pose, this.size, step > 1 ? step : null);
      this.unfolded = this.wanted && unfolded ? this.wanted : camera;
    }
  }

  /** Where the reader put the picture, as links hold it; null where it is fitted. */
  place(): Camera | null {
    const { unfolded } = this.input;
    const isOwn = this.isTouched[unfolded ? "unfolded" : "folded"] || this.wanted !== null;
    return isOwn ? (unfolded ? this.unfolded : this.folded) : null;
  }

  fit(): void {
    const now = performance.now();
    this.isTouched = { folded: false, unfolded: false };
    this.wanted = null;
    if (this.input.unfolded) {
      const { step } = this.input;
      this.glideTo(
        unfoldedCamera(this.pose(now), this.size, step > 1 ? step : null),
        now,
        DURATION.detail,
      );
    } else {
      this.refit();
      this.draw();
    }
  }

  /** Lets the reader move the picture by hand: all motion of the camera ends where it is. */
  private take(change: (camera: Camera) => Camera): void {
    const now = performance.now();
    const pose = this.pose(now);
    this.wanted = null;
    if (this.input.unfolded) {
      const current = this.glide
        ? between(this.glide.from, this.glide.to, valueAt(this.glide.share, now))
        : this.unfolded;
      this.glide = null;
      this.isTouched.unfolded = true;
      this.unfolded = confined({ ...pose, progress: 1 }, change(current), this.size);
    } else {
      const base = (this.anchor - 1) * this.template.pitch;
      const changed = change({ ...this.folded, x: this.folded.x + base });
      const kept = confined({ ...pose, progress: 0 }, changed, this.size);
      this.isTouched.folded = true;
      this.folded = { ...kept, x: kept.x - base };
    }
    this.draw();
  }

  pan(dx: number, dy: number): void {
    const ratio = this.canvas.width / this.size.width || 1;
    const wanted = [this.left[0] + dx, this.left[1] + dy] as const;
    const [x, y] = wanted.map((part) => Math.round(part * ratio) / ratio) as [number, number];
    this.left = [wanted[0] - x, wanted[1] - y];
    this.take((camera) => ({
      ...camera,
      x: camera.x - x / camera.scale,
      y: camera.y - y / camera.scale,
    }));
    this.isDragged = true;
  }

  zoom(factor: number, x = this.size.width / 2, y = this.size.height / 2): void {
    this.take((camera) => zoomed(camera, this.size, factor, x, y));
  }

  draw(): void {
    if (this.request === 0) this.request = requestAnimationFrame(this.frame);
  }

  scene(now = performance.now()): Scene {
    const { selection, pins, alone, pointed, theme, trace, front } = this.input;
    return {
      pose: this.pose(now),
      nodes: this.nodes,
      camera: this.camera(now),
      size: this.size,
      theme,
      trace: trace && front ? upTo(trace, front) : trace,
      front,
      ranges: this.ranges,
      kept: this.kept(),
      step: valueAt(this.step, now),
      selection,
      pins,
      alone,
      pointed,
      emphasis: { ...this.emphasis, share: valueAt(this.fading, now) },
      names: this.names,
      learned: this.learned,
      gates: this.gates,
    };
  }

  private readonly frame = (): void => {
    this.request = 0;
    const now = performance.now();
    const context = this.canvas.getContext("2d");
    if (!context || this.size.width === 0) return;
    if (this.glide && !isMoving(this.glide.share, now)) this.glide = null;
    if (!isMoving(this.progress, now) && this.progress.to === 0) this.anchor = this.input.step;
    this.changeFocus(this.input, now);
    const scene = this.scene(now);
    const ratio = this.canvas.width / this.size.width;
    // During playback the picture changes in every frame.
    if (this.isDragged && !scene.front) this.backdrop.paint(context, scene, ratio, this.version);
    else {
      this.backdrop.forget();
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.fillStyle = ink(scene.theme).paper;
      context.fillRect(0, 0, this.size.width, this.size.height);
      paint(new CanvasPainter(context), scene);
    }
    this.isDragged = false;
    const isBusy =
      this.glide !== null ||
      [this.progress, this.step, this.fading].some((motion) => isMoving(motion, now));
    this.listener(timeAxisOf(scene.pose, scene.camera, this.size), !isBusy);
    if (isBusy) this.draw();
  };
}
