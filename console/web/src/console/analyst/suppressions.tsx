// Suppressions: what stays out of the queue, until when, and how much it caught.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { SuppressionRow } from "../../api/types";
import { PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

/** The page. */
export function SuppressionsPage() {
  const t = useText();
  const columns = useColumns();
  const query = useQuery({ queryKey: ["suppressions"], queryFn: calls.suppressions.list });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.suppressions")} />
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("suppressions.empty")} hint={t("suppressions.empty.hint")} />
          ) : (
            <Table label={t("nav.suppressions")} testId="suppressions" columns={columns} rows={items} rowKey={(row) => row.id} />
          )
        }
      </Answer>
    </div>
  );
}

function useColumns(): Column<SuppressionRow>[] {
  const t = useText();
  const word = useWord();
  return [
    {
      key: "state",
      title: t("column.state"),
      width: 88,
      cell: (row) => <Chip tone={row.state === "running" ? "good" : "plain"}>{word("suppression_state", row.state)}</Chip>,
    },
    { key: "title", title: t("column.title"), width: 176, cell: (row) => <Outside text={row.title} /> },
    { key: "matches", title: t("suppress.matches"), width: 216, cell: (row) => <Matches row={row} /> },
    { key: "unit", title: t("column.unit"), width: 88, cell: (row) => row.unit.name },
    { key: "matched", title: t("suppressions.matched"), numeric: true, width: 88, cell: (row) => row.matched },
    { key: "last", title: t("suppressions.last"), optional: true, width: 128, cell: (row) => <Time at={row.last_match_at} /> },
    { key: "expires", title: t("suppressions.expires"), width: 128, cell: (row) => <Time at={row.expires_at} /> },
    { key: "reason", title: t("reason"), cell: (row) => <Outside text={row.reason} /> },
    { key: "by", title: t("suppressions.by"), width: 104, cell: (row) => row.created_by },
    { key: "verbs", title: "", width: 64, cell: (row) => <End row={row} /> },
  ];
}

function Matches({ row }: { row: SuppressionRow }) {
  const { rule_id, source_ip, destination_ip } = row.matches;
  return (
    <>
      {[rule_id, source_ip && `${source_ip} →`, destination_ip && `→ ${destination_ip}`].map(
        (text) => text && <Code key={text} text={text} limit={30} />,
      )}
    </>
  );
}

function End({ row }: { row: SuppressionRow }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const end = useMutation({
    mutationFn: () => calls.suppressions.end(row.id),
    onSuccess: (next) => {
      client.setQueryData(["suppressions"], next);
      notices.done(t("suppressions.ended"));
    },
    onError: notices.failed,
  });
  if (row.state !== "running" || !may("suppression.write")) return null;
  return (
    <button type="button" className="link" onClick={() => end.mutate()}>
      {t("suppressions.end")}
    </button>
  );
}
