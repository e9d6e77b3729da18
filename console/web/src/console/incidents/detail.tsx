// One incident: what is known, who it is about, what happened when, what is being done.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { IncidentDetail } from "../../api/types";
import { SimilarList } from "../alerts/detail";
import { entityPath } from "../analyst/entity-path";
import { Icon } from "../components/icons";
import { Card, Segments } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer } from "../components/states";
import { Chip, ClockLine, Countdown, Outside, Time } from "../components/values";
import { useKeys } from "../core/keys";
import { useNotices } from "../core/notices";
import { useChoice, useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { DispatchDialog } from "./dispatch-dialog";
import { GradeDialog } from "./grade-dialog";
import { GradeMark } from "./page";
import { Participants } from "./participants";
import { AttackMatrix, Evidence, IncidentGraph, ReportTab } from "./tabs";

/** The page of an incident. */
export function IncidentView({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["incident", id], queryFn: () => calls.incidents.read(id) });
  return (
    <div className="page" data-testid="incident">
      <Answer query={query} rows={12}>
        {(detail) => <Incident detail={detail} />}
      </Answer>
    </div>
  );
}

function useChange(id: string) {
  const client = useQueryClient();
  const notices = useNotices();
  return useMutation({
    mutationFn: (act: () => Promise<IncidentDetail>) => act(),
    onSuccess: (detail) => {
      client.setQueryData(["incident", id], detail);
      for (const key of ["incidents", "overview", "alert"]) void client.invalidateQueries({ queryKey: [key] });
    },
    onError: notices.failed,
  });
}

type DialogName = "dispatch" | "close" | "reopen" | "grade" | null;

const TABS = ["about", "graph", "attack", "evidence", "report"] as const;
type Tab = (typeof TABS)[number];

function Tabs({ tab, onChange }: { tab: Tab; onChange: (tab: Tab) => void }) {
  const t = useText();
  return (
    <div className="incident-tabs">
      <Segments label={t("detail")} value={tab} options={TABS.map((value) => ({ value, label: t(`incident_tab.${value}`) }))} onChange={onChange} />
    </div>
  );
}

function Incident({ detail }: { detail: IncidentDetail }) {
  const { row } = detail;
  const [dialog, setDialog] = useState<DialogName>(null);
  const [search, setSearch] = useSearchParams();
  const tab = TABS.find((known) => known === search.get("tab")) ?? "about";
  const change = useChange(row.id);
  return (
    <>
      <Head detail={detail} setDialog={setDialog} />
      <Tabs tab={tab} onChange={(next) => setSearch(next === "about" ? {} : { tab: next }, { replace: true })} />
      {tab === "graph" && <IncidentGraph detail={detail} />}
      {tab === "attack" && <AttackMatrix ids={detail.techniques.concat(detail.alerts.flatMap((alert) => alert.techniques))} />}
      {tab === "evidence" && <Evidence detail={detail} />}
      {tab === "report" && <ReportTab detail={detail} />}
      {tab === "about" && (
        <div className="columns">
          <div className="column-main">
            <About detail={detail} />
            <Tasks detail={detail} />
            <Alerts detail={detail} />
            <Comments detail={detail} onSend={(text) => change.mutate(() => calls.incidents.comment(row.id, text))} />
          </div>
          <div className="column-side">
            <Clocks detail={detail} />
            <Participants detail={detail} change={change.mutate} />
            <Entities detail={detail} />
            <Timeline detail={detail} />
          </div>
        </div>
      )}
      <Dialogs detail={detail} dialog={dialog} onClose={() => setDialog(null)} change={change.mutate} />
    </>
  );
}

interface DialogsProps {
  detail: IncidentDetail;
  dialog: DialogName;
  onClose: () => void;
  change: (act: () => Promise<IncidentDetail>) => void;
}

function Dialogs({ detail, dialog, onClose, change }: DialogsProps) {
  const t = useText();
  const { id, task_open } = detail.row;
  if (dialog === "dispatch") return <DispatchDialog incident={id} onClose={onClose} onDone={onClose} />;
  if (dialog === "grade") {
    return <GradeDialog detail={detail} onClose={onClose} onSubmit={(body) => change(() => calls.incidents.grade(id, body))} />;
  }
  if (dialog === "close") {
    return (
      <ReasonDialog
        title={t("incident.close")}
        verb={t("verb.close")}
        hint={task_open > 0 ? t("incident.close.open_tasks", { n: task_open }) : t("incident.close.hint")}
        onClose={onClose}
        onSubmit={(reason) => change(() => calls.incidents.close(id, reason))}
      />
    );
  }
  if (dialog === "reopen") {
    return (
      <ReasonDialog
        title={t("incident.reopen")}
        verb={t("incident.reopen")}
        onClose={onClose}
        onSubmit={(reason) => change(() => calls.incidents.reopen(id, reason))}
      />
    );
  }
  return null;
}

function Head({ detail, setDialog }: { detail: IncidentDetail; setDialog: (dialog: DialogName) => void }) {
  const t = useText();
  const may = useMay();
  const choose = useChoice();
  const word = useWord();
  const [, navigate] = useLocation();
  const { row } = detail;
  const open = row.state === "open";
  const mayDispatch = open && may("task.issue");
  useKeys([
    { key: "Escape", label: "key.back", run: () => navigate("/incidents") },
    ...(mayDispatch ? [{ key: "d", label: "key.dispatch" as const, run: () => setDialog("dispatch") }] : []),
  ]);
  return (
    <header className="page-head incident-head">
      <div>
        <div className="detail-meta">
          <Link href="/incidents">{t("nav.incidents")}</Link>
          <span className="mono">{row.number}</span>
          <Chip tone={open ? "accent" : "plain"}>{word("incident_state", row.state)}</Chip>
          <GradeMark row={row} />
          <span>{row.unit.name}</span>
          <span>{word("domain", row.domain)}</span>
          <span className="quiet">{row.owner?.display_name ?? t("incident.machine")}</span>
        </div>
        <h1>
          <Outside text={choose(row.title, row.title_en)} />
        </h1>
        {row.taken_in_by && (
          <p className="quiet" data-testid="taken-in">
            {t("incident.taken_in")} <Link href={`/incidents/${row.taken_in_by}`}>{t("incident.taken_in.open")}</Link>
          </p>
        )}
      </div>
      <div className="page-actions">
        {open && may("incident.write") && <Button onClick={() => setDialog("grade")} data-testid="judge">{t("incident.judge")}</Button>}
        {open && may("incident.write") && <Button onClick={() => setDialog("close")}>{t("verb.close")}</Button>}
        {!open && may("incident.write") && <Button onClick={() => setDialog("reopen")}>{t("incident.reopen")}</Button>}
        {mayDispatch && (
          <Button type="primary" onClick={() => setDialog("dispatch")} data-testid="dispatch">
            {t("verb.dispatch")} <kbd>d</kbd>
          </Button>
        )}
      </div>
    </header>
  );
}

function About({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const choose = useChoice();
  return (
    <Card title={t("incident.about")}>
      {detail.summary && (
        <p className="prose">
          <Outside text={detail.summary} />
        </p>
      )}
      <ul className="reasons">
        {detail.explanation.map((line, index) => (
          <li key={index}>
            <Outside text={choose(line.zh, line.en)} />
          </li>
        ))}
      </ul>
      <div className="detail-meta">
        {detail.techniques.map((id) => (
          <Chip key={id}>{id}</Chip>
        ))}
      </div>
      {detail.grade_basis && (
        <p className="quiet">
          {t("incident.basis")}
          <Outside text={detail.grade_basis} />
        </p>
      )}
    </Card>
  );
}

function Tasks({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const word = useWord();
  return (
    <Card title={t("incident.tasks", { n: detail.tasks.length })}>
      {detail.tasks.length === 0 && <p className="quiet">{t("incident.tasks.none")}</p>}
      <ul className="lines">
        {detail.tasks.map((task) => (
          <li key={task.id}>
            <span className="mono">{task.number}</span>
            <Link href={`/tasks/${task.id}?state=all`} className="line-title">
              {`${task.unit.name} · `}
              <Outside text={task.title} />
            </Link>
            <Chip tone={task.overdue ? "bad" : task.state === "submitted" ? "warn" : "plain"}>{word("task_state", task.state)}</Chip>
            <Countdown dueAt={task.due_at} done={Boolean(task.submitted_at)} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Alerts({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const [, navigate] = useLocation();
  return (
    <Card title={t("incident.alerts", { n: detail.row.alert_count })}>
      <SimilarList rows={detail.alerts} onShow={(id) => navigate(`/alerts/${id}?state=all&grouped=false`)} />
      {detail.row.alert_count > detail.alerts.length && (
        <p className="more-line">
          <Link to={`/alerts?state=all&incident=${detail.row.id}`} data-testid="incident-all-alerts">
            {t("incident.alerts.all", { n: detail.row.alert_count, shown: detail.alerts.length })}
          </Link>
        </p>
      )}
    </Card>
  );
}

function Comments({ detail, onSend }: { detail: IncidentDetail; onSend: (text: string) => void }) {
  const t = useText();
  const may = useMay();
  const [text, setText] = useState("");
  const send = () => {
    if (!text.trim()) return;
    onSend(text.trim());
    setText("");
  };
  return (
    <Card title={t("incident.comments")}>
      <ul className="comments">
        {detail.comments.map((comment) => (
          <li key={comment.id}>
            <div className="quiet">
              {comment.author} <Time at={comment.time} />
            </div>
            <p className="prose">
              <Outside text={comment.text} />
            </p>
          </li>
        ))}
      </ul>
      {may("incident.comment") && (
        <div className="comment-box">
          <Input.TextArea
            rows={2}
            value={text}
            placeholder={t("incident.comment.placeholder")}
            aria-label={t("incident.comment.placeholder")}
            onChange={(event) => setText(event.target.value)}
          />
          <Button onClick={send} disabled={!text.trim()}>
            {t("send")}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Clocks({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  if (detail.clocks.length === 0) return null;
  return (
    <Card title={t("clocks")}>
      {detail.clocks.map((clock) => (
        <ClockLine key={clock.id} clock={clock} />
      ))}
    </Card>
  );
}

function Entities({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const word = useWord();
  return (
    <Card title={t("alert.entities")}>
      <ul className="entities">
        {detail.entities.map((entity, index) => (
          <li key={index}>
            <span className="quiet">{`${word("entity_role", entity.role)} · ${word("entity", entity.kind)}`}</span>
            <Link href={entityPath(entity.kind, entity.value)} className="mono">
              <Outside text={entity.value} />
            </Link>
            {entity.asset && <Outside text={entity.asset} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}

const TIMELINE_ICON = { alert: "alert", task: "task", comment: "incident", incident: "incident" } as const;

function Timeline({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const choose = useChoice();
  return (
    <Card title={t("incident.timeline")}>
      <ol className="timeline">
        {detail.timeline.map((entry, index) => (
          <li key={index}>
            <Icon name={TIMELINE_ICON[entry.kind as keyof typeof TIMELINE_ICON] ?? "check"} size={14} />
            <div>
              <Time at={entry.time} /> <span className="quiet">{entry.actor}</span>
              <p>
                <Outside text={choose(entry.text_zh, entry.text_en)} />
              </p>
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
