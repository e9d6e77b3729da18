// Small pieces that every view shares: severity, times, identifiers, untrusted text, count-downs.

import { useEffect, useState, type ReactNode } from "react";
import type { ClockView, Trust } from "../../api/types";
import { visibleText, markRuns, middleTruncate } from "../../lib/text";
import { countdown, fullTime, secondsUntil, shortTime } from "../../lib/time";
import { useChoice, useText, useWord } from "../core/preferences";
import { Icon } from "./icons";

const SHAPES: Record<string, string> = {
  critical: "M6 0 12 6 6 12 0 6Z",
  high: "M6 1 12 11H0Z",
  medium: "M1 1H11V11H1Z",
  low: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Z",
  info: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1ZM6 3.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5Z",
};

/** A severity: shape, colour and word. */
export function SeverityMark({ severity }: { severity: string }) {
  const word = useWord();
  return (
    <span className={`severity severity-${severity}`}>
      <svg width="10" height="10" viewBox="0 0 12 12" aria-hidden="true">
        <path d={SHAPES[severity] ?? SHAPES["info"]} fill="currentColor" fillRule="evenodd" />
      </svg>
      <span className="severity-word">{word("severity", severity)}</span>
    </span>
  );
}

/** A time; the full time with its zone on hover. */
export function Time({ at }: { at: string | null | undefined }) {
  return (
    <time dateTime={at ?? undefined} title={fullTime(at)} className="time">
      {shortTime(at)}
    </time>
  );
}

/** Text of the outside, with hidden characters made visible. */
export function Outside({ text }: { text: string | null | undefined }) {
  return <bdi>{visibleText(text ?? "")}</bdi>;
}

/** Text of the outside with matched values marked. */
export function Marked({ text, values }: { text: string; values: readonly string[] }) {
  return (
    <bdi>
      {markRuns(text, values).map((run, index) =>
        run.marked ? <mark key={index}>{visibleText(run.text)}</mark> : <span key={index}>{visibleText(run.text)}</span>,
      )}
    </bdi>
  );
}

/** An identifier in a mono face, its middle left out when long, copied by a click. */
export function Code({ text, limit = 40 }: { text: string; limit?: number }) {
  const t = useText();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => setCopied(true));
  };
  return (
    <span className="code" title={visibleText(text)}>
      <bdi>{middleTruncate(visibleText(text), limit)}</bdi>
      <button type="button" className="code-copy" aria-label={copied ? t("copied") : t("copy")} onClick={copy}>
        <Icon name={copied ? "check" : "copy"} size={14} />
      </button>
    </span>
  );
}

/** A word in a frame: a state, a technique, a type. */
export function Chip({ children, tone = "plain" }: { children: ReactNode; tone?: "plain" | "good" | "warn" | "bad" | "accent" }) {
  return <span className={`chip chip-${tone}`}>{children}</span>;
}

/** Whether a node or sensor is what it should be; one that changed is looked at first. */
export function TrustMark({ trust }: { trust: Trust }) {
  const word = useWord();
  return <Chip tone={({ trusted: "good", changed: "bad", unknown: "plain" } as const)[trust]}>{word("trust", trust)}</Chip>;
}

/** The present, once a second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

/** A count-down to a deadline, with a word when it has passed or no longer counts. */
export function Countdown({ dueAt, done = false }: { dueAt: string; done?: boolean }) {
  const now = useNow();
  const t = useText();
  const units = [t("unit.day"), t("unit.hour")] as const;
  const left = secondsUntil(dueAt, now);
  if (done) return <span title={fullTime(dueAt)}>{t("clock.stopped")}</span>;
  return (
    <span className={left < 0 ? "countdown countdown-over" : "countdown"} title={fullTime(dueAt)}>
      {left < 0 ? t("overdue.by", { time: countdown(-left, units) }) : countdown(left, units)}
    </span>
  );
}

/** A legal clock: what, how long left, by which article. */
export function ClockLine({ clock }: { clock: ClockView }) {
  const choose = useChoice();
  const width = `${Math.min(100, Math.max(0, clock.fraction_used * 100))}%`;
  return (
    <div className={`clock clock-${clock.state}`} title={clock.basis}>
      <span className="clock-title">{choose(clock.title_zh, clock.title_en)}</span>
      <Countdown dueAt={clock.due_at} done={clock.state === "done"} />
      <span className="clock-track" aria-hidden="true">
        <span style={{ width }} />
      </span>
    </div>
  );
}

/** A label above or beside a value; a wide one has the line for itself. */
export function Fact({ label, wide = false, children }: { label: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={wide ? "fact fact-wide" : "fact"}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
