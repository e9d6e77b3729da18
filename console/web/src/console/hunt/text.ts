// Texts of the hunt over the past: loaded with the page of the hunt and not before.

import { fill, type Parameters } from "../../i18n/translate";
import zh from "../../i18n/retro.zh.json";
import { usePreferences } from "../core/preferences";

/** Key of a text. */
export type RetroKey = keyof typeof zh;

/** The texts in the reader's language. */
export function useRetroTexts(): (key: RetroKey, parameters?: Parameters) => string {
  const catalogue: Record<RetroKey, string> = usePreferences().english?.retro ?? zh;
  return (key, parameters) => fill(catalogue[key], parameters);
}
