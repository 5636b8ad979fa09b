/** Parts of the page that few readers open: their code comes when they do. */
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";

export function onDemand(bring: () => Promise<FunctionComponent>): FunctionComponent {
  const held = signal<FunctionComponent | null>(null);
  let isAsked = false;
  return () => {
    const Part = held.value;
    if (Part) return <Part />;
    if (!isAsked) {
      isAsked = true;
      const keep = (part: FunctionComponent): void => {
        held.value = part;
      };
      bring().then(keep, () => {
        isAsked = false; // the server is gone; opening it again asks again
      });
    }
    return null;
  };
}
