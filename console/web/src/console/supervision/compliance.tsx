// The compliance workspace: the controls of a catalogue, how far each is met, and the evidence.

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { CatalogueView, ComplianceView, ControlCounts, ControlState, ControlView } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Segments } from "../components/layout";
import { Answer } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useChoice, useText, useWord } from "../core/preferences";
import { useMay, useSession } from "../core/session";
import { SupervisionHead } from "./head";

const STATES: readonly ControlState[] = ["met", "partly", "unmet", "not_applicable"];
const TONES = { met: "good", partly: "warn", unmet: "bad", not_applicable: "plain" } as const;

/** The workspace of one unit; others below can be chosen. */
export function ComplianceWorkspace() {
  const [unit, setUnit] = useState("");
  const [name, setName] = useState("");
  const query = useQuery({ queryKey: ["compliance", unit], queryFn: () => calls.compliance.read(unit), placeholderData: keepPreviousData });
  const catalogue = query.data && (query.data.catalogues.find((one) => one.name === name) ?? query.data.catalogues[0]);
  return (
    <div className="workspace">
      <SupervisionHead tab="compliance" note={catalogue?.source}>
        {query.data && catalogue && (
          <>
            <CatalogueChoice view={query.data} chosen={catalogue.name} onChange={setName} />
            <UnitChoice view={query.data} catalogue={catalogue.name} onChange={setUnit} />
          </>
        )}
      </SupervisionHead>
      <Answer query={query}>{(view) => catalogue && <Controls view={view} catalogue={catalogue} />}</Answer>
    </div>
  );
}

function CatalogueChoice({ view, chosen, onChange }: { view: ComplianceView; chosen: string; onChange: (name: string) => void }) {
  const t = useText();
  const choose = useChoice();
  const options = view.catalogues.map((one) => ({ value: one.name, label: choose(one.title_zh, one.title_en) }));
  return <Segments label={t("compliance.catalogue")} value={chosen} options={options} onChange={onChange} />;
}

function UnitChoice({ view, catalogue, onChange }: { view: ComplianceView; catalogue: string; onChange: (unit: string) => void }) {
  const t = useText();
  const own = useSession().unit.code;
  const others = (view.units[catalogue] ?? []).filter((one) => one.unit.code !== own);
  if (others.length === 0 && view.unit.code === own) return null;
  const options = others.map((one) => ({ value: one.unit.code, label: one.unit.name }));
  return (
    <Select
      size="small"
      aria-label={t("column.unit")}
      value={view.unit.code}
      options={[{ value: own, label: t("compliance.own") }, ...options]}
      onChange={onChange}
      style={{ width: 128 }}
    />
  );
}

function Controls({ view, catalogue }: { view: ComplianceView; catalogue: CatalogueView }) {
  const choose = useChoice();
  const may = useMay();
  const own = useSession().unit.code;
  const [judging, setJudging] = useState<ControlView | null>(null);
  const columns = useColumns();
  const judge = may("compliance.write") && view.unit.code === own;
  return (
    <>
      <Standing counts={catalogue.counts} />
      <Table
        label={choose(catalogue.title_zh, catalogue.title_en)}
        testId="controls"
        columns={columns}
        rows={catalogue.controls}
        rowKey={(row) => row.id}
        {...(judge ? { onChoose: (id: string) => setJudging(catalogue.controls.find((one) => one.id === id) ?? null) } : {})}
      />
      {judging && <JudgeDialog key={judging.id} catalogue={catalogue} control={judging} onClose={() => setJudging(null)} />}
    </>
  );
}

function Standing({ counts }: { counts: ControlCounts }) {
  const t = useText();
  const word = useWord();
  const open = counts.total - counts.met - counts.partly - counts.unmet - counts.not_applicable;
  return (
    <div className="standing">
      <div className="standing-track" aria-hidden="true">
        {STATES.map((state) => (
          <span key={state} className={`standing-${state}`} style={{ flexGrow: counts[state] }} />
        ))}
        <span style={{ flexGrow: open }} />
      </div>
      <p>
        {STATES.map((state) => (
          <span key={state}>
            {word("control_state", state)} <b>{counts[state]}</b>
          </span>
        ))}
        <span>
          {t("compliance.open")} <b>{open}</b>
        </span>
      </p>
    </div>
  );
}

function useColumns(): Column<ControlView>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "id", title: t("compliance.control"), width: 88, cell: (row) => <span className="mono">{row.id}</span> },
    { key: "area", title: t("compliance.area"), width: 128, optional: true, cell: (row) => row.area },
    { key: "title", title: t("compliance.title"), width: 200, cell: (row) => <strong>{row.title}</strong> },
    { key: "check", title: t("compliance.check"), cell: (row) => <span title={row.check}>{row.check}</span> },
    {
      key: "state",
      title: t("column.state"),
      width: 96,
      cell: (row) => row.state && <Chip tone={TONES[row.state]}>{word("control_state", row.state)}</Chip>,
    },
    { key: "evidence", title: t("compliance.evidence"), width: 200, cell: (row) => <Outside text={row.evidence} /> },
    { key: "updated", title: t("compliance.updated"), width: 132, optional: true, cell: (row) => <Time at={row.updated_at} /> },
  ];
}

function JudgeDialog({ catalogue, control, onClose }: { catalogue: CatalogueView; control: ControlView; onClose: () => void }) {
  const t = useText();
  const word = useWord();
  const notices = useNotices();
  const client = useQueryClient();
  const [state, setState] = useState<ControlState>(control.state ?? "met");
  const [evidence, setEvidence] = useState(control.evidence);
  const send = useMutation({
    mutationFn: () => calls.compliance.judge(catalogue.name, control.id, { state, evidence: evidence.trim() }),
    onSuccess: () => {
      notices.done(t("done.control"));
      void client.invalidateQueries({ queryKey: ["compliance"] });
      onClose();
    },
    onError: notices.failed,
  });
  return (
    <Dialog
      title={`${control.id} ${control.title}`}
      verb={t("save")}
      busy={send.isPending}
      disabled={state !== "unmet" && evidence.trim() === ""}
      onClose={onClose}
      onSubmit={() => send.mutate()}
    >
      <p>{control.check}</p>
      <Field label={t("column.state")}>
        <Select value={state} options={STATES.map((value) => ({ value, label: word("control_state", value) }))} onChange={setState} />
      </Field>
      <Field label={t("compliance.evidence")} hint={t("compliance.evidence.hint")}>
        <Input.TextArea autoFocus rows={4} value={evidence} onChange={(event) => setEvidence(event.target.value)} />
      </Field>
    </Dialog>
  );
}
