// Keys by which other applications call the platform's abilities (能力共享): made, looked after and taken back here.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { useState } from "react";
import { capabilityKeys, type Ability, type CapabilityKeyMade, type CapabilityKeyRow } from "../../api/capabilities";
import zh from "../../i18n/capabilities.zh.json";
import { fill, type Parameters } from "../../i18n/translate";
import { fullTime } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { PageHead } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside } from "../components/values";
import { useNotices } from "../core/notices";
import { usePreferences, useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useActing } from "../readiness/acting";
import { useDivisions } from "../readiness/page";

const KIND = "capability-keys";
const ABILITIES: readonly Ability[] = ["classify", "mask", "indicators", "screen"];
const TONES = { active: "good", expired: "warn", revoked: "bad" } as const;
/** Days that a key holds unless told, and at most. */
const DAYS = 180;
const DAYS_MOST = 365;

function useTexts(): (key: keyof typeof zh, parameters?: Parameters) => string {
  const catalogue: Record<keyof typeof zh, string> = usePreferences().english?.capabilities ?? zh;
  return (key, parameters) => fill(catalogue[key], parameters);
}

/** The page. */
export function CapabilitiesPage() {
  const c = useTexts();
  const may = useMay();
  const [open, setOpen] = useState<"new" | CapabilityKeyMade | null>(null);
  const query = useQuery({ queryKey: [KIND], queryFn: capabilityKeys.list });
  return (
    <div className="page page-full">
      <PageHead title={c("title")} note={c("note")}>
        {may("capability.write") && (
          <Button type="primary" size="small" onClick={() => setOpen("new")} data-testid="capability-new">
            {c("new")}
          </Button>
        )}
      </PageHead>
      <Answer query={query}>
        {({ items }) => (items.length === 0 ? <Empty title={c("empty")} hint={c("empty.hint")} /> : <Keys rows={items} />)}
      </Answer>
      {open === "new" && <NewDialog onClose={() => setOpen(null)} onMade={setOpen} />}
      {open !== null && open !== "new" && <MadeDialog made={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

function Keys({ rows }: { rows: CapabilityKeyRow[] }) {
  const t = useText();
  const c = useTexts();
  const [revoking, setRevoking] = useState<CapabilityKeyRow | null>(null);
  const { act } = useActing(KIND);
  const total = (row: CapabilityKeyRow, what: "served" | "refused") => row.used.reduce((sum, one) => sum + one[what], 0);
  const columns: Column<CapabilityKeyRow>[] = [
    { key: "state", title: t("column.state"), width: 88, cell: (row) => <span title={row.revoked_for ?? undefined}><Chip tone={TONES[row.state]}>{c(`state.${row.state}`)}</Chip></span> },
    { key: "name", title: c("name"), cell: (row) => <Outside text={row.name} /> },
    { key: "unit", title: t("column.unit"), width: 128, cell: (row) => row.unit.name },
    { key: "abilities", title: c("abilities"), width: 208, cell: (row) => row.abilities.map((one) => c(`ability.${one}`)).join("、") },
    { key: "limits", title: c("limits"), width: 136, numeric: true, cell: (row) => c("limits.shown", { minute: row.per_minute, day: row.per_day }) },
    { key: "networks", title: c("networks"), width: 136, optional: true, cell: (row) => row.networks.join(" ") || c("networks.any") },
    { key: "expires", title: c("expires"), width: 128, cell: (row) => <span className="time">{fullTime(row.expires_at).slice(0, 10)}</span> },
    { key: "used", title: c("used"), width: 104, numeric: true, cell: (row) => total(row, "served").toLocaleString("en-US") },
    { key: "refused", title: c("refused"), width: 104, numeric: true, cell: (row) => total(row, "refused").toLocaleString("en-US") },
    {
      key: "verbs",
      title: "",
      width: 72,
      cell: (row) =>
        row.may_change && (
          <button type="button" className="link" onClick={() => setRevoking(row)} data-testid="capability-revoke">
            {c("revoke")}
          </button>
        ),
    },
  ];
  return (
    <>
      <Table label={c("title")} testId="capability-keys" columns={columns} rows={rows} rowKey={(row) => row.id} />
      {revoking && (
        <ReasonDialog
          danger
          title={c("revoke")}
          verb={c("revoke")}
          hint={c("revoke.hint", { name: revoking.name })}
          onClose={() => setRevoking(null)}
          onSubmit={(reason) => act(() => capabilityKeys.revoke(revoking.id, reason), c("revoked"))}
        />
      )}
    </>
  );
}

const whole = (text: string, most: number): number | null => {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1 && number <= most ? number : null;
};

function NewDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: CapabilityKeyMade) => void }) {
  const t = useText();
  const c = useTexts();
  const notices = useNotices();
  const client = useQueryClient();
  const { own, options } = useDivisions();
  const [form, setForm] = useState({ name: "", unit: own, minute: "60", day: "10000", days: String(DAYS), networks: "" });
  const [abilities, setAbilities] = useState<Ability[]>([]);
  const make = useMutation({
    mutationFn: capabilityKeys.create,
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: [KIND] });
      onMade(made);
    },
    onError: notices.failed,
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const [per_minute, per_day, days] = [whole(form.minute, 600), whole(form.day, 500_000), whole(form.days, DAYS_MOST)];
  const ready = form.name.trim() !== "" && abilities.length > 0 && per_minute !== null && per_day !== null && days !== null;
  const submit = () => {
    if (per_minute === null || per_day === null || days === null) return;
    const expires_at = new Date(Date.now() + days * 86_400_000).toISOString();
    const networks = form.networks.split(/[\s,，;；]+/).filter((text) => text !== "");
    make.mutate({ name: form.name.trim(), unit: form.unit, abilities, per_minute, per_day, expires_at, networks });
  };
  const number = (name: "minute" | "day" | "days", right: boolean) => (
    <Field label={c(`field.${name}`)}>
      <Input inputMode="numeric" value={form[name]} status={right ? "" : "error"} onChange={(event) => set({ [name]: event.target.value })} data-testid={`capability-${name}`} />
    </Field>
  );
  return (
    <Dialog title={c("new")} verb={c("make")} busy={make.isPending} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <Field label={c("name")}>
        <Input autoFocus maxLength={200} value={form.name} onChange={(event) => set({ name: event.target.value })} data-testid="capability-name" />
      </Field>
      <Field label={t("column.unit")} hint={c("unit.hint")}>
        <Select showSearch value={form.unit} options={options} onChange={(unit) => set({ unit })} />
      </Field>
      <div className="field" role="group" aria-label={c("abilities")}>
        <span className="field-label">{c("abilities")}</span>
        <span>
          {ABILITIES.map((ability) => (
            <Checkbox
              key={ability}
              checked={abilities.includes(ability)}
              onChange={({ target }) => setAbilities(target.checked ? [...abilities, ability] : abilities.filter((one) => one !== ability))}
              data-testid={`ability-${ability}`}
            >
              {c(`ability.${ability}`)}
            </Checkbox>
          ))}
        </span>
      </div>
      <div className="field-row">
        {number("minute", per_minute !== null)}
        {number("day", per_day !== null)}
        {number("days", days !== null)}
      </div>
      <Field label={c("networks")} hint={c("networks.hint")}>
        <Input value={form.networks} placeholder="10.8.0.0/16" maxLength={1000} onChange={(event) => set({ networks: event.target.value })} data-testid="capability-networks" />
      </Field>
    </Dialog>
  );
}

function MadeDialog({ made, onClose }: { made: CapabilityKeyMade; onClose: () => void }) {
  const t = useText();
  const c = useTexts();
  return (
    <Dialog title={c("made")} verb={t("users.secret.noted")} onClose={onClose} onSubmit={onClose}>
      <p>{c("made.hint", { name: made.key.name })}</p>
      <p className="secret" data-testid="capability-token">
        <Code text={made.token} limit={100} />
      </p>
    </Dialog>
  );
}
