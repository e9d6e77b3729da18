/** @jsxImportSource preact */
// One task: what is asked, the steps, photos, the report, and the next action within reach of the thumb.

import { useEffect, useState } from "preact/hooks";
import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import type { TaskDetail } from "../api/types";
import { byteSize } from "../lib/bytes";
import { visibleText } from "../lib/text";
import { shortTime } from "../lib/time";
import { draftOf, keepDraft, type SendAs } from "./drafts";
import { Asks } from "./asks";
import { useLoaded } from "./hooks";
import { Left, Notice, Problem } from "./parts";
import { errorText, locale, t, word } from "./text";

interface TaskPageProps {
  id: string;
  turn: number;
  onKept: () => void;
}

/** The page of a task. */
export function TaskPage({ id, turn, onKept }: TaskPageProps) {
  const loaded = useLoaded(`task:${id}`, () => calls.tasks.read(id));
  const { reload } = loaded;
  useEffect(() => {
    if (turn > 0) reload();
  }, [turn, reload]);
  if (loaded.error && !loaded.value) return <Problem error={loaded.error} retry={loaded.reload} />;
  if (!loaded.value) return <p class="quiet pad">{t("loading")}</p>;
  return <Task detail={loaded.value} onChange={loaded.set} onKept={onKept} />;
}

interface TaskProps {
  detail: TaskDetail;
  onChange: (detail: TaskDetail) => void;
  onKept: () => void;
}

/** Runs an act on the task and shows what came of it. */
export type Run = (act: () => Promise<TaskDetail>) => Promise<boolean>;

function Task({ detail, onChange, onKept }: TaskProps) {
  const [error, setError] = useState<unknown>(null);
  const run: Run = async (act) => {
    try {
      onChange(await act());
      setError(null);
      return true;
    } catch (cause) {
      setError(cause);
      return false;
    }
  };
  return (
    <>
      <main class="task" data-testid="task" data-state={detail.row.state}>
        <Head detail={detail} />
        {error !== null && <Notice tone="bad">{errorText(error)}</Notice>}
        <About detail={detail} />
        <Steps detail={detail} run={run} />
        <Files detail={detail} run={run} />
        <Reports detail={detail} />
        <History detail={detail} />
        <Asks detail={detail} run={run} />
      </main>
      <Foot detail={detail} run={run} onKept={onKept} />
    </>
  );
}

function Head({ detail }: { detail: TaskDetail }) {
  const { row, target } = detail;
  const object = [target.asset, target.address].filter((part): part is string => Boolean(part));
  return (
    <header class="task-head">
      <p class="card-line">
        <span class="chip">{word("state", row.state)}</span>
        <Left dueAt={row.due_at} done={Boolean(row.submitted_at)} />
      </p>
      <h1>{visibleText(row.title)}</h1>
      <p class="quiet">{`${row.number} · ${t("from", { unit: row.issuer.unit_name })}`}</p>
      {object.length > 0 && <p>{`${t("target")}：${visibleText(object.join(" "))}`}</p>}
    </header>
  );
}

function About({ detail }: { detail: TaskDetail }) {
  return (
    <section>
      <h2>{t("instructions")}</h2>
      <p class="prose">{visibleText(detail.instructions)}</p>
      {detail.alerts.length > 0 && (
        <ul class="quiet">
          {detail.alerts.slice(0, 3).map((alert) => (
            <li key={alert.id}>{`${shortTime(alert.time)} ${visibleText(locale === "en" ? alert.title_en : alert.title_zh)}`}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Steps({ detail, run }: { detail: TaskDetail; run: Run }) {
  const { row, steps } = detail;
  if (steps.length === 0) return null;
  const locked = !detail.allowed.includes("progress");
  return (
    <section>
      <h2>
        {t("steps")} <small>{t("steps.progress", { done: row.steps_done, total: row.steps_total })}</small>
      </h2>
      <ul class="steps">
        {steps.map((step) => (
          <li key={step.index}>
            <label>
              <input
                type="checkbox"
                checked={step.done}
                disabled={locked}
                data-testid="step"
                onChange={() => void run(() => calls.tasks.step(row.id, { index: step.index, done: !step.done }))}
              />
              <span>{visibleText(step.text)}</span>
            </label>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Files({ detail, run }: { detail: TaskDetail; run: Run }) {
  const [busy, setBusy] = useState(false);
  if (!detail.allowed.includes("attach")) return null;
  const upload = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (!file) return;
    setBusy(true);
    await run(() => calls.tasks.attach(detail.row.id, file));
    setBusy(false);
    input.value = "";
  };
  return (
    <section>
      <h2>{t("files")}</h2>
      <label class="file-button">
        {busy ? t("uploading") : t("add_file")}
        <input
          type="file"
          accept="image/jpeg,image/png,image/webp,application/pdf,text/plain"
          disabled={busy}
          data-testid="file"
          onChange={(event) => void upload(event.currentTarget)}
        />
      </label>
    </section>
  );
}

function Reports({ detail }: { detail: TaskDetail }) {
  if (detail.reports.length === 0) return null;
  return (
    <section>
      <h2>{t("reports")}</h2>
      {detail.reports.map((report, index) => (
        <div key={index} class="report">
          <p class="quiet">{`${shortTime(report.time)} ${report.author}`}</p>
          {report.text && <p class="prose">{visibleText(report.text)}</p>}
          {report.attachments.map((file) => (
            <p key={file.id}>
              <a href={calls.tasks.attachmentAddress(detail.row.id, file.id)}>{visibleText(file.name)}</a>{" "}
              <span class="quiet">{byteSize(file.size)}</span>
            </p>
          ))}
        </div>
      ))}
    </section>
  );
}

function History({ detail }: { detail: TaskDetail }) {
  return (
    <details>
      <summary>{t("history")}</summary>
      <ul class="history">
        {detail.history.map((entry, index) => (
          <li key={index}>
            <span class="quiet">{`${shortTime(entry.time)} ${entry.actor}`}</span> {word("verb", entry.verb)}{" "}
            {visibleText(entry.text)}
          </li>
        ))}
      </ul>
    </details>
  );
}

interface FootProps {
  detail: TaskDetail;
  run: Run;
  onKept: () => void;
}

function Foot({ detail, run, onKept }: FootProps) {
  const { id } = detail.row;
  if (detail.allowed.includes("sign")) {
    return (
      <footer class="foot">
        <button type="button" class="primary" data-testid="sign" onClick={() => void run(() => calls.tasks.sign(id))}>
          {t("sign")}
        </button>
      </footer>
    );
  }
  if (!detail.allowed.includes("submit") && !detail.allowed.includes("progress")) return null;
  return <ReportFoot detail={detail} run={run} onKept={onKept} />;
}

function ReportFoot({ detail, run, onKept }: FootProps) {
  const { id } = detail.row;
  const [text, setText] = useState(draftOf(id)?.text ?? "");
  const write = (next: string) => {
    setText(next);
    keepDraft({ task: id, text: next, send: null });
  };
  const send = async (kind: SendAs) => {
    const ok = await run(async () => {
      try {
        return await (kind === "submit" ? calls.tasks.submit(id, text) : calls.tasks.progress(id, text));
      } catch (error) {
        // Without a network the text waits on the phone and goes out by itself.
        if (error instanceof ApiError && error.status === 0) keepDraft({ task: id, text, send: kind });
        onKept();
        throw error;
      }
    });
    if (ok) write("");
  };
  return (
    <footer class="foot">
      <label class="field">
        <span>{t("report")}</span>
        <textarea
          rows={2}
          value={text}
          placeholder={t("report.placeholder")}
          data-testid="report"
          onInput={(event) => write(event.currentTarget.value)}
        />
      </label>
      <div class="foot-verbs">
        <button type="button" disabled={!text.trim()} onClick={() => void send("progress")} data-testid="progress">
          {t("progress")}
        </button>
        <button
          type="button"
          class="primary"
          disabled={!text.trim() || !detail.allowed.includes("submit")}
          onClick={() => void send("submit")}
          data-testid="submit"
        >
          {t("submit")}
        </button>
      </div>
    </footer>
  );
}
