/** The text of the section: its place in the book, its title, its prose with live symbols. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { choose } from "../state/actions.ts";
import {
  architecture,
  description,
  entryTitle,
  family,
  language,
  origin,
  text,
  theme,
  title,
} from "../state/store.ts";
import { colourSymbols, symbolHandlers, typeset, useSymbolFocus } from "./formula.tsx";

/** Where in the book, which architecture, which of its forms. */
export function LessonHead() {
  const words = text.value;
  const entry = architecture.value;
  if (!entry) return null;
  const place = [
    words.header.section(entry.section),
    entry.figure && words.lesson.figure(entry.figure),
    entry.equation_numbers.length > 0 && words.lesson.equations(spanOf(entry.equation_numbers)),
  ]
    .filter(Boolean)
    .join(" · ");
  if (origin.value === "own") {
    return (
      <header class="lesson-head">
        <h1>{title.value}</h1>
        <p class="lesson-place">
          {words.lesson.begunFrom} <Entry id={entry.id}>{entryTitle.value}</Entry>
        </p>
      </header>
    );
  }
  const isChanged = origin.value === "changed";
  return (
    <header class="lesson-head">
      <p class="lesson-place">{isChanged ? words.lesson.changedFrom(place) : place}</p>
      <h1>{entryTitle.value}</h1>
      <Variants />
    </header>
  );
}

/** The prose of the section, its symbols alive. */
export function Lesson() {
  const entry = architecture.value;
  if (!entry) return null;
  const words = text.value.lesson;
  if (origin.value === "own") {
    return (
      <section class="lesson" aria-label={words.label}>
        <p class="note">{words.noText}</p>
      </section>
    );
  }
  return (
    <section class="lesson" aria-label={words.label}>
      {origin.value === "changed" && <p class="note lesson-note">{words.ofTheBook}</p>}
      <Prose html={entry.prose[language.value]} />
      <p class="lesson-paper">{entry.papers[language.value]}</p>
    </section>
  );
}

/** "10.40–10.44" where the numbers run on, else a list. */
function spanOf(numbers: readonly string[]): string {
  const last = numbers.map((each) => Number(each.split(".").at(-1)));
  const runsOn = last.every((each, i) => i === 0 || each === (last[i - 1] ?? 0) + 1);
  return runsOn && numbers.length > 2 ? `${numbers[0]}–${numbers.at(-1)}` : numbers.join(", ");
}

function Variants() {
  const words = text.value;
  const entry = architecture.value;
  const kin = family.value;
  if (!entry || !kin || kin.variants.length === 0) return null;
  const forms = [{ id: kin.id, title: words.lesson.base }].concat(
    kin.variants.map((each) => ({ id: each.id, title: each.titles[language.value] })),
  );
  return (
    <nav class="variants" aria-label={words.lesson.variants}>
      {forms.map((form) => (
        <Entry key={form.id} id={form.id} isCurrent={form.id === entry.id}>
          {form.title}
        </Entry>
      ))}
    </nav>
  );
}

/** A link to an entry that opens it in the page as it is. */
function Entry(props: { id: string; isCurrent?: boolean; children: ComponentChildren }) {
  return (
    <a
      href={`/${props.id}`}
      aria-current={props.isCurrent ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        choose(props.id);
      }}
    >
      {props.children}
    </a>
  );
}

function Prose({ html }: { html: string }) {
  const place = useSymbolFocus([html]);
  const graph = description.value?.graph;
  const colours = theme.value;
  useLayoutEffect(() => {
    for (const span of place.current?.querySelectorAll<HTMLElement>("[data-latex]") ?? []) {
      typeset(span, span.dataset.latex ?? "", false);
    }
    for (const emphasis of place.current?.querySelectorAll("em") ?? []) {
      if (/^[ -~]+$/.test(emphasis.textContent ?? "")) emphasis.lang = "en"; // set as Latin words are
    }
  }, [html]);
  useEffect(() => {
    if (place.current) colourSymbols(place.current, graph, colours);
  }, [html, graph, colours]);
  return (
    <div ref={place} class="prose" dangerouslySetInnerHTML={{ __html: html }} {...symbolHandlers} />
  );
}
