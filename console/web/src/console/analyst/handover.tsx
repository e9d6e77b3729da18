// Handover between shifts: words and numbers of the moment, and who took over.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { HandoverNumbers, HandoverRow } from "../../api/types";
import { Field } from "../components/dialog";
import { Card, PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Chip, Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

const DRAFT = "fengsui.handover-draft";

/** The page. */
export function HandoverPage() {
  const t = useText();
  const may = useMay();
  const query = useQuery({ queryKey: ["handovers"], queryFn: calls.handovers.list });
  return (
    <div className="page">
      <PageHead title={t("nav.handover")} />
      <div className="columns">
        <div className="column-main">
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Card>
                  <Empty title={t("handover.empty")} hint={t("handover.empty.hint")} />
                </Card>
              ) : (
                <>
                  {items.map((row) => (
                    <Handover key={row.id} row={row} />
                  ))}
                </>
              )
            }
          </Answer>
        </div>
        <div className="column-side">{may("handover.write") && <Writer />}</div>
      </div>
    </div>
  );
}

function Handover({ row }: { row: HandoverRow }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const take = useMutation({
    mutationFn: () => calls.handovers.take(row.id),
    onSuccess: (next) => client.setQueryData(["handovers"], next),
    onError: notices.failed,
  });
  return (
    <Card
      title={t("handover.of", { name: row.author })}
      extra={
        <>
          <Time at={row.created_at} />
          {row.taken_by ? (
            <Chip tone="good">{t("handover.taken", { name: row.taken_by })}</Chip>
          ) : row.may_take ? (
            <Button type="primary" size="small" loading={take.isPending} onClick={() => take.mutate()} data-testid="handover-take">
              {t("handover.take")}
            </Button>
          ) : (
            <Chip tone="warn">{t("handover.waiting")}</Chip>
          )}
        </>
      }
    >
      <p className="prose">
        <Outside text={row.text} />
      </p>
      <Numbers numbers={row.numbers} />
      <ul className="lines">
        {row.incidents.map((incident) => (
          <li key={incident.id}>
            <span className="mono">{incident.number}</span>
            <Link href={`/incidents/${incident.id}`} className="line-title">
              <Outside text={incident.title} />
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Numbers({ numbers }: { numbers: HandoverNumbers }) {
  const t = useText();
  const word = useWord();
  const { critical, high } = numbers.alerts_open;
  const shown: [string, number, boolean][] = [
    [word("severity", "critical"), critical, critical > 0],
    [word("severity", "high"), high, false],
    [t("desk.incidents_open"), numbers.incidents_open, false],
    [t("desk.tasks_open"), numbers.tasks_open, false],
    [t("desk.tasks_overdue"), numbers.tasks_overdue, numbers.tasks_overdue > 0],
    [t("handover.sensors_bad"), numbers.sensors_bad, numbers.sensors_bad > 0],
  ];
  return (
    <dl className="numbers">
      {shown.map(([label, count, bad]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={bad ? "bad" : undefined}>{count}</dd>
        </div>
      ))}
    </dl>
  );
}

function Writer() {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [text, setText] = useState(() => sessionStorage.getItem(DRAFT) ?? "");
  const [incidents, setIncidents] = useState<string[]>([]);
  const numbers = useQuery({ queryKey: ["handover-numbers"], queryFn: calls.handovers.numbers, refetchInterval: 60_000 });
  const open = useQuery({ queryKey: ["incidents", "handover"], queryFn: () => calls.incidents.list({ state: "open", limit: 100 }) });
  const write = (next: string) => {
    sessionStorage.setItem(DRAFT, next);
    setText(next);
  };
  const send = useMutation({
    mutationFn: () => calls.handovers.create({ text: text.trim(), incident_ids: incidents }),
    onSuccess: (next) => {
      client.setQueryData(["handovers"], next);
      write("");
      setIncidents([]);
      notices.done(t("handover.done"));
    },
    onError: notices.failed,
  });
  return (
    <Card title={t("handover.new")}>
      <div className="form">
        {numbers.data && <Numbers numbers={numbers.data} />}
        <Field label={t("handover.text")}>
          <Input.TextArea
            rows={6}
            value={text}
            placeholder={t("handover.text.hint")}
            onChange={(event) => write(event.target.value)}
            data-testid="handover-text"
          />
        </Field>
        <Field label={t("handover.incidents")}>
          <Select
            mode="multiple"
            value={incidents}
            onChange={setIncidents}
            placeholder={t("handover.incidents.hint")}
            options={(open.data?.items ?? []).map((row) => ({ value: row.id, label: `${row.number} ${row.title}` }))}
          />
        </Field>
        <Button type="primary" disabled={!text.trim()} loading={send.isPending} onClick={() => send.mutate()} data-testid="handover-send">
          {t("handover.send")}
        </Button>
      </div>
    </Card>
  );
}
