// Texts of readiness: loaded with its pages and not before.

import { fill, type Parameters } from "../../i18n/translate";
import zh from "../../i18n/readiness.zh.json";
import { usePreferences } from "../core/preferences";

/** Key of a text. */
export type ReadinessKey = keyof typeof zh;

/** The texts in the reader's language. */
export function useReadinessTexts(): (key: ReadinessKey, parameters?: Parameters) => string {
  const catalogue: Record<ReadinessKey, string> = usePreferences().english?.readiness ?? zh;
  return (key, parameters) => fill(catalogue[key], parameters);
}
