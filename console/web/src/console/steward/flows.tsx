// The flow view: which data went from where to whom, from the ledger and from what sensors saw.

import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { FlowLink } from "../../api/types";
import { Card, PageHead, Segments } from "../components/layout";
import { Sankey } from "../components/sankey";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { DataGrade } from "../pages/data";

const KINDS = ["all", "ledger", "wire"] as const;
/** More bands would not be told apart; the table has them all. */
const BANDS = 24;

/** The page. */
export function FlowsPage() {
  const t = useText();
  const [search, setSearch] = useSearchParams();
  const kind = KINDS.find((known) => known === search.get("kind")) ?? "all";
  const columns = useColumns();
  const query = useQuery({ queryKey: ["flows"], queryFn: calls.shares.flows });
  return (
    <div className="page">
      <PageHead title={t("nav.flows")} note={t("flows.window")}>
        <Segments
          label={t("flows.kind")}
          value={kind}
          options={KINDS.map((value) => ({ value, label: t(`flow_kind.${value}`) }))}
          onChange={(next) => setSearch({ kind: next }, { replace: true })}
        />
      </PageHead>
      <Answer query={query}>
        {({ items }) => {
          const links = items.filter((link) => kind === "all" || link.kind === kind);
          if (links.length === 0) return <Empty title={t("flows.empty")} hint={t("flows.empty.hint")} />;
          return (
            <>
              <Card title={t("flows.picture")} extra={<Legend />}>
                <Sankey
                  label={t("flows.picture")}
                  links={links.slice(0, BANDS).map((link) => ({
                    source: link.source,
                    target: link.target,
                    amount: link.amount,
                    colour: link.kind === "ledger" ? "var(--accent)" : "var(--high)",
                  }))}
                />
              </Card>
              <Card title={t("flows.list", { n: links.length })}>
                <Table label={t("nav.flows")} testId="flows" columns={columns} rows={links} rowKey={(row) => `${row.kind} ${row.source} ${row.target}`} />
              </Card>
            </>
          );
        }}
      </Answer>
    </div>
  );
}

function Legend() {
  const t = useText();
  return (
    <span className="legend">
      <span className="legend-mark" style={{ background: "var(--accent)" }} /> {t("flow_kind.ledger")}
      <span className="legend-mark" style={{ background: "var(--high)" }} /> {t("flow_kind.wire")}
    </span>
  );
}

function useColumns(): Column<FlowLink>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "kind", title: t("flows.kind"), width: 104, cell: (row) => <Chip tone={row.kind === "ledger" ? "accent" : "warn"}>{word("flow_kind", row.kind)}</Chip> },
    { key: "source", title: t("flows.source"), cell: (row) => <Outside text={row.source} /> },
    { key: "target", title: t("flows.target"), cell: (row) => <Outside text={row.target} /> },
    { key: "grade", title: t("finding.grade"), width: 104, cell: (row) => row.grade && <DataGrade grade={row.grade} /> },
    { key: "policy", title: t("masking.policy"), width: 144, cell: (row) => row.policy },
    { key: "amount", title: t("flows.amount"), numeric: true, width: 96, cell: (row) => row.amount.toLocaleString("en-US") },
    { key: "times", title: t("flows.times"), numeric: true, width: 72, cell: (row) => row.times },
    { key: "last", title: t("flows.last"), width: 132, cell: (row) => <Time at={row.last} /> },
  ];
}
