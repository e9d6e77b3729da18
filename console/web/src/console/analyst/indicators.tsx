// Indicators: what is looked for, how often it was found, taking lists in and retiring what is wrong.

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import * as calls from "../../api/calls";
import type { IndicatorRow } from "../../api/types";
import { PageHead, Segments } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, SeverityMark, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { usePreferences, useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { ImportDialog } from "./indicator-import";

const STATES = ["active", "expired", "retired", "all"] as const;
const KINDS = ["ip", "cidr", "domain", "url", "hash"];

/** What the list is narrowed to; kept in the address. */
interface Filters {
  state: string;
  kind: string;
  list: string;
  q: string;
  hit: string;
}

function useFilters(): [Filters, (change: Partial<Filters>) => void] {
  const told = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const of = (name: string) => told.get(name) ?? "";
  const filters = { state: of("state") || "active", kind: of("kind"), list: of("list"), q: of("q"), hit: of("hit") };
  const change = (next: Partial<Filters>) => {
    const kept = Object.entries({ ...filters, ...next }).filter(([name, value]) => value !== "" && !(name === "state" && value === "active"));
    const search = new URLSearchParams(kept).toString();
    navigate(search ? `/indicators?${search}` : "/indicators", { replace: true });
  };
  return [filters, change];
}

/** The page. */
export function IndicatorsPage() {
  const t = useText();
  const may = useMay();
  const [filters, change] = useFilters();
  const [importing, setImporting] = useState(false);
  const query = useInfiniteQuery({
    queryKey: ["indicators", filters],
    initialPageParam: "",
    queryFn: ({ pageParam }) => calls.indicators.list({ ...filters, hit: filters.hit === "true" || undefined, cursor: pageParam }),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages[0]?.total;
  return (
    <div className="page page-full">
      <PageHead title={t("nav.indicators")} note={total !== undefined && t("indicators.total", { n: total })}>
        {may("indicator.write") && (
          <Button type="primary" size="small" onClick={() => setImporting(true)} data-testid="indicators-import">
            {t("indicators.import")}
          </Button>
        )}
      </PageHead>
      <FilterLine filters={filters} change={change} />
      <Answer query={query}>
        {() =>
          rows.length === 0 ? (
            <Empty title={t("indicators.empty")} hint={t("indicators.empty.hint")} />
          ) : (
            <Rows rows={rows} more={query.hasNextPage ? () => void query.fetchNextPage() : null} />
          )
        }
      </Answer>
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
    </div>
  );
}

function FilterLine({ filters, change }: { filters: Filters; change: (next: Partial<Filters>) => void }) {
  const t = useText();
  const word = useWord();
  const lists = useQuery({ queryKey: ["indicator-lists"], queryFn: calls.indicators.lists });
  const choice = (value: string, label: string) => ({ value, label });
  return (
    <div className="filter-line">
      <Segments
        label={t("column.state")}
        value={filters.state}
        options={STATES.map((value) => ({ value, label: word("indicator_state", value) }))}
        onChange={(state) => change({ state })}
      />
      <Select
        size="small"
        aria-label={t("indicators.kind")}
        value={filters.kind}
        options={[choice("", t("indicators.any_kind")), ...KINDS.map((kind) => choice(kind, word("indicator_kind", kind)))]}
        onChange={(kind) => change({ kind })}
      />
      <Select
        size="small"
        aria-label={t("indicators.list")}
        value={filters.list}
        options={[choice("", t("indicators.any_list")), ...(lists.data?.items ?? []).map((list) => choice(list.name, `${list.name} · ${list.active}`))]}
        onChange={(list) => change({ list })}
      />
      <Segments
        label={t("indicators.hits")}
        value={filters.hit || "any"}
        options={[
          { value: "any", label: t("indicators.any") },
          { value: "true", label: t("indicators.only_hit") },
        ]}
        onChange={(hit) => change({ hit: hit === "any" ? "" : hit })}
      />
      <Input.Search
        size="small"
        allowClear
        className="filter-text"
        placeholder={t("indicators.search")}
        aria-label={t("indicators.search")}
        defaultValue={filters.q}
        onSearch={(q) => change({ q: q.trim() })}
      />
    </div>
  );
}

function Rows({ rows, more }: { rows: readonly IndicatorRow[]; more: (() => void) | null }) {
  const t = useText();
  const [retiring, setRetiring] = useState<IndicatorRow | null>(null);
  const columns = useColumns(setRetiring);
  return (
    <>
      <Table label={t("nav.indicators")} testId="indicators" columns={columns} rows={rows} rowKey={(row) => row.id} />
      {more && (
        <p className="more-line">
          <button type="button" className="button button-small" onClick={more}>
            {t("more")}
          </button>
        </p>
      )}
      {retiring && <Retire row={retiring} onClose={() => setRetiring(null)} />}
    </>
  );
}

function useColumns(retire: (row: IndicatorRow) => void): Column<IndicatorRow>[] {
  const t = useText();
  const word = useWord();
  const may = useMay();
  const { locale } = usePreferences();
  return [
    { key: "severity", title: t("column.severity"), width: 72, cell: (row) => <SeverityMark severity={row.severity} /> },
    { key: "kind", title: t("indicators.kind"), width: 88, cell: (row) => word("indicator_kind", row.kind) },
    { key: "value", title: t("indicators.value"), width: 288, cell: (row) => <Code text={row.value} limit={36} /> },
    { key: "about", title: t("indicators.about"), cell: (row) => <Outside text={(locale === "zh" && row.description_zh) || row.description} /> },
    { key: "list", title: t("indicators.list"), width: 136, cell: (row) => <Outside text={row.list} /> },
    { key: "hits", title: t("indicators.hits"), numeric: true, width: 72, cell: (row) => <Hits row={row} /> },
    { key: "last", title: t("indicators.last"), width: 72, cell: (row) => (row.last_hit ? row.last_hit.slice(5, 10) : "—") },
    { key: "expires", title: t("suppressions.expires"), width: 128, cell: (row) => <Life row={row} /> },
    { key: "by", title: t("indicators.by"), width: 96, cell: (row) => row.added_by || t("indicators.given") },
    {
      key: "verbs",
      title: "",
      width: 72,
      cell: (row) =>
        row.state !== "retired" &&
        may("indicator.write") && (
          <button type="button" className="link" onClick={() => retire(row)} data-testid="indicator-retire">
            {t("indicators.retire")}
          </button>
        ),
    },
  ];
}

/** The number of alerts is a way to them. */
function Hits({ row }: { row: IndicatorRow }) {
  if (row.hits === 0) return <span className="quiet">0</span>;
  return <a href={`/alerts?state=all&grouped=false&source=indicator&q=${encodeURIComponent(row.value)}`}>{row.hits.toLocaleString("en-US")}</a>;
}

function Life({ row }: { row: IndicatorRow }) {
  const t = useText();
  const word = useWord();
  if (row.state === "retired") {
    return (
      <span title={`${row.retired_by ?? ""} ${row.retired_for ?? ""}`}>
        <Chip>{word("indicator_state", "retired")}</Chip>
      </span>
    );
  }
  if (row.expires_at === null) return <span className="quiet">{t("indicators.forever")}</span>;
  return row.state === "expired" ? <Chip tone="warn">{word("indicator_state", "expired")}</Chip> : <Time at={row.expires_at} />;
}

function Retire({ row, onClose }: { row: IndicatorRow; onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const retire = useMutation({
    mutationFn: (reason: string) => calls.indicators.retire({ ids: [row.id], reason }),
    onSuccess: ({ in_force }) => {
      void client.invalidateQueries({ queryKey: ["indicators"] });
      void client.invalidateQueries({ queryKey: ["indicator-lists"] });
      notices.done(in_force ? t("indicators.retired") : t("indicators.later"));
    },
    onError: notices.failed,
  });
  return (
    <ReasonDialog
      danger
      title={t("indicators.retire.title", { value: row.value })}
      verb={t("indicators.retire")}
      hint={t("indicators.retire.hint", { n: row.hits })}
      onClose={onClose}
      onSubmit={(reason) => retire.mutate(reason)}
    />
  );
}
