// Texts of the hunt over the past: loaded with the page of the hunt and not before.

import en from "../../i18n/retro.en.json";
import { fill, type Parameters } from "../../i18n/translate";
import zh from "../../i18n/retro.zh.json";
import { usePreferences } from "../core/preferences";

/** Key of a text. */
export type RetroKey = keyof typeof zh;

/** The texts in the reader's language. */
export function useRetroTexts(): (key: RetroKey, parameters?: Parameters) => string {
  const { locale } = usePreferences();
  const catalogue: Record<RetroKey, string> = locale === "en" ? en : zh;
  return (key, parameters) => fill(catalogue[key], parameters);
}
