/** The dictionaries by language: English is part of the page, others come when they are wanted. */
import { effect, signal } from "@preact/signals";
import type { Language } from "../core/types.ts";
import { type Dictionary, en } from "./en.ts";

export type { Dictionary };

/** What a language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: "EN", zh: "中文" };

const known = signal<Partial<Record<Language, Dictionary>>>({ en });

/** The words of a language; English ones until its own are here. */
export function wordsOf(language: Language): Dictionary {
  return known.value[language] ?? en;
}

/** Brings the words of a language; resolves also where they cannot be had. */
export async function bringWords(language: Language): Promise<void> {
  if (known.value[language] || language !== "zh") return;
  try {
    const { zh } = await import("./zh.ts");
    known.value = { ...known.value, zh };
  } catch {
    // the page goes on in English; the next change of language asks again
  }
}

/** Brings the words of every language that is turned to; returns the cleanup. */
export function keepWords(language: { value: Language }): () => void {
  return effect(() => {
    bringWords(language.value);
  });
}
