// The audit log: search, and the check of the whole chain that names the first entry that does not fit.

import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { AuditQuery, AuditRow, AuditVerdict } from "../../api/types";
import { PageHead } from "../components/layout";
import { Empty, Failure, SkeletonRows } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

/** The log. */
export function AuditPage() {
  const t = useText();
  const may = useMay();
  const notices = useNotices();
  const [search, setSearch] = useSearchParams();
  const filters = { actor: search.get("actor") ?? "", action: search.get("action") ?? "", q: search.get("q") ?? "" };
  const set = (change: Partial<typeof filters>) => {
    const next = Object.entries({ ...filters, ...change }).filter(([, value]) => value !== "");
    setSearch(Object.fromEntries(next), { replace: true });
  };
  const verify = useMutation({ mutationFn: calls.audit.verify, onError: notices.failed });
  const field = (name: keyof typeof filters, label: string) => (
    <Input.Search
      key={name}
      size="small"
      allowClear
      defaultValue={filters[name]}
      placeholder={label}
      aria-label={label}
      style={{ width: 160 }}
      onSearch={(value) => set({ [name]: value.trim() })}
    />
  );
  return (
    <div className="page page-full">
      <PageHead title={t("nav.audit")}>
        {field("actor", t("audit.actor"))}
        {field("action", t("audit.action"))}
        {field("q", t("audit.words"))}
        <a
          className="button button-small"
          href={`/api/v1/audit/export.xlsx?${new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== "")).toString()}`}
          download
        >
          {t("export.xlsx")}
        </a>
        {may("audit.verify") && (
          <Button type="primary" size="small" loading={verify.isPending} onClick={() => verify.mutate()} data-testid="audit-verify">
            {t("audit.verify")}
          </Button>
        )}
      </PageHead>
      {verify.data && <Verdict verdict={verify.data} />}
      <Entries key={JSON.stringify(filters)} filters={filters} />
    </div>
  );
}

function Verdict({ verdict }: { verdict: AuditVerdict }) {
  const t = useText();
  const bad = verdict.first_bad;
  return (
    <p className={verdict.ok ? "banner banner-good" : "banner banner-bad"} role="status" data-testid="audit-verdict" data-ok={verdict.ok}>
      {verdict.ok || !bad
        ? t("audit.ok", { n: verdict.checked })
        : t("audit.bad", { n: bad.sequence, reason: bad.reason, checked: verdict.checked })}
    </p>
  );
}

function Entries({ filters }: { filters: AuditQuery }) {
  const t = useText();
  const columns = useColumns();
  const query = useInfiniteQuery({
    queryKey: ["audit", filters],
    queryFn: ({ pageParam }) => calls.audit.list({ ...filters, limit: 200, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  if (query.isPending) return <SkeletonRows rows={16} />;
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <Empty title={t("audit.empty")} hint={t("audit.empty.hint")} />;
  return (
    <>
      <Table label={t("nav.audit")} testId="audit" columns={columns} rows={rows} rowKey={(row) => String(row.sequence)} />
      {query.hasNextPage && (
        <Button className="more" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("more")}
        </Button>
      )}
    </>
  );
}

function useColumns(): Column<AuditRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "sequence", title: t("audit.sequence"), numeric: true, width: 72, cell: (row) => row.sequence },
    { key: "time", title: t("column.time"), width: 132, cell: (row) => <Time at={row.time} /> },
    { key: "actor", title: t("audit.actor"), width: 128, cell: (row) => <Outside text={row.actor} /> },
    {
      key: "action",
      title: t("audit.action"),
      width: 200,
      cell: (row) => (
        <span title={row.action} data-action={row.action}>
          {word("audit_action", row.action)}
        </span>
      ),
    },
    { key: "object", title: t("audit.object"), width: 216, cell: (row) => <Code text={row.object} limit={28} /> },
    { key: "outcome", title: t("audit.outcome"), width: 72, cell: (row) => (row.outcome === "success" ? word("outcome", row.outcome) : <Chip tone="bad">{word("outcome", row.outcome)}</Chip>) },
    { key: "detail", title: t("audit.detail"), cell: (row) => <Outside text={row.detail} /> },
    { key: "address", title: t("audit.address"), width: 120, cell: (row) => <span className="mono">{row.address}</span> },
    { key: "hash", title: t("audit.hash"), width: 136, cell: (row) => <Code text={row.hash} limit={12} /> },
  ];
}
