// The frozen queue: pages stay as they were loaded; news are counted beside it until somebody asks for them.

import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { AlertRow, List } from "../../api/types";
import { queryOf, type AlertFilters } from "./filters";

/** Rows per page. */
const PAGE = 100;

type Pages = InfiniteData<List<AlertRow>, string | undefined>;

/** The queue as it was loaded, and what came since. */
export function useQueue(filters: AlertFilters) {
  const client = useQueryClient();
  const key = ["alert-queue", filters];
  const pages = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) =>
      calls.alerts.list({ ...queryOf(filters), limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Infinity,
  });
  const news = useQuery({
    queryKey: ["alert-news", filters],
    queryFn: () => calls.alerts.list({ ...queryOf(filters), limit: PAGE }),
    enabled: pages.isSuccess,
    refetchInterval: 30_000,
  });
  const rows = mergeNews(pages.data?.pages.flatMap((page) => page.items) ?? [], news.data?.items ?? []);
  const known = new Set(rows.map((row) => row.id));
  const load = async () => {
    await pages.refetch();
    await client.invalidateQueries({ queryKey: ["alert-news"] });
  };
  const patch = (change: (row: AlertRow) => AlertRow | null) =>
    client.setQueryData<Pages>(key, (data) => data && patchPages(data, change));
  return {
    rows,
    total: pages.data?.pages[0]?.total ?? 0,
    totalIsLeast: pages.data?.pages[0]?.total_is_least ?? false,
    fresh: (news.data?.items ?? []).filter((row) => !known.has(row.id) && isNewer(row, rows)).length,
    query: pages,
    load,
    patch,
  };
}

/** News about rows that are shown change them in place; rows never move. */
function mergeNews(rows: readonly AlertRow[], news: readonly AlertRow[]): AlertRow[] {
  const newer = new Map(news.map((row) => [row.id, row]));
  return rows.map((row) => {
    const other = newer.get(row.id);
    return other && other.revision > row.revision ? other : row;
  });
}

/** Rows that moved up from a later page are not news. */
function isNewer(row: AlertRow, rows: readonly AlertRow[]): boolean {
  const last = rows.at(-1);
  return !last || row.time >= last.time;
}

function patchPages(data: Pages, change: (row: AlertRow) => AlertRow | null): Pages {
  const pages = data.pages.map((page) => ({
    ...page,
    items: page.items.map(change).filter((row): row is AlertRow => row !== null),
  }));
  return { ...data, pages };
}
