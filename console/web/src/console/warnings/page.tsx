// Warnings (预警): the list, the detail with receipts and history, the dialogs that issue, change and decide.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import * as calls from "../../api/calls";
import type { WarningRow } from "../../api/types";
import { PageHead, Split } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { WarningDetail } from "./detail";
import { LevelMark } from "./level";
import { NewWarningDialog } from "./new-warning";

/** The page. */
export function WarningsPage() {
  const t = useText();
  const may = useMay();
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const [issuing, setIssuing] = useState(false);
  const columns = useColumns();
  const query = useQuery({ queryKey: ["warnings"], queryFn: () => calls.warnings.list() });
  const open = (chosen: string) => navigate(`/warnings/${chosen}`, { replace: true });
  const chosen = query.data?.items.find((row) => row.id === id);
  return (
    <div className="page page-full">
      <PageHead title={t("nav.warnings")} note={query.data && t("warnings.total", { n: query.data.items.filter((row) => row.state === "in_force").length })}>
        {may("warning.issue") && (
          <Button type="primary" size="small" onClick={() => setIssuing(true)} data-testid="issue-warning">
            {t("warnings.issue")}
          </Button>
        )}
      </PageHead>
      {issuing && <NewWarningDialog onClose={() => setIssuing(false)} onDone={open} />}
      <Split
        onClose={() => navigate("/warnings", { replace: true })}
        detail={chosen && <WarningDetail key={chosen.id} row={chosen} />}
        list={
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={t("warnings.empty")} hint={t("warnings.empty.hint")} />
              ) : (
                <Table label={t("nav.warnings")} testId="warnings" columns={columns} rows={items} rowKey={(row) => row.id} chosen={id ?? null} onChoose={open} />
              )
            }
          </Answer>
        }
      />
    </div>
  );
}

/** Where a warning is in its life; one that waits for a second person says so. */
export function WarningStanding({ row }: { row: WarningRow }) {
  const t = useText();
  const word = useWord();
  const tone = row.state === "in_force" ? "bad" : row.state === "proposed" ? "warn" : "plain";
  return (
    <>
      <Chip tone={tone}>{word("warning_state", row.state)}</Chip>
      {row.wanted && row.state === "in_force" && <Chip tone="warn">{t("warnings.wanted.short")}</Chip>}
    </>
  );
}

function useColumns(): Column<WarningRow>[] {
  const t = useText();
  return [
    { key: "level", title: t("warnings.level"), width: 96, cell: (row) => <LevelMark level={row.level} /> },
    { key: "number", optional: true, title: t("campaign.number"), width: 112, cell: (row) => <span className="mono">{row.number}</span> },
    { key: "title", title: t("campaign.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "state", title: t("column.state"), width: 152, cell: (row) => <WarningStanding row={row} /> },
    { key: "unit", optional: true, title: t("campaign.issuer"), width: 112, cell: (row) => row.unit.name },
    { key: "receipts", title: t("warnings.receipts"), numeric: true, width: 88, cell: (row) => `${row.receipts} / ${row.unit_count}` },
    { key: "until", title: t("warnings.until"), width: 128, cell: (row) => <Time at={row.valid_until} /> },
    { key: "created", optional: true, title: t("campaign.created"), width: 160, cell: (row) => <Time at={row.in_force_at ?? row.created_at} /> },
  ];
}
