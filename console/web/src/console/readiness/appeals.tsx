// Appeals against scorecards, and talks with whoever answers for a unit.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { appeals, type AppealRow, type TalkRow } from "../../api/readiness";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Card } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Chip, Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { SupervisionHead } from "../supervision/head";
import { useActing } from "./acting";
import { useDivisions } from "./page";
import { useReadinessTexts } from "./text";
import "../../styles/readiness.css";

const DAY_MS = 86_400_000;

/** Both, side by side. */
export function AppealsView() {
  const r = useReadinessTexts();
  const may = useMay();
  const [asked, setAsked] = useState<"appeal" | "talk" | null>(null);
  const { act } = useActing("appeals");
  const list = useQuery({ queryKey: ["appeals", "list"], queryFn: appeals.list });
  const talks = useQuery({ queryKey: ["appeals", "talks"], queryFn: appeals.talks });
  const appeal = (text: string) => {
    const now = Date.now();
    act(() => appeals.create({ from: new Date(now - 30 * DAY_MS).toISOString(), to: new Date(now).toISOString(), text }), r("appeal.made"));
  };
  return (
    <div className="workspace">
      <SupervisionHead tab="appeals">
        {may("appeal.write") && (
          <Button size="small" onClick={() => setAsked("appeal")} data-testid="appeal-new">
            {r("appeal.new")}
          </Button>
        )}
        {may("talk.write") && (
          <Button type="primary" size="small" onClick={() => setAsked("talk")} data-testid="talk-new">
            {r("talk.new")}
          </Button>
        )}
      </SupervisionHead>
      <div className="halves">
        <Card title={r("appeals")}>
          <Answer query={list} rows={3}>
            {({ items }) => (items.length === 0 ? <Empty title={r("appeals.empty")} hint={r("appeals.empty.hint")} /> : <ul className="papers" data-testid="appeals">{items.map((row) => <Appeal key={row.id} row={row} />)}</ul>)}
          </Answer>
        </Card>
        <Card title={r("talks")}>
          <Answer query={talks} rows={3}>
            {({ items }) => (items.length === 0 ? <Empty title={r("talks.empty")} hint={r("talks.empty.hint")} /> : <ul className="papers" data-testid="talks">{items.map((row) => <Talk key={row.id} row={row} />)}</ul>)}
          </Answer>
        </Card>
      </div>
      {asked === "appeal" && <ReasonDialog title={r("appeal.new")} verb={r("appeal.send")} label={r("appeal.text")} hint={r("appeal.hint")} onClose={() => setAsked(null)} onSubmit={appeal} />}
      {asked === "talk" && <TalkDialog onClose={() => setAsked(null)} />}
    </div>
  );
}

function Appeal({ row }: { row: AppealRow }) {
  const r = useReadinessTexts();
  const [asked, setAsked] = useState<boolean | null>(null);
  const { act } = useActing("appeals");
  return (
    <li data-testid="appeal" data-state={row.state}>
      <p className="paper-head">
        <Chip tone={({ open: "accent", accepted: "good", refused: "plain" } as const)[row.state]}>{r(`appeal.${row.state}`)}</Chip>
        <strong>{row.unit.name}</strong>
        <span className="quiet">
          <Outside text={row.asked_by} /> <Time at={row.asked_at} />
        </span>
      </p>
      <p className="pre-line">
        <Outside text={row.text} />
      </p>
      {row.decision && (
        <p className="quiet">
          <Outside text={row.decided_by} /> <Time at={row.decided_at} />：<Outside text={row.decision} />
        </p>
      )}
      {row.may_decide && (
        <div className="verbs">
          <Button type="primary" size="small" onClick={() => setAsked(true)} data-testid="appeal-accept">
            {r("appeal.accept")}
          </Button>
          <Button size="small" onClick={() => setAsked(false)}>
            {r("appeal.refuse")}
          </Button>
        </div>
      )}
      {asked !== null && <ReasonDialog title={r(asked ? "appeal.accept" : "appeal.refuse")} verb={r(asked ? "appeal.accept" : "appeal.refuse")} onClose={() => setAsked(null)} onSubmit={(reason) => act(() => appeals.decide(row.id, { approve: asked, reason }), r("appeal.decided"))} />}
    </li>
  );
}

function Talk({ row }: { row: TalkRow }) {
  const r = useReadinessTexts();
  const [closing, setClosing] = useState(false);
  const { act } = useActing("appeals");
  const state = row.closed_at ? "closed" : row.overdue ? "overdue" : "open";
  return (
    <li data-testid="talk" data-state={state}>
      <p className="paper-head">
        <Chip tone={({ open: "accent", overdue: "bad", closed: "good" } as const)[state]}>{r(`talk.${state}`)}</Chip>
        <strong>{row.unit.name}</strong>
        <Outside text={row.person} />
        <span className="quiet">
          <Outside text={row.recorded_by} /> <Time at={row.held_at} />
        </span>
      </p>
      <p>
        <Outside text={row.reason} />
        <span className="quiet"> <Outside text={row.basis} /></span>
      </p>
      <p className="pre-line">
        <Outside text={row.measures} />
      </p>
      <p className="quiet">
        {r("talk.due")} <Time at={row.due_at} />
        {row.outcome && (
          <>
            {" · "}
            <Outside text={row.closed_by} />：<Outside text={row.outcome} />
          </>
        )}
      </p>
      {row.may_close && (
        <div className="verbs">
          <Button size="small" onClick={() => setClosing(true)} data-testid="talk-close">
            {r("talk.close")}
          </Button>
        </div>
      )}
      {closing && <ReasonDialog title={r("talk.close")} verb={r("talk.close")} label={r("talk.outcome")} onClose={() => setClosing(false)} onSubmit={(text) => act(() => appeals.closeTalk(row.id, text), r("talk.closed.done"))} />}
    </li>
  );
}

function TalkDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const r = useReadinessTexts();
  const { own, options } = useDivisions();
  const below = options.filter(({ value }) => value !== own);
  const { act, busy } = useActing("appeals", onClose);
  const [unit, setUnit] = useState<string>();
  const [texts, setTexts] = useState({ person: "", reason: "", basis: r("talk.basis.draft"), measures: "" });
  const [held, setHeld] = useState(() => localInput(new Date()));
  const [due, setDue] = useState(() => localInput(new Date(Date.now() + 30 * DAY_MS)));
  const set = (name: keyof typeof texts) => (event: { target: { value: string } }) => setTexts({ ...texts, [name]: event.target.value });
  const ready = unit !== undefined && Object.values(texts).every((text) => text.trim() !== "") && due > held;
  const submit = () => act(() => appeals.talk({ unit: unit ?? "", ...texts, held_at: new Date(held).toISOString(), due_at: new Date(due).toISOString() }), r("talk.made"));
  return (
    <Dialog title={r("talk.new")} verb={r("save")} width={640} busy={busy} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <div className="field-row">
        <Field label={t("column.unit")}>
          <Select showSearch {...(unit === undefined ? {} : { value: unit })} placeholder={t("dispatch.units.placeholder")} options={below} onChange={setUnit} data-testid="talk-unit" />
        </Field>
        <Field label={r("talk.person")}>
          <Input maxLength={200} value={texts.person} onChange={set("person")} data-testid="talk-person" />
        </Field>
      </div>
      <Field label={r("reason")}>
        <Input.TextArea rows={2} maxLength={2000} value={texts.reason} onChange={set("reason")} data-testid="talk-reason" />
      </Field>
      <Field label={r("talk.basis")}>
        <Input maxLength={200} value={texts.basis} onChange={set("basis")} />
      </Field>
      <Field label={r("talk.measures")}>
        <Input.TextArea rows={3} value={texts.measures} onChange={set("measures")} data-testid="talk-measures" />
      </Field>
      <div className="field-row">
        <Field label={r("held")}>
          <Input type="datetime-local" max={localInput(new Date())} value={held} onChange={(event) => setHeld(event.target.value)} />
        </Field>
        <Field label={r("talk.due")}>
          <Input type="datetime-local" min={held} value={due} onChange={(event) => setDue(event.target.value)} />
        </Field>
      </div>
    </Dialog>
  );
}
