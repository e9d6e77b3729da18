// Records of training and examinations, which count in the scorecards.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { duty, type TrainingKind, type TrainingRow } from "../../api/readiness";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Segments } from "../components/layout";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useActing } from "./acting";
import { ReadinessHead, useDivisions } from "./page";
import { useReadinessTexts } from "./text";

const KINDS: readonly TrainingKind[] = ["course", "exam", "exercise"];

/** The part. */
export function Trainings() {
  const r = useReadinessTexts();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const query = useQuery({ queryKey: ["trainings"], queryFn: duty.trainings });
  return (
    <>
      <ReadinessHead note={r("trainings.note")}>
        {may("duty.write") && (
          <Button type="primary" size="small" onClick={() => setAdding(true)} data-testid="training-new">
            {r("training.new")}
          </Button>
        )}
      </ReadinessHead>
      {adding && <TrainingDialog onClose={() => setAdding(false)} />}
      <Answer query={query}>{({ items }) => <Records rows={items} />}</Answer>
    </>
  );
}

function Records({ rows }: { rows: TrainingRow[] }) {
  const t = useText();
  const r = useReadinessTexts();
  const may = useMay();
  const { act, busy } = useActing("trainings");
  if (rows.length === 0) return <Empty title={r("trainings.empty")} hint={r("trainings.empty.hint")} />;
  const percent = (part: number, of: number) => (of === 0 ? "" : `${Math.round((part / of) * 100)}%`);
  const columns: Column<TrainingRow>[] = [
    { key: "held", title: r("held"), width: 128, cell: (row) => <Time at={row.held_at} /> },
    { key: "kind", title: r("kind"), width: 72, cell: (row) => r(`training.${row.kind}`) },
    { key: "title", title: r("training.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "unit", title: t("column.unit"), width: 128, cell: (row) => row.unit.name },
    { key: "attended", title: r("attended"), width: 112, numeric: true, cell: (row) => `${row.attended} / ${row.expected}` },
    { key: "share", title: r("attended.share"), width: 80, numeric: true, cell: (row) => percent(row.attended, row.expected) },
    { key: "passed", title: r("passed"), width: 80, numeric: true, cell: (row) => (row.passed === null || row.passed === undefined ? "" : percent(row.passed, row.attended)) },
  ];
  if (may("duty.write")) {
    const cell = (row: TrainingRow) => (
      <Button size="small" disabled={busy} onClick={() => act(() => duty.removeTraining(row.id), r("training.removed"))}>
        {r("remove")}
      </Button>
    );
    columns.push({ key: "verbs", title: "", width: 88, cell });
  }
  return <Table label={r("tab.trainings")} testId="trainings" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

function TrainingDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const r = useReadinessTexts();
  const { own, options } = useDivisions();
  const { act, busy } = useActing("trainings", onClose);
  const [unit, setUnit] = useState(own);
  const [kind, setKind] = useState<TrainingKind>("course");
  const [title, setTitle] = useState("");
  const [held, setHeld] = useState(() => localInput(new Date()));
  const [numbers, setNumbers] = useState({ expected: "", attended: "", passed: "" });
  const number = (name: keyof typeof numbers) => (
    <Field label={r(name)}>
      <Input type="number" min={0} value={numbers[name]} onChange={(event) => setNumbers({ ...numbers, [name]: event.target.value })} data-testid={`training-${name}`} />
    </Field>
  );
  const [expected, attended, passed] = [Number(numbers.expected), Number(numbers.attended), kind === "exam" ? Number(numbers.passed) : null];
  const fits = expected > 0 && attended >= 0 && attended <= expected && (passed === null || (numbers.passed !== "" && passed >= 0 && passed <= attended));
  const ready = title.trim() !== "" && held !== "" && numbers.attended !== "" && fits;
  const submit = () => act(() => duty.addTraining({ unit, kind, title, held_at: new Date(held).toISOString(), expected, attended, passed }), r("training.added"));
  return (
    <Dialog title={r("training.new")} verb={r("save")} busy={busy} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <Field label={t("column.unit")}>
        <Select showSearch value={unit} options={options} onChange={setUnit} />
      </Field>
      <div className="field">
        <span className="field-label">{r("kind")}</span>
        <Segments label={r("kind")} value={kind} options={KINDS.map((value) => ({ value, label: r(`training.${value}`) }))} onChange={setKind} />
      </div>
      <Field label={r("training.title")}>
        <Input autoFocus maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} data-testid="training-title" />
      </Field>
      <Field label={r("held")}>
        <Input type="datetime-local" max={localInput(new Date())} value={held} onChange={(event) => setHeld(event.target.value)} />
      </Field>
      <div className="field-row">
        {number("expected")}
        {number("attended")}
        {kind === "exam" && number("passed")}
      </div>
    </Dialog>
  );
}
