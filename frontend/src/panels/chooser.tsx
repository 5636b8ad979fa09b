/** The catalogue as the book's table of contents: sections, architectures, their variants. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ArchitectureSummary } from "../api/wire.ts";
import { choose } from "../state/actions.ts";
import { architecture, catalogue, language, origin, text, title } from "../state/store.ts";
import { Icon } from "./icons.tsx";

const isOpen = signal(false);
const sought = signal("");

interface Line {
  id: string;
  title: string;
  isVariant: boolean;
}

interface Section {
  number: string;
  lines: Line[];
}

/** The catalogue grouped by section, in its own order, with what does not match left out. */
function sectionsOf(entries: readonly ArchitectureSummary[], wanted: string): Section[] {
  const sections: Section[] = [];
  const lower = wanted.trim().toLowerCase();
  for (const entry of entries) {
    const lines = [entry, ...entry.variants].map((each) => ({
      id: each.id,
      title: each.titles[language.value],
      isVariant: each !== entry,
    }));
    const all = [
      entry.section,
      entry.id,
      ...Object.values(entry.titles),
      ...lines.map((l) => l.title),
    ];
    if (lower && !all.some((each) => each.toLowerCase().includes(lower))) continue;
    const last = sections.at(-1);
    if (last?.number === entry.section) last.lines.push(...lines);
    else sections.push({ number: entry.section, lines });
  }
  return sections;
}

export function Chooser() {
  const words = text.value;
  const panel = useRef<HTMLDivElement>(null);
  const entry = architecture.value;
  useEffect(() => {
    if (!isOpen.value) return;
    panel.current?.querySelector<HTMLElement>("[aria-current=page], input")?.focus();
    const close = (event: Event) => {
      if (event.target instanceof Node && !panel.current?.parentElement?.contains(event.target)) {
        isOpen.value = false;
      }
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, [isOpen.value]);
  return (
    <div class="chooser" onKeyDown={onKey}>
      <button
        type="button"
        class="chooser-button"
        aria-haspopup="true"
        aria-expanded={isOpen.value}
        title={words.header.chooser}
        onClick={() => {
          sought.value = "";
          isOpen.value = !isOpen.value;
        }}
      >
        {entry && origin.value !== "own" && <span class="chooser-section">{entry.section}</span>}
        <span class="chooser-title">{title.value || words.header.chooser}</span>
        <Icon name="down" />
      </button>
      {isOpen.value && (
        <div class="chooser-panel" ref={panel}>
          <input
            type="search"
            class="field"
            placeholder={words.header.search}
            aria-label={words.header.search}
            value={sought.value}
            onInput={(event) => {
              sought.value = event.currentTarget.value;
            }}
          />
          <Contents />
        </div>
      )}
    </div>
  );
}

function Contents() {
  const words = text.value;
  const sections = sectionsOf(catalogue.value, sought.value);
  if (sections.length === 0) return <p class="note">{words.header.none}</p>;
  return (
    <nav aria-label={words.header.chooser}>
      {sections.map((section) => (
        <section key={section.number} class="chooser-group">
          <h3>{section.number}</h3>
          <ul>
            {section.lines.map((line) => (
              <li key={line.id}>
                <a
                  href={`/${line.id}`}
                  class={line.isVariant ? "is-variant" : undefined}
                  aria-current={line.id === architecture.value?.id ? "page" : undefined}
                  onClick={(event) => {
                    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                    event.preventDefault();
                    isOpen.value = false;
                    choose(line.id);
                  }}
                >
                  {line.title}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function onKey(event: KeyboardEvent): void {
  if (!isOpen.value || !(event.currentTarget instanceof HTMLElement)) return;
  if (event.key === "Escape") {
    isOpen.value = false;
    event.currentTarget.querySelector("button")?.focus();
    event.preventDefault();
    return;
  }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  const links = [...event.currentTarget.querySelectorAll<Element>("a[href]")];
  const at = document.activeElement ? links.indexOf(document.activeElement) : -1;
  const next = links[(at + by + links.length) % links.length];
  if (next instanceof HTMLElement) next.focus();
  event.preventDefault();
}
