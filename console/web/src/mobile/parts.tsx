/** @jsxImportSource preact */
// Small pieces of the phone pages.

import type { ComponentChildren } from "preact";
import { countdown, secondsUntil } from "../lib/time";
import { useNow } from "./hooks";
import { errorText, t } from "./text";

/** A line across the page. */
export function Notice({ tone, children }: { tone: "warn" | "bad" | "good"; children: ComponentChildren }) {
  return (
    <p class={`notice notice-${tone}`} role="status">
      {children}
    </p>
  );
}

/** What failed, and a way to try again. */
export function Problem({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="state" role="alert">
      <p>{errorText(error)}</p>
      <button type="button" onClick={retry}>
        {t("retry")}
      </button>
    </div>
  );
}

/** How long left, in words. */
export function Left({ dueAt, done }: { dueAt: string; done: boolean }) {
  const now = useNow();
  const seconds = secondsUntil(dueAt, now);
  if (done) return <span class="left">{t("done_at")}</span>;
  const text = countdown(Math.abs(seconds), [t("day"), t("hour")]);
  return <span class={seconds < 0 ? "left left-over" : "left"}>{t(seconds < 0 ? "over" : "left", { time: text })}</span>;
}

/** A labelled field. */
export function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  );
}
