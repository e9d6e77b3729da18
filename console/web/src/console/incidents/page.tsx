// Incidents: the list, and one incident on a page of its own.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation, useParams, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { ClockView, IncidentRow } from "../../api/types";
import { PageHead, Segments } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Countdown, Outside, Time } from "../components/values";
import { useChoice, useText, useWord } from "../core/preferences";
import { IncidentView } from "./detail";

/** List or detail, by the address. */
export function IncidentsPage() {
  const { id } = useParams<{ id?: string }>();
  return id ? <IncidentView key={id} id={id} /> : <IncidentList />;
}

function IncidentList() {
  const t = useText();
  const [, navigate] = useLocation();
  const [search, setSearch] = useSearchParams();
  const state = search.get("state") ?? "open";
  const unit = search.get("unit") ?? "";
  const query = useQuery({
    queryKey: ["incidents", state, unit],
    queryFn: () => calls.incidents.list({ state, unit, limit: 200 }),
    placeholderData: keepPreviousData,
  });
  const columns = useColumns();
  return (
    <div className="page page-full">
      <PageHead title={t("nav.incidents")} note={query.data && t("incidents.total", { n: query.data.total })}>
        <Segments
          label={t("column.state")}
          value={state}
          options={(["open", "closed", "all"] as const).map((value) => ({ value, label: t(`incident_filter.${value}`) }))}
          onChange={(next) => setSearch({ state: next, ...(unit && { unit }) }, { replace: true })}
        />
      </PageHead>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("incidents.empty")} hint={t("incidents.empty.hint")} />
          ) : (
            <Table
              label={t("nav.incidents")}
              testId="incidents"
              columns={columns}
              rows={items}
              rowKey={(row) => row.id}
              onChoose={(id) => navigate(`/incidents/${id}`)}
            />
          )
        }
      </Answer>
    </div>
  );
}

function useColumns(): Column<IncidentRow>[] {
  const t = useText();
  const word = useWord();
  const choose = useChoice();
  return [
    { key: "number", title: t("column.number"), width: 104, cell: (row) => <span className="mono">{row.number}</span> },
    { key: "title", title: t("column.title"), cell: (row) => <Outside text={choose(row.title, row.title_en)} /> },
    { key: "grade", title: t("column.grade"), width: 140, cell: (row) => <GradeMark row={row} /> },
    { key: "risk", title: t("column.risk"), width: 72, numeric: true, cell: (row) => (row.risk / 1000).toFixed(1) },
    { key: "alerts", title: t("column.alerts"), width: 72, numeric: true, cell: (row) => row.alert_count },
    {
      key: "tasks",
      title: t("column.tasks"),
      width: 64,
      numeric: true,
      cell: (row) => (row.task_total > 0 ? `${row.task_total - row.task_open}/${row.task_total}` : "—"),
    },
    { key: "clock", title: t("column.clock"), width: 96, cell: (row) => row.clock && <ClockCell clock={row.clock} /> },
    { key: "unit", title: t("column.unit"), width: 96, cell: (row) => row.unit.name },
    { key: "owner", title: t("column.owner"), width: 96, cell: (row) => row.owner?.display_name ?? t("incident.machine") },
    { key: "end", title: t("column.last"), width: 132, cell: (row) => <Time at={row.end} /> },
    { key: "state", title: t("column.state"), width: 80, cell: (row) => word("incident_state", row.state) },
  ];
}

/** The legal clock that runs out first: what it asks for, how long there is. */
function ClockCell({ clock }: { clock: ClockView }) {
  const choose = useChoice();
  return (
    <span className={`clock-cell clock-${clock.state}`} title={choose(clock.title_zh, clock.title_en)}>
      <Countdown dueAt={clock.due_at} />
    </span>
  );
}

/** The grade a person gave, else the proposed one with a word that says so. */
export function GradeMark({ row }: { row: Pick<IncidentRow, "grade" | "proposed_grade"> }) {
  const t = useText();
  const word = useWord();
  if (row.grade) return <Chip tone={row.grade === "general" ? "plain" : "bad"}>{word("grade", row.grade)}</Chip>;
  if (row.proposed_grade) return <span className="quiet">{t("grade.proposed", { grade: word("grade", row.proposed_grade) })}</span>;
  return null;
}
