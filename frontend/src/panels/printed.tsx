/** The figure as lines and letters: what a printer gets in the place of the canvas. */
import { svgInPage } from "../render/picture.ts";
import type { Scene } from "../render/scene.ts";
import { aboutPicture, belowPicture, picture } from "./picture.ts";

export function Printed() {
  const scene = picture.value?.();
  if (!scene) return null;
  const onPaper: Scene = { ...scene, theme: "paper" };
  const svg = svgInPage(onPaper, belowPicture(onPaper), aboutPicture());
  return <figure class="printed" dangerouslySetInnerHTML={{ __html: svg }} />;
}
