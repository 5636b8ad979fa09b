/** While the browser prints, the page is set for paper. */
import { printing } from "./store.ts";

/** Follows the browser's printing; returns the cleanup. */
export function keepPrinting(): () => void {
  const abort = new AbortController();
  const set = (isPrinting: boolean) => () => {
    printing.value = isPrinting;
  };
  window.addEventListener("beforeprint", set(true), abort);
  window.addEventListener("afterprint", set(false), abort);
  return () => abort.abort();
}
