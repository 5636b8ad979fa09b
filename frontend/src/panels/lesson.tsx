/** The text of the section: its place in the book, its title, its prose with live symbols. */
import { useEffect, useLayoutEffect } from "preact/hooks";
import { choose } from "../state/actions.ts";
import { architecture, description, family, language, text, theme, title } from "../state/store.ts";
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
  ].filter(Boolean);
  return (
    <header class="lesson-head">
      <p class="lesson-place">{place.join(" · ")}</p>
      <h1>{title.value}</h1>
      <Variants />
    </header>
  );
}

/** The prose of the section, its symbols alive. */
export function Lesson() {
  const entry = architecture.value;
  if (!entry) return null;
  return (
    <section class="lesson" aria-label={text.value.lesson.label}>
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
        <a
          key={form.id}
          href={`/${form.id}`}
          aria-current={form.id === entry.id ? "page" : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            choose(form.id);
          }}
        >
          {form.title}
        </a>
      ))}
    </nav>
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
