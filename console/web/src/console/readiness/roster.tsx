// The duty roster: who is on duty now, who comes next, and which units have nobody.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { duty, type DutyRoster, type DutyShift } from "../../api/readiness";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useActing } from "./acting";
import { ReadinessHead, useDivisions } from "./page";
import { useReadinessTexts } from "./text";

const TWELVE_HOURS_MS = 12 * 3_600_000;

/** The part. */
export function Roster() {
  const r = useReadinessTexts();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const query = useQuery({ queryKey: ["duty", "shifts"], queryFn: duty.shifts });
  const now = query.data?.items.filter((shift) => shift.is_now).length ?? 0;
  return (
    <>
      <ReadinessHead note={query.data && r("roster.note", { n: now })}>
        {may("duty.write") && (
          <Button type="primary" size="small" onClick={() => setAdding(true)} data-testid="shift-new">
            {r("shift.new")}
          </Button>
        )}
      </ReadinessHead>
      {adding && <ShiftDialog onClose={() => setAdding(false)} />}
      <Answer query={query}>{(roster) => <Shifts roster={roster} />}</Answer>
    </>
  );
}

function Shifts({ roster }: { roster: DutyRoster }) {
  const t = useText();
  const r = useReadinessTexts();
  const may = useMay();
  const { act, busy } = useActing("duty");
  const columns: Column<DutyShift>[] = [
    { key: "now", title: r("shift.state"), width: 88, cell: (row) => <Chip tone={row.is_now ? "good" : "plain"}>{r(row.is_now ? "shift.now" : "shift.later")}</Chip> },
    { key: "unit", title: t("column.unit"), width: 128, cell: (row) => row.unit.name },
    { key: "name", title: r("name"), width: 144, cell: (row) => <Outside text={row.name} /> },
    { key: "phone", title: r("phone"), width: 168, cell: (row) => <span className="mono">{row.phone}</span> },
    { key: "begins", title: r("begins"), width: 128, cell: (row) => <Time at={row.begins_at} /> },
    { key: "ends", title: r("ends"), width: 128, cell: (row) => <Time at={row.ends_at} /> },
    { key: "note", title: r("note"), cell: (row) => <Outside text={row.note} /> },
  ];
  if (may("duty.write")) {
    const cell = (row: DutyShift) => (
      <Button size="small" disabled={busy} onClick={() => act(() => duty.removeShift(row.id), r("shift.removed"))}>
        {r("remove")}
      </Button>
    );
    columns.push({ key: "verbs", title: "", width: 88, cell });
  }
  return (
    <>
      {roster.empty.length > 0 && (
        <div className="banner banner-bad" role="status" data-testid="roster-empty">
          {r("roster.empty", { units: roster.empty.map(({ name }) => name).join("、") })}
        </div>
      )}
      {roster.items.length === 0 ? (
        <Empty title={r("roster.none")} hint={r("roster.none.hint")} />
      ) : (
        <Table label={r("tab.roster")} testId="duty-shifts" columns={columns} rows={roster.items} rowKey={(row) => row.id} />
      )}
    </>
  );
}

function ShiftDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const r = useReadinessTexts();
  const { own, options } = useDivisions();
  const { act, busy } = useActing("duty", onClose);
  const [unit, setUnit] = useState(own);
  const [begins, setBegins] = useState(() => localInput(new Date()));
  const [ends, setEnds] = useState(() => localInput(new Date(Date.now() + TWELVE_HOURS_MS)));
  const [name, setName] = useState("");
  const [phone, setPhone] = useState("");
  const [note, setNote] = useState("");
  const ready = [name, phone, begins, ends].every((text) => text.trim() !== "") && ends > begins;
  const submit = () =>
    act(() => duty.addShift({ unit, begins_at: new Date(begins).toISOString(), ends_at: new Date(ends).toISOString(), name, phone, note }), r("shift.added"));
  return (
    <Dialog title={r("shift.new")} verb={r("save")} busy={busy} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <Field label={t("column.unit")}>
        <Select showSearch value={unit} options={options} onChange={setUnit} />
      </Field>
      <div className="field-row">
        <Field label={r("begins")}>
          <Input type="datetime-local" value={begins} onChange={(event) => setBegins(event.target.value)} />
        </Field>
        <Field label={r("ends")}>
          <Input type="datetime-local" min={begins} value={ends} onChange={(event) => setEnds(event.target.value)} />
        </Field>
      </div>
      <Field label={r("name")}>
        <Input autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} data-testid="shift-name" />
      </Field>
      <Field label={r("phone")}>
        <Input inputMode="tel" maxLength={30} value={phone} onChange={(event) => setPhone(event.target.value)} data-testid="shift-phone" />
      </Field>
      <Field label={r("note")}>
        <Input value={note} maxLength={200} onChange={(event) => setNote(event.target.value)} />
      </Field>
    </Dialog>
  );
}
