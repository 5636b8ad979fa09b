/** The dictionaries by language. */
import type { Language } from "../core/types.ts";
import { type Dictionary, en } from "./en.ts";
import { zh } from "./zh.ts";

export type { Dictionary };

export const dictionaries: Record<Language, Dictionary> = { en, zh };
