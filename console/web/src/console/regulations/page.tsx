// The policy library (制度库): policies with how far they are signed, or units with how far they are behind.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useLocation, useParams, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { RegulationRow, RegulationUnitCoverage } from "../../api/types";
import { PageHead, Segments, Split } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { CoverageBar } from "./coverage";
import { RegulationDetail } from "./detail";
import { RegulationEditor } from "./editor";
import "../../styles/regulations.css";

type View = "policies" | "units";

/** The page. */
export function RegulationsPage() {
  const t = useText();
  const may = useMay();
  const { id } = useParams<{ id?: string }>();
  const [search, setSearch] = useSearchParams();
  const [, navigate] = useLocation();
  const [publishing, setPublishing] = useState(false);
  const coverage = useQuery({ queryKey: ["regulations", "coverage"], queryFn: calls.regulations.coverage });
  const view: View = search.get("view") === "units" ? "units" : "policies";
  const total = coverage.data?.total;
  return (
    <div className="page page-full">
      <PageHead title={t("nav.regulations")} note={total && t("regulations.total", { signed: total.signed, due: total.due, overdue: total.overdue })}>
        <Segments
          label={t("regulations.view")}
          value={view}
          options={(["policies", "units"] as const).map((value) => ({ value, label: t(`regulations.view.${value}`) }))}
          onChange={(next) => setSearch(next === "units" ? { view: next } : {}, { replace: true })}
        />
        {may("regulation.write") && (
          <Button type="primary" size="small" onClick={() => setPublishing(true)} data-testid="publish-regulation">
            {t("regulations.publish")}
          </Button>
        )}
      </PageHead>
      {publishing && <RegulationEditor onClose={() => setPublishing(false)} onDone={(made) => navigate(`/regulations/${made}`)} />}
      {view === "units" ? (
        <Answer query={coverage}>{({ units }) => <Units units={units} />}</Answer>
      ) : (
        <Policies chosen={id} />
      )}
    </div>
  );
}

function Policies({ chosen }: { chosen: string | undefined }) {
  const t = useText();
  const [, navigate] = useLocation();
  const columns = usePolicyColumns();
  const query = useQuery({ queryKey: ["regulations", "list"], queryFn: () => calls.regulations.list() });
  return (
    <Split
      onClose={() => navigate("/regulations", { replace: true })}
      detail={chosen !== undefined && <RegulationDetail key={chosen} id={chosen} />}
      list={
        <Answer query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t("regulations.empty")} hint={t("regulations.empty.hint")} />
            ) : (
              <Table
                label={t("nav.regulations")}
                testId="regulations"
                columns={columns}
                rows={items}
                rowKey={(row) => row.id}
                chosen={chosen ?? null}
                onChoose={(next) => navigate(`/regulations/${next}`, { replace: true })}
              />
            )
          }
        </Answer>
      }
    />
  );
}

function Units({ units }: { units: RegulationUnitCoverage[] }) {
  const t = useText();
  if (units.length === 0) return <Empty title={t("regulations.units.empty")} hint={t("regulations.empty.hint")} />;
  const columns: Column<RegulationUnitCoverage>[] = [
    { key: "unit", title: t("column.unit"), width: 160, cell: (row) => row.unit.name },
    { key: "coverage", title: t("regulations.signed"), cell: (row) => <CoverageBar coverage={row.coverage} /> },
    {
      key: "overdue",
      title: t("regulations.overdue"),
      width: 96,
      cell: (row) => row.coverage.overdue > 0 && <Chip tone="bad">{t("regulations.overdue.count", { n: row.coverage.overdue })}</Chip>,
    },
  ];
  return <Table label={t("regulations.view.units")} testId="regulation-units" columns={columns} rows={units} rowKey={(row) => row.unit.code} />;
}

/** Whether a policy holds, and what it asks of the reader. */
export function RegulationStanding({ row }: { row: RegulationRow }) {
  const t = useText();
  if (row.withdrawn_at) return <Chip>{t("regulations.withdrawn")}</Chip>;
  if (row.allowed.includes("sign")) return <Chip tone="warn">{t("regulations.to_sign")}</Chip>;
  if (row.coverage.overdue > 0) return <Chip tone="bad">{t("regulations.overdue.count", { n: row.coverage.overdue })}</Chip>;
  if (row.coverage.due > 0 && row.coverage.signed === row.coverage.due) return <Chip tone="good">{t("regulations.complete")}</Chip>;
  return <Chip>{t("regulations.signing")}</Chip>;
}

function usePolicyColumns(): Column<RegulationRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "category", optional: true, title: t("regulations.category"), width: 64, cell: (row) => word("regulation_category", row.category) },
    { key: "kind", optional: true, title: t("regulations.kind"), width: 88, cell: (row) => word("regulation_kind", row.kind) },
    { key: "title", title: t("campaign.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "version", optional: true, title: t("regulations.version"), width: 72, cell: (row) => t("regulations.version.n", { n: row.version }) },
    { key: "coverage", title: t("regulations.signed"), width: 128, cell: (row) => <CoverageBar coverage={row.coverage} short /> },
    { key: "state", title: t("column.state"), width: 96, cell: (row) => <RegulationStanding row={row} /> },
    { key: "unit", optional: true, title: t("regulations.issuer"), width: 104, cell: (row) => row.unit.name },
    { key: "sign_by", optional: true, title: t("regulations.sign_by"), width: 128, cell: (row) => <Time at={row.sign_by} /> },
    { key: "number", optional: true, title: t("campaign.number"), width: 112, cell: (row) => <span className="mono">{row.number}</span> },
  ];
}
