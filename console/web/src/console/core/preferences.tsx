// Language, theme and density: the reader's choices, kept in the browser.

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { fill, type Locale, type Parameters } from "../../i18n/translate";
import zh from "../../i18n/zh.json";
import { remember, remembered } from "../../lib/storage";

/** Key of a text of the interface. */
export type TextKey = keyof typeof zh;
/** Light or dark. */
export type Theme = "light" | "dark";
/** Height of a table row. */
export type Density = "compact" | "normal" | "comfortable";

/** Pixels of a table row. */
export const ROW_HEIGHT: Record<Density, number> = { compact: 30, normal: 36, comfortable: 44 };

/** The texts of whoever reads English. */
export type English = typeof import("../../i18n/english");

interface Preferences {
  locale: Locale;
  /** The English texts; null for a Chinese reader. */
  english: English | null;
  setLocale: (locale: Locale) => void;
  theme: Theme;
  setTheme: (theme: Theme) => void;
  density: Density;
  setDensity: (density: Density) => void;
}

const PreferencesContext = createContext<Preferences | null>(null);
type Catalogue = Record<TextKey, string>;

function useKept<T extends string>(name: string, known: readonly T[], otherwise: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => known.find((word) => word === remembered(name)) ?? otherwise);
  const set = (next: T) => {
    remember(name, next);
    setValue(next);
  };
  return [value, set];
}

/** Gives the reader's choices to everything below. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const system: Theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const [wanted, setWanted] = useKept<Locale>("locale", ["zh", "en"], "zh");
  const [english, setEnglish] = useState<English | null>(null);
  const [started, setStarted] = useState(wanted !== "en");
  const reads = wanted === "en" && english !== null;
  const locale: Locale = reads ? "en" : "zh";
  const [theme, setTheme] = useKept<Theme>("theme", ["light", "dark"], system);
  const [density, setDensity] = useKept<Density>("density", ["compact", "normal", "comfortable"], "normal");
  // The page stays as it is until the texts are there; where they can't be loaded it stays Chinese.
  useEffect(() => {
    if (wanted !== "en") return;
    void import("../../i18n/english").then(setEnglish, () => undefined).finally(() => setStarted(true));
  }, [wanted]);
  useEffect(() => {
    document.documentElement.lang = locale === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset["theme"] = theme;
    document.documentElement.style.setProperty("--row", `${ROW_HEIGHT[density]}px`);
  }, [locale, theme, density]);
  if (!started) return null;
  return (
    <PreferencesContext value={{ locale, english: reads ? english : null, setLocale: setWanted, theme, setTheme, density, setDensity }}>{children}</PreferencesContext>
  );
}

/** The reader's choices. */
export function usePreferences(): Preferences {
  const preferences = useContext(PreferencesContext);
  if (!preferences) throw new Error("no PreferencesProvider above");
  return preferences;
}

/** Translates a key. */
export type Translate = (key: TextKey, parameters?: Parameters) => string;

function useCatalogue(): Catalogue {
  return usePreferences().english?.console ?? zh;
}

/** The translation into the reader's language. */
export function useText(): Translate {
  const catalogue = useCatalogue();
  return useMemo(() => (key, parameters) => fill(catalogue[key], parameters), [catalogue]);
}

/** Chooses between a Chinese and an English text of the server. */
export function useChoice(): (zhText: string, enText: string | null | undefined) => string {
  const { locale } = usePreferences();
  return (zhText, enText) => (locale === "en" && enText ? enText : zhText);
}

/** A word of a closed set, such as `severity.high`; the word itself when the catalogue has none. */
export function useWord(): (set: string, word: string | null | undefined) => string {
  const catalogue: Record<string, string> = useCatalogue();
  return (set, word) => {
    if (!word) return "";
    return catalogue[`${set}.${word}`] ?? word;
  };
}
