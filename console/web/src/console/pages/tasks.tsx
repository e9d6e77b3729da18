// Response tasks as the issuer sees them: lists by state, and a detail in which they are verified, returned and filed.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation, useParams, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { TaskListState, TaskRow } from "../../api/types";
import { PageHead, Segments, Split } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Countdown, Outside, Time } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { TaskDetailView } from "./task-detail";

const TABS: readonly TaskListState[] = ["submitted", "to_sign", "working", "overdue", "done", "all"];

/** The list and the detail beside it. */
export function TasksPage() {
  const t = useText();
  const word = useWord();
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const [search, setSearch] = useSearchParams();
  const state = TABS.find((tab) => tab === search.get("state")) ?? "all";
  const unit = search.get("unit") ?? "";
  const query = useQuery({
    queryKey: ["tasks", state, unit],
    queryFn: () => calls.tasks.list({ state, unit, limit: 200 }),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  const go = (path: string) => navigate(`${path}?${new URLSearchParams({ state, ...(unit && { unit }) }).toString()}`, { replace: true });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.tasks")} note={query.data && t("tasks.total", { n: query.data.total })}>
        <Segments
          label={t("column.state")}
          value={state}
          options={TABS.map((value) => ({ value, label: word("task_list", value) }))}
          onChange={(next) => setSearch({ state: next, ...(unit && { unit }) }, { replace: true })}
        />
      </PageHead>
      <Split
        onClose={() => go("/tasks")}
        detail={id && <TaskDetailView key={id} id={id} />}
        list={
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={t("tasks.empty")} hint={t("tasks.empty.hint")} />
              ) : (
                <Table
                  label={t("nav.tasks")}
                  testId="tasks"
                  columns={columns}
                  rows={items}
                  rowKey={(row) => row.id}
                  chosen={id ?? null}
                  onChoose={(next) => go(`/tasks/${next}`)}
                />
              )
            }
          </Answer>
        }
      />
    </div>
  );
}

/** The state of a task, with lateness before everything else. */
export function TaskStateChip({ row }: { row: Pick<TaskRow, "state" | "overdue"> }) {
  const word = useWord();
  const t = useText();
  const tone = row.state === "submitted" ? "warn" : row.state === "closed" || row.state === "verified" ? "good" : "plain";
  return (
    <>
      <Chip tone={tone}>{word("task_state", row.state)}</Chip>
      {row.overdue && <Chip tone="bad">{t("task.overdue")}</Chip>}
    </>
  );
}

function useColumns(): Column<TaskRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "number", optional: true, title: t("column.number"), width: 128, cell: (row) => <span className="mono">{row.number}</span> },
    { key: "title", title: t("column.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "unit", title: t("task.unit"), width: 104, cell: (row) => row.unit.name },
    { key: "state", title: t("column.state"), width: 144, cell: (row) => <TaskStateChip row={row} /> },
    {
      key: "steps",
      optional: true,
      title: t("task.steps_done"),
      width: 64,
      numeric: true,
      cell: (row) => (row.steps_total > 0 ? `${row.steps_done}/${row.steps_total}` : "—"),
    },
    {
      key: "due",
      title: t("task.left"),
      width: 132,
      numeric: true,
      cell: (row) => <Countdown dueAt={row.due_at} done={Boolean(row.submitted_at)} />,
    },
    { key: "priority", optional: true, title: t("task.priority"), width: 72, cell: (row) => word("priority", row.priority) },
    { key: "created", optional: true, title: t("task.created"), width: 132, cell: (row) => <Time at={row.created_at} /> },
  ];
}
