/** Opening a node changes the whole drawing: the old one fades while the new one stands there already. */

import type { FoldedGraph } from "../core/types.ts";

const CLASS = "figure-fading";

export function isOpened(graph: FoldedGraph): boolean {
  return graph.nodes.some((node) => node.sign !== undefined);
}

/** Leaves a copy of what a canvas shows in its place, which fades. A fade under way is cut short. */
export function fadeOut(canvas: HTMLCanvasElement, duration: number): void {
  canvas.parentElement?.querySelector(`.${CLASS}`)?.remove();
  if (canvas.width === 0 || canvas.height === 0) return;
  const copy = canvas.cloneNode() as HTMLCanvasElement;
  copy.classList.add(CLASS);
  copy.getContext("2d")?.drawImage(canvas, 0, 0);
  canvas.after(copy);
  const fading = copy.animate([{ opacity: 1 }, { opacity: 0 }], {
    duration,
    easing: "ease-in-out",
  });
  fading.onfinish = () => copy.remove();
}
