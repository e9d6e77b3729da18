// Detail of a task: what was asked, what was reported, what the issuer may do about it now.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { TaskDetail } from "../../api/types";
import { byteSize } from "../../lib/bytes";
import { Icon } from "../components/icons";
import { DetailHead, Part } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer } from "../components/states";
import { Chip, Code, Countdown, Fact, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { CascadePart, CascadeVerbs } from "./task-cascade";
import { TaskStateChip } from "./tasks";

/** The detail of one task. */
export function TaskDetailView({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["task", id], queryFn: () => calls.tasks.read(id) });
  return (
    <Answer query={query} rows={10}>
      {(detail) => <Detail detail={detail} />}
    </Answer>
  );
}

function useTaskChange(id: string) {
  const client = useQueryClient();
  const notices = useNotices();
  const t = useText();
  return useMutation({
    mutationFn: (act: () => Promise<TaskDetail>) => act(),
    onSuccess: (detail) => {
      client.setQueryData(["task", id], detail);
      for (const key of ["tasks", "incident", "overview"]) void client.invalidateQueries({ queryKey: [key] });
      notices.done(t("done.task"));
    },
    onError: notices.failed,
  });
}

function Detail({ detail }: { detail: TaskDetail }) {
  const t = useText();
  const { row } = detail;
  return (
    <article data-testid="task-detail" data-state={row.state}>
      <TaskHead detail={detail} />
      <TaskVerbs detail={detail} />
      <CascadePart detail={detail} />
      <Part title={t("task.asked")}>
        <p className="prose">
          <Outside text={detail.instructions} />
        </p>
        <ul className="steps">
          {detail.steps.map((step) => (
            <li key={step.index} className={step.done ? "step-done" : ""}>
              <Icon name={step.done ? "check" : "more"} size={14} />
              <Outside text={step.text} />
              <span className="quiet">{step.done ? t("task.step.done") : t("task.step.open")}</span>
            </li>
          ))}
        </ul>
      </Part>
      <Extension detail={detail} />
      <Reports detail={detail} />
      <TaskHistoryPart detail={detail} />
    </article>
  );
}

function TaskHead({ detail }: { detail: TaskDetail }) {
  const t = useText();
  const { row, target } = detail;
  return (
    <DetailHead
      title={row.title}
      marks={
        <>
          <span className="mono">{row.number}</span>
          <TaskStateChip row={row} />
          {row.incident_id && <Link href={`/incidents/${row.incident_id}`}>{row.incident_title ?? t("nav.incidents")}</Link>}
        </>
      }
    >
      <dl className="facts">
        <Fact label={t("task.unit")}>{row.unit.name}</Fact>
        <Fact label={t("task.issuer")}>{`${row.issuer.unit_name} ${row.issuer.display_name}`}</Fact>
        <Fact label={t("task.left")}>
          <Countdown dueAt={row.due_at} done={Boolean(row.submitted_at)} />
        </Fact>
        <Fact label={t("task.signed")}>{row.signed_at ? <Time at={row.signed_at} /> : t("task.not_yet")}</Fact>
        {target.address && (
          <Fact label={t("task.target")}>
            <Code text={target.address} />
          </Fact>
        )}
        {target.asset && (
          <Fact label={t("task.asset")}>
            <Outside text={target.asset} />
          </Fact>
        )}
      </dl>
    </DetailHead>
  );
}

function TaskVerbs({ detail }: { detail: TaskDetail }) {
  const t = useText();
  const [dialog, setDialog] = useState<"return" | "verify" | "cancel" | null>(null);
  const change = useTaskChange(detail.row.id);
  const { id } = detail.row;
  const may = (verb: string) => detail.allowed.includes(verb);
  const close = () => setDialog(null);
  return (
    <div className="verbs">
      {may("verify") && (
        <Button type="primary" onClick={() => setDialog("verify")} data-testid="task-verify">
          {t("task.verify")}
        </Button>
      )}
      {may("close") && (
        <Button
          type={may("verify") ? "default" : "primary"}
          onClick={() => change.mutate(() => calls.tasks.close(id))}
          data-testid="task-close"
        >
          {t("task.close")}
        </Button>
      )}
      <CascadeVerbs detail={detail} change={change.mutate} />
      {may("return") && <Button onClick={() => setDialog("return")}>{t("task.return")}</Button>}
      {may("cancel") && <Button onClick={() => setDialog("cancel")}>{t("task.cancel")}</Button>}
      {dialog === "verify" && (
        <ReasonDialog
          optional
          title={t("task.verify.title")}
          verb={t("task.verify")}
          label={t("task.verify.text")}
          onClose={close}
          onSubmit={(text) => change.mutate(() => calls.tasks.verify(id, text))}
        />
      )}
      {dialog === "return" && (
        <ReasonDialog
          title={t("task.return.title")}
          verb={t("task.return")}
          hint={t("task.return.hint", { unit: detail.row.unit.name })}
          onClose={close}
          onSubmit={(reason) => change.mutate(() => calls.tasks.sendBack(id, reason))}
        />
      )}
      {dialog === "cancel" && (
        <ReasonDialog
          danger
          title={t("task.cancel.title")}
          verb={t("task.cancel")}
          hint={t("task.cancel.hint", { unit: detail.row.unit.name })}
          onClose={close}
          onSubmit={(reason) => change.mutate(() => calls.tasks.cancel(id, reason))}
        />
      )}
    </div>
  );
}

function Extension({ detail }: { detail: TaskDetail }) {
  const t = useText();
  const word = useWord();
  const { extension } = detail;
  const [granted, setGranted] = useState<boolean | null>(null);
  const change = useTaskChange(detail.row.id);
  if (!extension) return null;
  return (
    <Part title={t("task.extension")}>
      <p>
        {t("task.extension.until")} <Time at={extension.requested_until} />{" "}
        <Chip tone={extension.state === "asked" ? "warn" : "plain"}>{word("extension", extension.state)}</Chip>
      </p>
      <p className="prose">
        <Outside text={extension.reason} />
      </p>
      {detail.allowed.includes("decide_extension") && (
        <div className="verbs">
          <Button onClick={() => setGranted(true)}>{t("task.extension.grant")}</Button>
          <Button onClick={() => setGranted(false)}>{t("task.extension.refuse")}</Button>
        </div>
      )}
      {granted !== null && (
        <ReasonDialog
          title={t("task.extension")}
          verb={granted ? t("task.extension.grant") : t("task.extension.refuse")}
          onClose={() => setGranted(null)}
          onSubmit={(reason) => change.mutate(() => calls.tasks.decideExtension(detail.row.id, { granted, reason }))}
        />
      )}
    </Part>
  );
}

function Reports({ detail }: { detail: TaskDetail }) {
  const t = useText();
  return (
    <Part title={t("task.reports")}>
      {detail.reports.length === 0 && <p className="quiet">{t("task.reports.none")}</p>}
      <ul className="comments" data-testid="task-reports">
        {detail.reports.map((report, index) => (
          <li key={index}>
            <div className="quiet">
              {report.author} <Time at={report.time} />
            </div>
            <p className="prose">
              <Outside text={report.text} />
            </p>
            {report.attachments.map((file) => (
              <a key={file.id} className="file" href={calls.tasks.attachmentAddress(detail.row.id, file.id)} download>
                <Icon name="down" size={14} /> <Outside text={file.name} /> <span className="quiet">{byteSize(file.size)}</span>
              </a>
            ))}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function TaskHistoryPart({ detail }: { detail: TaskDetail }) {
  const t = useText();
  const word = useWord();
  return (
    <Part title={t("history")}>
      <ul className="lines" data-testid="task-history">
        {detail.history.map((entry, index) => (
          <li key={index}>
            <Icon name="check" size={14} />
            <Time at={entry.time} />
            <span>{entry.actor}</span>
            <span>{word("task_verb", entry.verb)}</span>
            <span className="quiet">
              <Outside text={entry.text} />
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}
