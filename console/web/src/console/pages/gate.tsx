// The card that stands before the console: login, change of password, first run.

import { useQuery } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import * as calls from "../../api/calls";
import { visibleText } from "../../lib/text";
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
  const platform = usePlatform();
  return (
    <main className="gate">
      <form className={wide ? "gate-card gate-wide" : "gate-card"} onSubmit={onSubmit}>
        <div className="brand">
          <img src={mark} alt="" width={32} height={32} />
          <span>{platform.name}</span>
        </div>
        <h1>{title}</h1>
        {hint && <p className="gate-hint">{hint}</p>}
        {children}
      </form>
      <GateFoot />
    </main>
  );
}

/** What the platform is called, and what whoever logs in has to know. */
function usePlatform() {
  const t = useText();
  const query = useQuery({ queryKey: ["platform"], queryFn: calls.platform, staleTime: 60_000, retry: false });
  return query.data ?? { name: t("product"), notice: "" };
}

/** The administrators' notice; nothing when there is none. */
export function GateNotice() {
  const { notice } = usePlatform();
  return notice === "" ? null : <p className="gate-notice" data-testid="gate-notice">{visibleText(notice)}</p>;
}

function GateFoot() {
  const t = useText();
  const { locale, setLocale, theme, setTheme } = usePreferences();
  return (
    <footer className="gate-foot">
      <button type="button" className="link" onClick={() => setLocale(locale === "zh" ? "en" : "zh")}>
        {locale === "zh" ? "English" : "中文"}
      </button>
      <button type="button" className="link" data-testid="theme" onClick={() => setTheme(theme === "dark" ? "light" : "dark")}>
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
