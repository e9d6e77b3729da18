// What to hunt for: Sigma rules, indicators, lists of the console; and when.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useId, useRef, type ReactNode } from "react";
import * as calls from "../../api/calls";
import { ApiError } from "../../api/client";
import type { NewRetroHunt } from "../../api/types";
import { localInput } from "../../lib/time";
import { useKeys } from "../core/keys";
import { errorText, useNotices } from "../core/notices";
import { usePreferences } from "../core/preferences";
import { useMay } from "../core/session";
import { useRetroTexts } from "./text";
import { Select } from "../components/select";

const RANGES = ["24h", "7d", "30d", "90d", "all", "custom"] as const;
type Range = (typeof RANGES)[number];
const DAYS: Partial<Record<Range, number>> = { "24h": 1, "7d": 7, "30d": 30, "90d": 90 };
const DAY_MS = 86_400_000;
/** What the server takes. */
const FILE_BYTES = 4 << 20;

/** What somebody filled in. */
export interface Asked {
  sigma: string;
  indicators: string;
  lists: string[];
  range: Range;
  from: string;
  to: string;
}

/** An empty form. */
export const nothingAsked = (lists: string[]): Asked => ({
  sigma: "",
  indicators: "",
  lists,
  range: "30d",
  from: localInput(new Date(Date.now() - 7 * DAY_MS)),
  to: localInput(new Date()),
});

/** What is sent of it. */
export function bodyOf(asked: Asked): NewRetroHunt {
  const days = DAYS[asked.range];
  const iso = (local: string) => (local ? new Date(local).toISOString() : null);
  const from = days ? new Date(Date.now() - days * DAY_MS).toISOString() : asked.range === "custom" ? iso(asked.from) : null;
  const to = asked.range === "custom" ? iso(asked.to) : null;
  return { sigma: asked.sigma || null, indicators: asked.indicators || null, lists: asked.lists, from, to };
}

interface FormProps {
  asked: Asked;
  onChange: (asked: Asked) => void;
  /** Why the server did not take it. */
  error: unknown;
  /** A hunt is under way. */
  busy: boolean;
  sending: boolean;
  onSubmit: () => void;
}

/** The form. */
export function HuntForm({ asked, onChange, error, busy, sending, onSubmit }: FormProps) {
  const r = useRetroTexts();
  const may = useMay();
  const set = (next: Partial<Asked>) => onChange({ ...asked, ...next });
  const isEmpty = asked.sigma.trim() === "" && asked.indicators.trim() === "" && asked.lists.length === 0;
  const send = () => {
    if (!isEmpty && !busy && !sending) onSubmit();
  };
  useKeys([{ key: "Ctrl+Enter", label: "key.submit", run: send }]);
  return (
    <form
      className="form retro-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <TextPart
        name="sigma"
        rows={14}
        accept=".yml,.yaml"
        value={asked.sigma}
        fault={faultIn(error, ["sigma", "body"])}
        onChange={(sigma) => set({ sigma })}
      />
      <div className="retro-side">
        <TextPart
          name="indicators"
          rows={5}
          accept=".csv,.json,.txt"
          value={asked.indicators}
          fault={faultIn(error, ["indicators"])}
          onChange={(indicators) => set({ indicators })}
        />
        {may("indicator.read") && <Lists chosen={asked.lists} fault={faultIn(error, ["lists"])} onChange={(lists) => set({ lists })} />}
        <When asked={asked} fault={faultIn(error, ["from", "to"])} onChange={set} />
        <div className="retro-actions">
          <Button type="primary" htmlType="submit" loading={sending} disabled={isEmpty || busy} data-testid="retro-run">
            {r("run")} <kbd>Ctrl ↵</kbd>
          </Button>
        </div>
      </div>
    </form>
  );
}

/** What is wrong with one of some fields. */
function faultIn(error: unknown, fields: readonly string[]): ApiError | null {
  return error instanceof ApiError && fields.includes(error.detail.field ?? "") ? error : null;
}

function Fault({ error, children }: { error: ApiError; children?: ReactNode }) {
  const { locale } = usePreferences();
  return (
    <p className="retro-fault" role="alert" data-testid="retro-fault">
      <bdi>{errorText(error, locale)}</bdi> {children}
    </p>
  );
}

interface TextPartProps {
  name: "sigma" | "indicators";
  rows: number;
  accept: string;
  value: string;
  fault: ApiError | null;
  onChange: (value: string) => void;
}

/** A text that is typed, pasted or read from a file; a fault that names a line leads to it. */
function TextPart({ name, rows, accept, value, fault, onChange }: TextPartProps) {
  const r = useRetroTexts();
  const notices = useNotices();
  const id = useId();
  const area = useRef<HTMLDivElement>(null);
  const line = Number(/\bline (\d+)/.exec(fault?.detail.message_en ?? "")?.[1] ?? 0);
  const read = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > FILE_BYTES) notices.done(r("file.too_large"));
    else onChange(await file.text());
  };
  const goTo = () => {
    const field = area.current?.querySelector("textarea");
    if (!field) return;
    const start = value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = value.indexOf("\n", start);
    field.focus();
    field.setSelectionRange(start, end < 0 ? value.length : end);
  };
  return (
    <div className="field" ref={area}>
      <div className="retro-label">
        <label className="field-label" htmlFor={id}>
          {r(name)}
        </label>
        <input
          id={`${id}-file`}
          type="file"
          className="only-read"
          accept={accept}
          onChange={(event) => {
            void read(event.target.files?.[0]);
            event.target.value = "";
          }}
          data-testid={`retro-${name}-file`}
        />
        <label className="button button-small" htmlFor={`${id}-file`}>
          {r("sigma.file")}
        </label>
      </div>
      <Input.TextArea
        id={id}
        rows={rows}
        className="mono"
        spellCheck={false}
        value={value}
        placeholder={r(`${name}.placeholder`)}
        status={fault ? "error" : ""}
        aria-invalid={fault !== null}
        onChange={(event) => onChange(event.target.value)}
        data-testid={`retro-${name}`}
      />
      {fault ? (
        <Fault error={fault}>
          {line > 0 && (
            <button type="button" className="link" onClick={goTo}>
              {r("go_to_line", { n: line })}
            </button>
          )}
        </Fault>
      ) : (
        <small>{r(`${name}.hint`)}</small>
      )}
    </div>
  );
}

function Lists({ chosen, fault, onChange }: { chosen: string[]; fault: ApiError | null; onChange: (lists: string[]) => void }) {
  const r = useRetroTexts();
  const id = useId();
  const query = useQuery({ queryKey: ["indicator-lists"], queryFn: calls.indicators.lists });
  const options = (query.data?.items ?? []).map((list) => ({
    value: list.name,
    label: r("lists.count", { name: list.name, n: list.active }),
    disabled: list.active === 0,
  }));
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {r("lists")}
      </label>
      <Select
        id={id}
        mode="multiple"
        value={chosen}
        options={options}
        nothing={r("lists.none")}
        onChange={onChange}
        data-testid="retro-lists"
      />
      {fault ? <Fault error={fault} /> : <small>{r("lists.hint")}</small>}
    </div>
  );
}

function When({ asked, fault, onChange }: { asked: Asked; fault: ApiError | null; onChange: (next: Partial<Asked>) => void }) {
  const r = useRetroTexts();
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {r("range")}
      </label>
      <div className="retro-when">
        <Select
          id={id}
          value={asked.range}
          options={RANGES.map((value) => ({ value, label: r(`range.${value}`) }))}
          onChange={(range) => onChange({ range })}
        />
        {asked.range === "custom" && (
          <>
            <Input type="datetime-local" aria-label={r("from")} value={asked.from} onChange={(event) => onChange({ from: event.target.value })} />
            <Input type="datetime-local" aria-label={r("to")} value={asked.to} onChange={(event) => onChange({ to: event.target.value })} />
          </>
        )}
      </div>
      {fault && <Fault error={fault} />}
    </div>
  );
}
