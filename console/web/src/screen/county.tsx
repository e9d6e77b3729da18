/** @jsxImportSource preact */
// One county on the wall: its open incidents, what it has to do, and a leader's word about it.

import { useCallback, useEffect, useState } from "preact/hooks";
import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import type { IncidentRow, TaskRow } from "../api/types";
import { visibleText } from "../lib/text";
import { countdown, secondsUntil } from "../lib/time";
import { GRADE_WORDS, TASK_WORDS } from "./wartime";

/** Lines that fit. */
const LINES = 8;
/** What a leader says when nothing else is written. */
const USUAL_WORDS = "请立即处置，按时限反馈结果。";
/** Tasks that still have to be done by the county. */
const WITH_COUNTY: readonly TaskRow["state"][] = ["new", "signed", "working"];

interface Work {
  incidents: readonly IncidentRow[];
  tasks: readonly TaskRow[];
}

async function workOf(unit: string): Promise<Work> {
  const [incidents, tasks] = await Promise.all([
    calls.incidents.list({ state: "open", unit, limit: LINES }),
    calls.tasks.list({ state: "all", unit, limit: 100 }),
  ]);
  const open = tasks.items.filter((task) => WITH_COUNTY.includes(task.state));
  open.sort((one, other) => one.due_at.localeCompare(other.due_at));
  return { incidents: incidents.items, tasks: open.slice(0, LINES) };
}

/** The county. */
export function County({ code, mayUrge }: { code: string; mayUrge: boolean }) {
  const [work, setWork] = useState<Work | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const load = useCallback(() => {
    workOf(code).then(setWork, (cause: unknown) => setFailed(cause instanceof ApiError ? cause.detail.message_zh : "没有加载成功"));
  }, [code]);
  useEffect(load, [load]);
  if (failed) return <p role="alert">{failed}</p>;
  if (!work) return <p class="quiet">正在加载</p>;
  return (
    <div class="war" data-testid="county">
      <div class="panel">
        <h2>进行中事件</h2>
        {work.incidents.length === 0 && <p class="quiet">没有进行中的事件</p>}
        <ul class="ticker">
          {work.incidents.map((incident) => (
            <li key={incident.id}>
              <time>{incident.number}</time>
              <span>{visibleText(incident.title)}</span>
              <em>{GRADE_WORDS[incident.grade ?? ""] ?? "未定级"}</em>
            </li>
          ))}
        </ul>
      </div>
      <div class="panel panel-grow">
        <h2>在办任务</h2>
        {work.tasks.length === 0 && <p class="quiet">没有在办任务</p>}
        <ul class="ticker">
          {work.tasks.map((task) => (
            <Task key={task.id} task={task} mayUrge={mayUrge} onDone={load} />
          ))}
        </ul>
      </div>
    </div>
  );
}

function Task({ task, mayUrge, onDone }: { task: TaskRow; mayUrge: boolean; onDone: () => void }) {
  const [asking, setAsking] = useState(false);
  const left = secondsUntil(task.due_at);
  return (
    <li class={task.overdue ? "late task-line" : "task-line"}>
      <span>{visibleText(task.title)}</span>
      <em>{TASK_WORDS[task.state]}</em>
      <b>{left < 0 ? `逾期 ${countdown(-left)}` : countdown(left)}</b>
      {mayUrge && !asking && (
        <button type="button" onClick={() => setAsking(true)} data-testid="urge">
          督办
        </button>
      )}
      {asking && <Urge task={task} onClose={() => setAsking(false)} onDone={onDone} />}
    </li>
  );
}

function Urge({ task, onClose, onDone }: { task: TaskRow; onClose: () => void; onDone: () => void }) {
  const [text, setText] = useState(USUAL_WORDS);
  const [said, setSaid] = useState<string | null>(null);
  const send = (event: Event) => {
    event.preventDefault();
    calls.tasks.urge(task.id, text.trim()).then(
      () => {
        setSaid("已督办，县区将收到批示");
        onDone();
      },
      (cause: unknown) => setSaid(cause instanceof ApiError ? cause.detail.message_zh : "没有发送成功"),
    );
  };
  if (said) return <p role="status">{said}</p>;
  return (
    <form class="urge" onSubmit={send}>
      <input aria-label="批示" value={text} autoFocus onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" disabled={text.trim() === ""} data-testid="urge-send">
        发送
      </button>
      <button type="button" onClick={onClose}>
        取消
      </button>
    </form>
  );
}
