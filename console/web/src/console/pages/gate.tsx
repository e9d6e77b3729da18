// The card that stands before the console: login, change of password, first run.

import type { FormEvent, ReactNode } from "react";
import { usePreferences, useText } from "../core/preferences";
import mark from "../../styles/favicon.svg";

/** The card with its title. */
export function Gate({
  title,
  hint,
  wide = false,
  onSubmit,
  children,
}: {
  title: string;
  hint?: string;
  wide?: boolean;
  onSubmit: (event: FormEvent) => void;
  children: ReactNode;
}) {
  const t = useText();
  return (
    <main className="gate">
      <form className={wide ? "gate-card gate-wide" : "gate-card"} onSubmit={onSubmit}>
        <div className="brand">
          <img src={mark} alt="" width={32} height={32} />
          <span>{t("product")}</span>
        </div>
        <h1>{title}</h1>
        {hint && <p className="gate-hint">{hint}</p>}
        {children}
      </form>
      <GateFoot />
    </main>
  );
}

function GateFoot() {
  const t = useText();
  const { locale, setLocale, theme, setTheme } = usePreferences();
  return (
    <footer className="gate-foot">
      <button type="button" className="link" onClick={() => setLocale(locale === "zh" ? "en" : "zh")}>
        {locale === "zh" ? "English" : "中文"}
      </button>
      <button type="button" className="link" onClick={() => setTheme(theme === "dark" ? "light" : "dark")}>
        {theme === "dark" ? t("theme.light") : t("theme.dark")}
      </button>
    </footer>
  );
}

/** A labelled field of the card. */
export function GateField({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <label className="gate-field">
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}

/** What was wrong. */
export function GateError({ text }: { text: string | null }) {
  return (
    <p className="gate-error" role="alert" data-testid="gate-error">
      {text}
    </p>
  );
}
