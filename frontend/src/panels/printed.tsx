/** The figure as lines and letters: what a printer gets in the place of the canvas. */
import { svgInPage } from "../render/picture.ts";
import { aboutPicture, legendWord, picture } from "./picture.ts";

export function Printed() {
  const scene = picture.value?.();
  if (!scene) return null;
  const svg = svgInPage({ ...scene, theme: "paper" }, legendWord, aboutPicture());
  return <figure class="printed" dangerouslySetInnerHTML={{ __html: svg }} />;
}
