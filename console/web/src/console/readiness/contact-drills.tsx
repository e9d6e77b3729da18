// Drills in which people of the register are called: who was reached, who can't be.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useLocation } from "wouter";
import { duty, type ContactCall, type ContactDrillDetail, type ContactDrillRow, type Duty } from "../../api/readiness";
import { Dialog, Field } from "../components/dialog";
import { DetailHead, Part, Split } from "../components/layout";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useActing } from "./acting";
import { ReadinessHead } from "./page";
import { DUTIES } from "./people";
import { useReadinessTexts } from "./text";

const HERE = "/readiness?tab=drills";

/** The part. */
export function ContactDrills({ chosen }: { chosen: string | undefined }) {
  const r = useReadinessTexts();
  const may = useMay();
  const [, navigate] = useLocation();
  const columns = useColumns();
  const [beginning, setBeginning] = useState(false);
  const query = useQuery({ queryKey: ["contact-drills"], queryFn: duty.drills });
  const open = (id: string) => navigate(`/readiness/${id}?tab=drills`, { replace: true });
  return (
    <>
      <ReadinessHead>
        {may("duty.write") && (
          <Button type="primary" size="small" onClick={() => setBeginning(true)} data-testid="contact-drill-new">
            {r("drill.new")}
          </Button>
        )}
      </ReadinessHead>
      {beginning && <BeginDialog onClose={() => setBeginning(false)} />}
      <Split
        onClose={() => navigate(HERE, { replace: true })}
        detail={chosen !== undefined && <Drill key={chosen} id={chosen} />}
        list={
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={r("drills.empty")} hint={r("drills.empty.hint")} />
              ) : (
                <Table label={r("tab.drills")} testId="contact-drills" columns={columns} rows={items} rowKey={(row) => row.id} chosen={chosen ?? null} onChoose={open} />
              )
            }
          </Answer>
        }
      />
    </>
  );
}

function useColumns(): Column<ContactDrillRow>[] {
  const t = useText();
  const r = useReadinessTexts();
  return [
    { key: "title", title: r("drill.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "unit", title: t("column.unit"), width: 104, optional: true, cell: (row) => row.unit.name },
    { key: "reached", title: r("reached"), width: 104, numeric: true, cell: (row) => `${row.reached} / ${row.called}` },
    { key: "left", title: r("not_called"), width: 88, numeric: true, cell: (row) => row.people - row.called || "" },
    { key: "state", title: t("column.state"), width: 88, cell: (row) => <Chip tone={row.ended_at ? "plain" : "accent"}>{r(row.ended_at ? "ended" : "drill.running")}</Chip> },
    { key: "started", title: r("started"), width: 128, optional: true, cell: (row) => <Time at={row.started_at} /> },
  ];
}

function Drill({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["contact-drills", id], queryFn: () => duty.drill(id) });
  return <Answer query={query}>{(detail) => <Calls detail={detail} />}</Answer>;
}

function Calls({ detail }: { detail: ContactDrillDetail }) {
  const r = useReadinessTexts();
  const { row, calls, may_work: works } = detail;
  const { act, busy } = useActing("contact-drills");
  return (
    <article data-testid="contact-drill">
      <DetailHead
        title={row.title}
        marks={
          <>
            <Chip tone={row.ended_at ? "plain" : "accent"}>{r(row.ended_at ? "ended" : "drill.running")}</Chip>
            <span>{r("drill.told", { reached: row.reached, called: row.called, people: row.people })}</span>
          </>
        }
      />
      {works && (
        <div className="verbs">
          <Button disabled={busy} onClick={() => act(() => duty.endDrill(row.id), r("drill.ended"))} data-testid="contact-drill-end">
            {r("drill.end")}
          </Button>
        </div>
      )}
      <Part title={r("calls")}>
        <ul className="calls">
          {calls.map((call) => (
            <Call key={call.person.id} call={call} works={works && !busy} onCall={(reached) => act(() => duty.call(row.id, call.person.id, reached), r(reached ? "call.reached" : "call.missed"))} />
          ))}
        </ul>
      </Part>
    </article>
  );
}

function Call({ call, works, onCall }: { call: ContactCall; works: boolean; onCall: (reached: boolean) => void }) {
  const r = useReadinessTexts();
  const { person } = call;
  return (
    <li data-testid="call">
      <span className="call-who">
        <Outside text={person.name} />
        <span className="quiet">
          {person.unit.name} · {r(`duty.${person.duty}`)}
        </span>
      </span>
      <a className="mono" href={`tel:${person.phone.replace(/[^\d+]/g, "")}`}>
        {person.phone}
      </a>
      {call.reached === null || call.reached === undefined ? (
        <span className="call-verbs">
          {works && (
            <>
              <Button size="small" onClick={() => onCall(true)} data-testid="call-reached">
                {r("call.yes")}
              </Button>
              <Button size="small" onClick={() => onCall(false)} data-testid="call-missed">
                {r("call.no")}
              </Button>
            </>
          )}
        </span>
      ) : (
        <span className="call-verbs">
          <Chip tone={call.reached ? "good" : "bad"}>{r(call.reached ? "call.yes" : "call.no")}</Chip>
          <Time at={call.called_at} />
          {works && (
            <button type="button" className="link" onClick={() => onCall(!call.reached)}>
              {r("call.correct")}
            </button>
          )}
        </span>
      )}
    </li>
  );
}

function BeginDialog({ onClose }: { onClose: () => void }) {
  const r = useReadinessTexts();
  const { act, busy } = useActing("contact-drills", onClose);
  const [title, setTitle] = useState("");
  const [duties, setDuties] = useState<Duty[]>(["liaison"]);
  return (
    <Dialog title={r("drill.new")} verb={r("drill.begin")} busy={busy} disabled={title.trim() === "" || duties.length === 0} onClose={onClose} onSubmit={() => act(() => duty.beginDrill(title.trim(), duties), r("drill.begun"))}>
      <Field label={r("drill.title")}>
        <Input autoFocus maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} data-testid="contact-drill-title" />
      </Field>
      <Field label={r("drill.duties")} hint={r("drill.duties.hint")}>
        <Select mode="multiple" value={duties} options={DUTIES.map((value) => ({ value, label: r(`duty.${value}`) }))} onChange={setDuties} />
      </Field>
    </Dialog>
  );
}
