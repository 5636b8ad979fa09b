/** Equations that are too wide for their column, such as those with cases, are set smaller rather than cut. */
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Below this size a line scrolls after all. */
const SMALLEST = 0.7;

function shrink(line: HTMLElement): void {
  line.style.removeProperty("--fit");
  if (line.scrollWidth <= line.clientWidth) return;
  const share = (line.clientWidth - 1) / line.scrollWidth;
  line.style.setProperty("--fit", String(Math.max(SMALLEST, share)));
}

/** Fits every line below an element, again whenever its width or the fonts change. */
export function useFit(
  place: RefObject<HTMLElement | null>,
  lines: string,
  dependencies: unknown[],
) {
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const all = (): void => {
      for (const line of element.querySelectorAll<HTMLElement>(lines)) shrink(line);
    };
    let width = 0;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      all();
    });
    observer.observe(element);
    document.fonts.addEventListener("loadingdone", all);
    all();
    return () => {
      observer.disconnect();
      document.fonts.removeEventListener("loadingdone", all);
    };
  }, dependencies);
}
