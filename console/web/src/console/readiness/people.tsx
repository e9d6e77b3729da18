// The responsibility register: who answers for which unit, and which units lack somebody.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { duty, type Duty, type DutyPerson, type DutyRegister } from "../../api/readiness";
import { Dialog, Field } from "../components/dialog";
import { Segments } from "../components/layout";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useActing } from "./acting";
import { ReadinessHead, useDivisions } from "./page";
import { useReadinessTexts } from "./text";

/** Duties in the order of a register. */
export const DUTIES: readonly Duty[] = ["leader", "responsible", "liaison", "backup"];

type Shown = "people" | "gaps";

/** The part. */
export function People() {
  const r = useReadinessTexts();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const [shown, setShown] = useState<Shown>("people");
  const query = useQuery({ queryKey: ["duty", "people"], queryFn: duty.people });
  const { data } = query;
  return (
    <>
      <ReadinessHead note={data && r("people.note", { n: data.units - data.gaps.length, of: data.units })}>
        <Segments
          label={r("people.view")}
          value={shown}
          options={[
            { value: "people", label: r("people"), ...(data ? { count: data.items.length } : {}) },
            { value: "gaps", label: r("gaps"), ...(data ? { count: data.gaps.length } : {}) },
          ]}
          onChange={setShown}
        />
        {may("duty.write") && (
          <Button type="primary" size="small" onClick={() => setAdding(true)} data-testid="person-new">
            {r("person.new")}
          </Button>
        )}
      </ReadinessHead>
      {adding && <PersonDialog onClose={() => setAdding(false)} />}
      <Answer query={query}>{(register) => (shown === "people" ? <Register register={register} /> : <Gaps register={register} />)}</Answer>
    </>
  );
}

function Register({ register }: { register: DutyRegister }) {
  const t = useText();
  const r = useReadinessTexts();
  const may = useMay();
  const { act, busy } = useActing("duty");
  if (register.items.length === 0) return <Empty title={r("people.empty")} hint={r("people.empty.hint")} />;
  const columns: Column<DutyPerson>[] = [
    { key: "unit", title: t("column.unit"), width: 128, cell: (row) => row.unit.name },
    { key: "duty", title: r("duty"), width: 104, cell: (row) => r(`duty.${row.duty}`) },
    { key: "name", title: r("name"), width: 144, cell: (row) => <Outside text={row.name} /> },
    { key: "post", title: r("post"), cell: (row) => <Outside text={row.post} /> },
    { key: "phone", title: r("phone"), width: 168, cell: (row) => <span className="mono">{row.phone}</span> },
    { key: "recorded", title: r("recorded"), width: 128, cell: (row) => <Time at={row.recorded_at} /> },
  ];
  if (may("duty.write")) {
    const cell = (row: DutyPerson) => (
      <Button size="small" disabled={busy} onClick={() => act(() => duty.end(row.id), r("person.ended"))}>
        {r("person.end")}
      </Button>
    );
    columns.push({ key: "verbs", title: "", width: 88, cell });
  }
  return <Table label={r("people")} testId="duty-people" columns={columns} rows={register.items} rowKey={(row) => row.id} />;
}

function Gaps({ register }: { register: DutyRegister }) {
  const t = useText();
  const r = useReadinessTexts();
  if (register.gaps.length === 0) return <Empty title={r("gaps.none")} hint={r("gaps.none.hint")} />;
  const columns: Column<DutyRegister["gaps"][number]>[] = [
    { key: "unit", title: t("column.unit"), width: 160, cell: (row) => row.unit.name },
    {
      key: "duties",
      title: r("gaps.lack"),
      cell: (row) => (
        <span className="readiness-chips">
          {row.duties.map((one) => (
            <Chip key={one} tone="warn">
              {r(`duty.${one}`)}
            </Chip>
          ))}
        </span>
      ),
    },
  ];
  return <Table label={r("gaps")} testId="duty-gaps" columns={columns} rows={register.gaps} rowKey={(row) => row.unit.code} />;
}

function PersonDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const r = useReadinessTexts();
  const { own, options } = useDivisions();
  const { act, busy } = useActing("duty", onClose);
  const [unit, setUnit] = useState(own);
  const [kind, setKind] = useState<Duty>("liaison");
  const [name, setName] = useState("");
  const [post, setPost] = useState("");
  const [phone, setPhone] = useState("");
  const ready = [name, post, phone].every((text) => text.trim() !== "");
  const submit = () => act(() => duty.add({ unit, duty: kind, name, post, phone }), r("person.added"));
  return (
    <Dialog title={r("person.new")} verb={r("save")} busy={busy} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <Field label={t("column.unit")}>
        <Select showSearch value={unit} options={options} onChange={setUnit} />
      </Field>
      <div className="field">
        <span className="field-label">{r("duty")}</span>
        <Segments label={r("duty")} value={kind} options={DUTIES.map((value) => ({ value, label: r(`duty.${value}`) }))} onChange={setKind} />
      </div>
      <Field label={r("name")}>
        <Input autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} data-testid="person-name" />
      </Field>
      <Field label={r("post")}>
        <Input maxLength={200} value={post} onChange={(event) => setPost(event.target.value)} data-testid="person-post" />
      </Field>
      <Field label={r("phone")} hint={r("phone.hint")}>
        <Input inputMode="tel" maxLength={30} value={phone} onChange={(event) => setPhone(event.target.value)} data-testid="person-phone" />
      </Field>
    </Dialog>
  );
}
