// The hunt: a query over the event store, its histogram, its most frequent values, its events; and the hunt over the past for
// new rules and indicators.

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { EventDocument } from "../../api/documents";
import { Bars } from "../components/bars";
import { Card, PageHead } from "../components/layout";
import { SavedViews } from "../components/saved-views";
import { Answer, Empty, Failure, SkeletonRows } from "../components/states";
import { Outside } from "../components/values";
import { Select } from "../components/select";
import { useText, useWord } from "../core/preferences";
import { EventLine } from "../hunt/event";
import { useRetroTexts } from "../hunt/text";
import { shortTime } from "../../lib/time";

const RANGES = ["1h", "24h", "7d", "30d"] as const;
type Range = (typeof RANGES)[number];
const RANGE_MS: Record<Range, number> = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 };

/** Fields whose most frequent values are shown. */
const TOP_FIELDS = ["source.ip", "destination.ip", "event.dataset", "url.domain"] as const;

interface Window {
  q: string;
  from: string;
  to: string;
}

/** The window of an address: a range ends now, a chosen bar is exact. */
function useWindow() {
  const [search, setSearch] = useSearchParams();
  const [opened] = useState(() => Date.now());
  const q = search.get("q") ?? "";
  const range = RANGES.find((name) => name === search.get("range")) ?? "24h";
  const exact = { from: search.get("from"), to: search.get("to") };
  const now = Number(search.get("at") ?? opened);
  const window: Window = {
    q,
    from: exact.from ?? new Date(now - RANGE_MS[range]).toISOString(),
    to: exact.to ?? new Date(now).toISOString(),
  };
  const set = (next: Record<string, string>) => {
    const kept = Object.entries({ q, range, at: String(Date.now()), ...next }).filter(([, value]) => value !== "");
    setSearch(Object.fromEntries(kept));
  };
  return { window, range, isExact: exact.from !== null, set };
}

const RetroPanel = lazy(async () => ({ default: (await import("../hunt/panel")).RetroPanel }));

/** The page: the search, or the hunt over the past. */
export function SearchPage() {
  const t = useText();
  const r = useRetroTexts();
  const [search] = useSearchParams();
  const isRetro = search.get("mode") === "retro";
  const tabs = [
    { path: "/search", title: r("tab.search"), here: !isRetro },
    { path: "/search?mode=retro", title: r("tab.retro"), here: isRetro },
  ];
  return (
    <div className="page">
      {isRetro ? <PageHead title={r("title")} note={r("note")} tabs={tabs} /> : <PageHead title={t("nav.search")} tabs={tabs} />}
      {isRetro ? (
        <Suspense fallback={<SkeletonRows rows={6} />}>
          <RetroPanel />
        </Suspense>
      ) : (
        <Search />
      )}
    </div>
  );
}

function Search() {
  const t = useText();
  const { window, range, isExact, set } = useWindow();
  return (
    <>
      <div className="hunt-bar">
        <Input.Search
          key={window.q}
          defaultValue={window.q}
          enterButton={t("search.run")}
          placeholder={t("search.placeholder")}
          aria-label={t("search.placeholder")}
          className="mono"
          data-testid="hunt-query"
          onSearch={(q) => set({ q: q.trim() })}
        />
        <Select
          value={isExact ? "exact" : range}
          aria-label={t("search.range")}
          style={{ width: 152 }}
          options={[
            ...RANGES.map((value) => ({ value, label: t(`range.${value}`) })),
            ...(isExact ? [{ value: "exact", label: t("range.exact") }] : []),
          ]}
          onChange={(value) => value !== "exact" && set({ range: value })}
        />
        <SavedViews
          kind="events"
          path="/search"
          label={t("views.hunts")}
          search={new URLSearchParams({ q: window.q, range }).toString()}
        />
      </div>
      <Card>
        <Histogram window={window} onChoose={(from, to) => set({ from, to })} />
      </Card>
      <div className="columns">
        <div className="column-main">
          <Events window={window} />
        </div>
        <div className="column-side">
          {TOP_FIELDS.map((field) => (
            <Top key={field} field={field} window={window} onChoose={(term) => set({ q: withTerm(window.q, field, term) })} />
          ))}
        </div>
      </div>
    </>
  );
}

/** The query narrowed to one value. */
function withTerm(q: string, field: string, term: string): string {
  const condition = `${field}:"${term.replace(/["\\]/g, "\\$&")}"`;
  return q ? `(${q}) AND ${condition}` : condition;
}

const BUCKETS = 60;

function Histogram({ window, onChoose }: { window: Window; onChoose: (from: string, to: string) => void }) {
  const t = useText();
  const query = useQuery({
    queryKey: ["histogram", window],
    queryFn: () => calls.events.histogram({ ...window, buckets: BUCKETS }),
    placeholderData: keepPreviousData,
  });
  return (
    <Answer query={query} rows={3}>
      {({ buckets }) => (
        <Bars
          label={t("search.histogram")}
          height={96}
          bars={buckets.map((bucket) => ({
            label: shortTime(bucket.time).slice(0, -3),
            parts: [{ name: t("search.events"), colour: "var(--accent)", count: bucket.count }],
          }))}
          onChoose={(index) => {
            const from = buckets[index]?.time;
            if (from) onChoose(from, buckets[index + 1]?.time ?? window.to);
          }}
        />
      )}
    </Answer>
  );
}

interface TopProps {
  field: (typeof TOP_FIELDS)[number];
  window: Window;
  onChoose: (term: string) => void;
}

function Top({ field, window, onChoose }: TopProps) {
  const word = useWord();
  const query = useQuery({
    queryKey: ["top", field, window],
    queryFn: () => calls.events.top({ ...window, field, limit: 8 }),
    placeholderData: keepPreviousData,
  });
  return (
    <Card title={word("field", field)}>
      <Answer query={query} rows={3}>
        {({ items }) => (
          <ul className="terms">
            {items.length === 0 && <li className="quiet">—</li>}
            {items.map((item) => (
              <li key={item.term}>
                <button type="button" className="link mono" onClick={() => onChoose(item.term)}>
                  <Outside text={item.term} />
                </button>
                <span className="numeric">{item.count}</span>
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </Card>
  );
}

function Events({ window }: { window: Window }) {
  const t = useText();
  const query = useInfiniteQuery({
    queryKey: ["events", window],
    queryFn: ({ pageParam }) => calls.events.search({ ...window, limit: 100, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  if (query.isPending) return <SkeletonRows rows={12} />;
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const items = query.data.pages.flatMap((page) => page.items as unknown as EventDocument[]);
  const first = query.data.pages[0];
  return (
    <Card title={t("search.found", { n: first?.total ?? 0, ms: first?.took_ms ?? 0 })}>
      {items.length === 0 && <Empty title={t("search.empty")} hint={t("search.empty.hint")} />}
      <div className="events" data-testid="events">
        {items.map((event) => (
          <EventLine key={event.id} event={event} />
        ))}
      </div>
      {query.hasNextPage && (
        <Button className="more" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("more")}
        </Button>
      )}
    </Card>
  );
}
