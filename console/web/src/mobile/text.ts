// Texts of the phone pages: the language comes from the console's choice, Chinese otherwise.

import en from "../i18n/mobile.en.json";
import { fill, type Locale, type Parameters } from "../i18n/translate";
import zh from "../i18n/mobile.zh.json";
import { ApiError } from "../api/client";
import { remembered } from "../lib/storage";

/** Key of a text. */
export type TextKey = keyof typeof zh;

/** The reader's language. */
export const locale: Locale = remembered("locale") === "en" ? "en" : "zh";
const catalogue: Record<TextKey, string> = locale === "en" ? en : zh;

/** A text of the pages. */
export function t(key: TextKey, parameters?: Parameters): string {
  return fill(catalogue[key], parameters);
}

/** A word of a closed set; the word itself when unknown. */
export function word(set: string, name: string): string {
  return (catalogue as Record<string, string>)[`${set}.${name}`] ?? name;
}

/** What went wrong, in the reader's language. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return locale === "zh" ? error.detail.message_zh : error.detail.message_en;
  return String(error);
}
