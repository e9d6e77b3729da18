// The register of systems (系统台账): level, filing, assessments, and what is due.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { systems, type DueState, type SystemRow } from "../../api/readiness";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Segments } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { SupervisionHead } from "../supervision/head";
import { useActing } from "./acting";
import { useDivisions } from "./page";
import { useReadinessTexts } from "./text";
import "../../styles/readiness.css";

const LEVELS = ["1", "2", "3", "4"] as const;
const DOMAINS = ["cloud", "network", "data", "application"] as const;
const TONES: Record<DueState, "plain" | "good" | "warn" | "bad"> = { not_needed: "plain", never: "warn", good: "good", soon: "warn", overdue: "bad" };

/** The register. */
export function SystemsView() {
  const r = useReadinessTexts();
  const may = useMay();
  const [editing, setEditing] = useState<SystemRow | "new" | null>(null);
  const query = useQuery({ queryKey: ["systems"], queryFn: systems.list });
  const late = query.data?.items.filter((row) => row.assessment_state === "overdue" || row.crypto_state === "overdue").length ?? 0;
  return (
    <div className="workspace">
      <SupervisionHead tab="systems" note={late > 0 && r("systems.late", { n: late })}>
        {may("compliance.write") && (
          <Button type="primary" size="small" onClick={() => setEditing("new")} data-testid="system-new">
            {r("system.new")}
          </Button>
        )}
      </SupervisionHead>
      <Answer query={query}>
        {({ items }) => (items.length === 0 ? <Empty title={r("systems.empty")} hint={r("systems.empty.hint")} /> : <Register rows={items} onEdit={setEditing} />)}
      </Answer>
      {editing && <SystemDialog row={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

const day = (time: string | null | undefined): string => (time ? localInput(new Date(time)).slice(0, 10) : "");

function Register({ rows, onEdit }: { rows: SystemRow[]; onEdit: (row: SystemRow) => void }) {
  const t = useText();
  const r = useReadinessTexts();
  const word = useWord();
  const may = useMay();
  const due = (state: DueState, until: string | null | undefined) => (
    <span className="readiness-chips">
      <Chip tone={TONES[state]}>{r(`due.${state}`)}</Chip>
      {until && <span className="quiet">{day(until)}</span>}
    </span>
  );
  const columns: Column<SystemRow>[] = [
    { key: "level", title: r("system.level"), width: 64, cell: (row) => r("system.level.n", { n: row.level }) },
    { key: "name", title: r("system.name"), cell: (row) => <Outside text={row.name} /> },
    { key: "domain", title: r("system.domain"), width: 56, cell: (row) => word("domain", row.domain) },
    { key: "unit", title: t("column.unit"), width: 104, cell: (row) => row.unit.name },
    { key: "owner", title: r("system.owner"), width: 136, cell: (row) => <Outside text={row.owner} /> },
    { key: "filing", title: r("system.filing"), width: 176, cell: (row) => (row.filing ? <span className="mono"><Outside text={row.filing} /></span> : <Chip tone={TONES[row.filing_state]}>{r(`due.${row.filing_state}`)}</Chip>) },
    { key: "assessment", title: r("system.assessment"), width: 192, cell: (row) => due(row.assessment_state, row.assessment_due) },
    { key: "crypto", title: r("system.crypto"), width: 192, cell: (row) => due(row.crypto_state, row.crypto_due) },
  ];
  if (may("compliance.write")) {
    const cell = (row: SystemRow) => (
      <Button size="small" onClick={() => onEdit(row)}>
        {r("edit")}
      </Button>
    );
    columns.push({ key: "verbs", title: "", width: 72, cell });
  }
  return <Table label={t("supervision.systems")} testId="systems" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

function SystemDialog({ row, onClose }: { row: SystemRow | null; onClose: () => void }) {
  const t = useText();
  const r = useReadinessTexts();
  const word = useWord();
  const { own, options } = useDivisions();
  const { act, busy } = useActing("systems", onClose);
  const [retiring, setRetiring] = useState(false);
  const [unit, setUnit] = useState(row?.unit.code ?? own);
  const [level, setLevel] = useState<(typeof LEVELS)[number]>(LEVELS[(row?.level ?? 3) - 1] ?? "3");
  const [domain, setDomain] = useState(row?.domain ?? "application");
  const [texts, setTexts] = useState({ name: row?.name ?? "", owner: row?.owner ?? "", filing: row?.filing ?? "", note: row?.note ?? "" });
  const [dates, setDates] = useState({ filed_at: day(row?.filed_at), assessed_at: day(row?.assessed_at), crypto_at: day(row?.crypto_at) });
  const set = (name: keyof typeof texts) => (event: { target: { value: string } }) => setTexts({ ...texts, [name]: event.target.value });
  const date = (name: keyof typeof dates, label: string) => (
    <Field label={label}>
      <Input type="date" max={day(new Date().toISOString())} value={dates[name]} onChange={(event) => setDates({ ...dates, [name]: event.target.value })} />
    </Field>
  );
  const at = (text: string) => (text === "" ? null : new Date(`${text}T00:00:00`).toISOString());
  const body = () => ({ unit, level: Number(level), domain, ...texts, filed_at: at(dates.filed_at), assessed_at: at(dates.assessed_at), crypto_at: at(dates.crypto_at) });
  const submit = () => act(() => (row ? systems.change(row.id, body()) : systems.add(body())), r("system.saved"));
  if (retiring && row) return <ReasonDialog title={r("system.retire")} verb={r("system.retire")} danger onClose={() => setRetiring(false)} onSubmit={(reason) => act(() => systems.retire(row.id, reason), r("system.retired"))} />;
  return (
    <Dialog title={r(row ? "system.edit" : "system.new")} verb={r("save")} width={640} busy={busy} disabled={texts.name.trim() === "" || texts.owner.trim() === ""} onClose={onClose} onSubmit={submit}>
      <Field label={r("system.name")}>
        <Input autoFocus maxLength={200} value={texts.name} onChange={set("name")} data-testid="system-name" />
      </Field>
      <div className="field-row">
        <Field label={t("column.unit")}>
          <Select showSearch value={unit} options={options} onChange={setUnit} />
        </Field>
        <Field label={r("system.owner")}>
          <Input maxLength={200} value={texts.owner} onChange={set("owner")} data-testid="system-owner" />
        </Field>
      </div>
      <div className="field-row">
        <div className="field">
          <span className="field-label">{r("system.level")}</span>
          <Segments label={r("system.level")} value={level} options={LEVELS.map((value) => ({ value, label: r("system.level.n", { n: Number(value) }) }))} onChange={setLevel} />
        </div>
        <div className="field">
          <span className="field-label">{r("system.domain")}</span>
          <Segments label={r("system.domain")} value={domain} options={DOMAINS.map((value) => ({ value, label: word("domain", value) }))} onChange={setDomain} />
        </div>
      </div>
      <div className="field-row">
        <Field label={r("system.filing")}>
          <Input maxLength={200} value={texts.filing} onChange={set("filing")} />
        </Field>
        {date("filed_at", r("system.filed_at"))}
      </div>
      <div className="field-row">
        {date("assessed_at", r("system.assessed_at"))}
        {date("crypto_at", r("system.crypto_at"))}
      </div>
      <Field label={r("note")} hint={row && <Button size="small" type="link" danger onClick={() => setRetiring(true)}>{r("system.retire")}</Button>}>
        <Input.TextArea rows={2} value={texts.note} onChange={set("note")} />
      </Field>
    </Dialog>
  );
}
