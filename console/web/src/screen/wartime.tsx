/** @jsxImportSource preact */
// Wartime mode: the open incident of the highest risk, who does what until when, and what happened last.

import { useEffect, useState } from "preact/hooks";
import * as calls from "../api/calls";
import type { IncidentDetail, TaskRow } from "../api/types";
import { visibleText } from "../lib/text";
import { countdown, secondsUntil, shortTime } from "../lib/time";

/** Lines of the timeline that fit. */
const LAST_LINES = 10;

/** States of tasks. */
export const TASK_WORDS: Record<TaskRow["state"], string> = {
  new: "待签收",
  signed: "已签收",
  working: "处置中",
  submitted: "待核验",
  verified: "已核验",
  closed: "已办结",
  cancelled: "已撤销",
};

/** Grades of incidents. */
export const GRADE_WORDS: Record<string, string> = {
  general: "一般",
  larger: "较大",
  major: "重大",
  extraordinarily_major: "特别重大",
};

async function worstIncident(): Promise<IncidentDetail | null> {
  const { items } = await calls.incidents.list({ state: "open", limit: 100 });
  const worst = items.reduce<(typeof items)[number] | null>((most, row) => (most && most.risk >= row.risk ? most : row), null);
  return worst && calls.incidents.read(worst.id);
}

/** The incident, read again whenever the screen is. */
export function Wartime({ turn }: { turn: string }) {
  const [incident, setIncident] = useState<IncidentDetail | null | undefined>(undefined);
  useEffect(() => {
    let current = true;
    worstIncident().then(
      (next) => current && setIncident(next),
      // What is shown stays; the head says when the numbers are old.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [turn]);
  if (incident === undefined) return <p class="quiet">正在加载</p>;
  if (incident === null) return <p class="quiet">没有进行中的事件</p>;
  return <Pinned incident={incident} />;
}

function Pinned({ incident }: { incident: IncidentDetail }) {
  const { row } = incident;
  const grade = row.grade ?? row.proposed_grade;
  const facts = [row.number, row.unit.name, grade && GRADE_WORDS[grade], row.owner?.display_name, `告警 ${row.alert_count}`];
  return (
    <div class="war pinned" data-testid="wartime">
      <div class="panel">
        <h2>{visibleText(row.title)}</h2>
        <p class="quiet">{facts.filter(Boolean).join(" · ")}</p>
        {incident.summary && <p>{visibleText(incident.summary)}</p>}
      </div>
      <div class="panel">
        <h2>任务</h2>
        {incident.tasks.length === 0 && <p class="quiet">还没有下派任务</p>}
        <ul class="ticker">
          {incident.tasks.slice(0, LAST_LINES).map((task) => (
            <TaskLine key={task.id} task={task} />
          ))}
        </ul>
      </div>
      <div class="panel panel-grow">
        <h2>时间线</h2>
        <ul class="ticker">
          {incident.timeline
            .slice(-LAST_LINES)
            .reverse()
            .map((line, index) => (
              <li key={index}>
                <time>{shortTime(line.time)}</time>
                <span>{visibleText(line.text_zh)}</span>
                <em>{line.actor}</em>
              </li>
            ))}
        </ul>
      </div>
    </div>
  );
}

function TaskLine({ task }: { task: TaskRow }) {
  const left = secondsUntil(task.due_at);
  const time = left < 0 ? `逾期 ${countdown(-left)}` : countdown(left);
  return (
    <li class={task.overdue ? "late" : ""}>
      <span>{`${task.unit.name} · ${visibleText(task.title)}`}</span>
      <em>{TASK_WORDS[task.state]}</em>
      <b>{task.submitted_at ? "已停止计时" : time}</b>
    </li>
  );
}
