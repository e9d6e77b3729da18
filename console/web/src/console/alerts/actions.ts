// Verbs on alerts: the rows change at once, the server is told, and a way back is offered.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { AlertActionKind, AlertRow, Disposition, List } from "../../api/types";
import { withoutRows, type Selection } from "../../lib/selection";
import { useNotices } from "../core/notices";
import { useText, type TextKey } from "../core/preferences";
import type { AlertFilters } from "./filters";
import { membersKey } from "./lines";
import type { useQueue } from "./queue";

/** Why alerts are closed. */
export interface ClosingWords {
  reason: string;
  disposition: Disposition;
}

/** Alerts of an act: whether it takes their whole groups, and which. */
type Extents = readonly (readonly [wholeGroups: boolean, ids: string[]])[];

const DONE: Record<AlertActionKind, TextKey> = {
  acknowledge: "done.acknowledge",
  assign_to_me: "done.assign",
  close: "done.close",
  reopen: "done.reopen",
};

/** What a verb makes of a row; null when the row leaves the list. */
function changed(row: AlertRow, action: AlertActionKind, filters: AlertFilters): AlertRow | null {
  if (action === "close") return filters.state === "open" ? null : { ...row, state: "closed" };
  if (action === "reopen") return { ...row, state: "new" };
  return row.state === "new" ? { ...row, state: "acknowledged" } : row;
}

/** Runs verbs on the queue. */
export function useAlertActions(
  queue: Pick<ReturnType<typeof useQueue>, "rows" | "patch" | "load"> & { order: readonly string[]; headOf: (id: string) => string | null },
  filters: AlertFilters,
  selection: Selection,
  setSelection: (selection: Selection) => void,
) {
  const t = useText();
  const notices = useNotices();
  const client = useQueryClient();
  const refresh = () => void client.invalidateQueries({ queryKey: ["alert"] });
  const undo = async (tokens: readonly string[]) => {
    for (const token of tokens) await calls.alerts.undo(token).catch(notices.failed);
    await queue.load();
    refresh();
  };
  const mutation = useMutation({
    mutationFn: async ({ action, extents, words }: { action: AlertActionKind; extents: Extents; words?: ClosingWords }) => {
      const answers = [];
      for (const [whole_groups, some] of extents) {
        if (some.length > 0) answers.push(await calls.alerts.act({ ids: some, action, whole_groups, ...words }));
      }
      return answers;
    },
    onSuccess: (answers, { action }) => {
      const tokens = answers.toReversed().flatMap((answer) => answer.undo_token ?? []);
      const changed = answers.reduce((sum, answer) => sum + answer.changed, 0);
      notices.done(t(DONE[action], { n: changed }), tokens.length > 0 ? () => void undo(tokens) : undefined);
      refresh();
    },
    onError: (error) => {
      notices.failed(error);
      void queue.load();
    },
  });
  /** What acts on whole groups, and the single alerts of unfolded ones whose group is not among them. */
  const byExtent = (ids: readonly string[]): Extents => {
    const heads = ids.filter((id) => queue.headOf(id) === null);
    const alone = ids.filter((id) => queue.headOf(id) !== null && !heads.includes(queue.headOf(id) ?? ""));
    return [
      [filters.grouped, heads],
      [false, alone],
    ];
  };
  /** Single alerts change in their group, which counts what is left. */
  const patchMembers = (action: AlertActionKind, ids: readonly string[]) => {
    for (const head of new Set(ids.map(queue.headOf))) {
      if (head === null) continue;
      const some = ids.filter((id) => queue.headOf(id) === head);
      client.setQueryData<List<AlertRow>>(membersKey(head), (list) => {
        const items = list?.items.map((row) => (some.includes(row.id) ? changed(row, action, filters) : row)).filter((row) => row !== null);
        return list && items && { ...list, items, total: list.total - (list.items.length - items.length) };
      });
      if (action === "close") queue.patch((row) => (row.id === head ? { ...row, count: row.count - some.length } : row));
    }
  };
  const run = (action: AlertActionKind, ids: string[], words?: ClosingWords) => {
    if (ids.length === 0) return;
    const wanted = new Set(ids);
    // Asked before the rows change: an alert that left its group is known as one of it no longer.
    const extents = byExtent(ids);
    const before = queue.order;
    queue.patch((row) => (wanted.has(row.id) ? changed(row, action, filters) : row));
    patchMembers(action, ids.filter((id) => queue.headOf(id) !== null));
    const gone = action === "close" && filters.state === "open" ? wanted : new Set<string>();
    setSelection({ ...withoutRows(selection, before, gone), ticked: new Set() });
    mutation.mutate({ action, extents, ...(words ? { words } : {}) });
  };
  return { run };
}
