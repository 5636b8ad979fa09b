/**
 * While the picture is moved by hand, everything but its names and step numbers is the same, only elsewhere: it is
 * painted once, wider than the screen, and shown from there until the hand comes near its edge.
 */

import type { Camera, Size } from "../core/view.ts";
import { CanvasPainter } from "./canvas.ts";
import { ink } from "./colours.ts";
import { paintBase, paintOver } from "./paint.ts";
import type { Scene } from "./scene.ts";

/** How far the painted picture reaches beyond the screen, as a share of it. */
const BEYOND = { x: 0.35, y: 0.1 } as const;
/** Device pixels by which a shift may miss the pixel grid: less than can be seen. */
const NEAR = 0.02;

export class Backdrop {
  private canvas: HTMLCanvasElement | null = null;
  private painted: readonly unknown[] = [];
  private camera: Camera = { x: 0, y: 0, scale: 0 };

  /** Paints a frame of a picture that a hand moves; `version` is that of the scene's values. */
  paint(context: CanvasRenderingContext2D, scene: Scene, ratio: number, version: number): void {
    const margin = marginOf(scene.size, ratio);
    const content = contentOf(scene, ratio, version);
    if (!this.isOf(content) || !this.reaches(scene, ratio, margin)) {
      this.renew(scene, ratio, margin, content);
    }
    const [dx, dy] = this.shift(scene.camera, ratio).map(Math.round) as [number, number];
    context.setTransform(1, 0, 0, 1, 0, 0);
    if (this.canvas) context.drawImage(this.canvas, dx - margin.width, dy - margin.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintOver(new CanvasPainter(context), scene);
  }

  /** Gives its memory back. */
  forget(): void {
    this.canvas = null;
    this.painted = [];
  }

  private isOf(content: readonly unknown[]): boolean {
    return (
      content.length === this.painted.length &&
      content.every((part, i) => Object.is(part, this.painted[i]))
    );
  }

  /** By how many device pixels the picture stands right of, and below, where it was painted. */
  private shift(camera: Camera, ratio: number): [number, number] {
    const { scale } = this.camera;
    return [(this.camera.x - camera.x) * scale * ratio, (this.camera.y - camera.y) * scale * ratio];
  }

  private reaches(scene: Scene, ratio: number, margin: Size): boolean {
    const [dx, dy] = this.shift(scene.camera, ratio);
    const isOnGrid = [dx, dy].every((part) => Math.abs(part - Math.round(part)) < NEAR);
    return isOnGrid && Math.abs(dx) <= margin.width && Math.abs(dy) <= margin.height;
  }

  private renew(scene: Scene, ratio: number, margin: Size, content: readonly unknown[]): void {
    this.canvas ??= document.createElement("canvas");
    const size = {
      width: scene.size.width + (2 * margin.width) / ratio,
      height: scene.size.height + (2 * margin.height) / ratio,
    };
    const { canvas } = this;
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = ink(scene.theme).paper;
    context.fillRect(0, 0, size.width, size.height);
    paintBase(new CanvasPainter(context), { ...scene, size });
    this.painted = content;
    this.camera = scene.camera;
  }
}

/** In device pixels. */
function marginOf(size: Size, ratio: number): Size {
  return {
    width: Math.ceil(size.width * BEYOND.x * ratio),
    height: Math.ceil(size.height * BEYOND.y * ratio),
  };
}

/** All that the painted picture depends on, but where it stands. */
function contentOf(scene: Scene, ratio: number, version: number): unknown[] {
  const { pose, camera, size, nodes, kept, emphasis, ...rest } = scene;
  const { template, progress, anchor } = pose;
  return [
    ...Object.values(rest),
    ...[template, progress, anchor, ...pose.lengths, ...pose.trees],
    ...[emphasis.from, emphasis.to, emphasis.share],
    ...[camera.scale, size.width, size.height, ratio, version],
  ];
}
