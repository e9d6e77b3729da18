// Rules by how often they fired: which make noise, which people call wrong.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { RuleRow } from "../../api/types";
import { PageHead } from "../components/layout";
import { Spark } from "../components/spark";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, SeverityMark } from "../components/values";
import { useChoice, useText, useWord } from "../core/preferences";

/** The page. */
export function RulesPage() {
  const t = useText();
  const columns = useColumns();
  const query = useQuery({ queryKey: ["rules"], queryFn: calls.rules });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.rules.noise")} note={t("rules.window")} />
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("rules.empty")} hint={t("rules.empty.hint")} />
          ) : (
            <Table label={t("nav.rules")} testId="rules" columns={columns} rows={items} rowKey={(row) => row.rule_id} />
          )
        }
      </Answer>
    </div>
  );
}

/** From this share of wrong alerts on a rule should be looked at. */
const NOISY = 0.3;

function useColumns(): Column<RuleRow>[] {
  const t = useText();
  const word = useWord();
  const choose = useChoice();
  const share = (row: RuleRow) => (row.count ? row.false_positives / row.count : 0);
  return [
    { key: "severity", title: t("column.severity"), width: 76, cell: (row) => <SeverityMark severity={row.severity} /> },
    {
      key: "title",
      title: t("column.title"),
      cell: (row) => (
        <Link href={`/alerts?state=all&grouped=false&q=${encodeURIComponent(row.rule_id)}`}>
          <Outside text={choose(row.title_zh, row.title_en)} />
        </Link>
      ),
    },
    { key: "id", title: t("alert.rule.id"), width: 224, cell: (row) => <Code text={row.rule_id} limit={26} /> },
    { key: "source", title: t("filter.source"), width: 96, cell: (row) => word("source", row.source) },
    { key: "days", title: t("rules.days"), width: 116, cell: (row) => <Spark counts={row.days} /> },
    { key: "count", title: t("rules.count"), numeric: true, width: 88, cell: (row) => row.count.toLocaleString("en-US") },
    { key: "suppressed", title: t("rules.suppressed"), numeric: true, width: 88, cell: (row) => row.suppressed.toLocaleString("en-US") },
    {
      key: "wrong",
      title: t("rules.wrong"),
      numeric: true,
      width: 176,
      cell: (row) => (
        <>
          {share(row) >= NOISY && <Chip tone="warn">{t("rules.noisy")}</Chip>} {`${row.false_positives} · ${(share(row) * 100).toFixed(0)}%`}
        </>
      ),
    },
  ];
}
