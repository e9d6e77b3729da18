// Texts of the page of settings: loaded with the page and not before.

import { fill, type Parameters } from "../../i18n/translate";
import zh from "../../i18n/settings.zh.json";
import type { SettingVersion, SettingView } from "../../api/types";
import { usePreferences } from "../core/preferences";

type Key = keyof typeof zh;

/** Texts of the page, and values as people read them. */
export interface SettingTexts {
  s: (key: Key, parameters?: Parameters) => string;
  /** A text whose key is put together; the last part of it when there is none. */
  word: (key: string) => string;
  /** The name of a setting. */
  nameOf: (name: string) => string;
  /** A value with its unit, or the words of a choice. */
  valueOf: (name: string, value: string) => string;
  /** What a version makes of its setting. */
  afterOf: (version: SettingVersion) => string;
}

/** The texts in the reader's language. */
export function useSettingTexts(): SettingTexts {
  const catalogue: Record<string, string> = usePreferences().english?.settings ?? zh;
  const s = (key: Key, parameters?: Parameters) => fill(catalogue[key] ?? key, parameters);
  const word = (key: string) => catalogue[key] ?? key.split(".").slice(1).join(".");
  const valueOf = (name: string, value: string) => {
    const choice = catalogue[`${name}.${value}`];
    const unit = catalogue[`unit.${name}`];
    if (value === "") return s("empty");
    return choice ?? (unit === "%" ? `${value}%` : unit ? `${value} ${unit}` : value);
  };
  const afterOf = (version: SettingVersion) =>
    version.value === null || version.value === undefined ? s("file.value") : valueOf(version.name, version.value);
  return { s, word, nameOf: (name) => catalogue[name] ?? name, valueOf, afterOf };
}

/** Whether a value somebody typed needs the security administrator. */
export function needsConsent(setting: SettingView, value: string): boolean {
  const { consent } = setting;
  return consent !== null && consent !== undefined && (setting.kind !== "number" || Number(value) < consent);
}

/** What is wrong with a value; the server checks the same. */
export function faultOf(setting: SettingView, value: string): "range.wrong" | "text.wrong" | null {
  if (setting.kind === "choice") return null;
  if (setting.kind === "text") {
    const length = [...value.trim()].length;
    return length < setting.least || length > setting.most ? "text.wrong" : null;
  }
  const number = Number(value);
  const fits = /^\d{1,9}$/.test(value.trim()) && number >= setting.least && number <= setting.most;
  return fits ? null : "range.wrong";
}
