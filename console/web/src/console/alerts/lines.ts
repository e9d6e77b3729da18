// The lines of the grid: groups, and below those that are unfolded the alerts in them.

import { useQueries } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { AlertRow } from "../../api/types";

/** Most alerts that an unfolded group shows. */
export const MEMBERS = 500;

/** One line of the grid. */
export type Line =
  | { kind: "row"; key: string; row: AlertRow; head: string | null }
  /** In the place of an alert that is still being loaded. */
  | { kind: "waiting"; key: string }
  | { kind: "failed"; key: string; head: string }
  /** More alerts than are shown. */
  | { kind: "rest"; key: string; count: number };

/** What is known of the alerts of a group. */
export interface Members {
  rows: readonly AlertRow[] | undefined;
  total: number;
  failed: boolean;
}

/** Whether a row stands for more than itself. */
export const isGroup = (row: AlertRow): boolean => row.count > 1;

/** The lines in their order. While a group loads there are as many lines as there will be, so that nothing moves. */
export function linesOf(rows: readonly AlertRow[], unfolded: ReadonlyMap<string, Members>): Line[] {
  return rows.flatMap((row) => {
    const line: Line = { kind: "row", key: row.id, row, head: null };
    const members = unfolded.get(row.id);
    return members ? [line, ...membersOf(row, members)] : [line];
  });
}

function membersOf(head: AlertRow, members: Members): Line[] {
  if (members.failed) return [{ kind: "failed", key: `${head.id} failed`, head: head.id }];
  if (!members.rows) {
    const count = Math.max(0, Math.min(head.count, MEMBERS) - 1);
    return Array.from({ length: count }, (_, index) => ({ kind: "waiting", key: `${head.id} ${index}` }));
  }
  const lines: Line[] = members.rows.filter((row) => row.id !== head.id).map((row) => ({ kind: "row", key: row.id, row, head: head.id }));
  const rest = members.total - members.rows.length;
  return rest > 0 ? [...lines, { kind: "rest", key: `${head.id} rest`, count: rest }] : lines;
}

/** The alerts of the groups that are unfolded, as they were when they were loaded. */
export function useMembers(heads: readonly string[]) {
  return useQueries({
    queries: heads.map((head) => ({
      queryKey: membersKey(head),
      queryFn: () => calls.alerts.list({ group: head, limit: MEMBERS }),
      staleTime: Infinity,
    })),
    combine: (answers) => ({
      known: new Map(
        answers.map((answer, index): [string, Members] => [
          heads[index] ?? "",
          { rows: answer.data?.items, total: answer.data?.total ?? 0, failed: answer.isError },
        ]),
      ),
      reload: () => Promise.all(answers.map((answer) => answer.refetch())),
    }),
  });
}

/** Where the alerts of a group are kept. */
export const membersKey = (head: string) => ["alert-members", head];
