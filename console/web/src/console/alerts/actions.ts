// Verbs on alerts: the rows change at once, the server is told, and a way back is offered.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { AlertActionKind, AlertRow, Disposition } from "../../api/types";
import { withoutRows, type Selection } from "../../lib/selection";
import { useNotices } from "../core/notices";
import { useText, type TextKey } from "../core/preferences";
import type { AlertFilters } from "./filters";
import type { useQueue } from "./queue";

/** Why alerts are closed. */
export interface ClosingWords {
  reason: string;
  disposition: Disposition;
}

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
  queue: Pick<ReturnType<typeof useQueue>, "rows" | "patch" | "load">,
  filters: AlertFilters,
  selection: Selection,
  setSelection: (selection: Selection) => void,
) {
  const t = useText();
  const notices = useNotices();
  const client = useQueryClient();
  const refresh = () => void client.invalidateQueries({ queryKey: ["alert"] });
  const undo = async (token: string) => {
    await calls.alerts.undo(token).catch(notices.failed);
    await queue.load();
    refresh();
  };
  const mutation = useMutation({
    mutationFn: (sent: { action: AlertActionKind; ids: string[]; words?: ClosingWords }) =>
      calls.alerts.act({ ids: sent.ids, action: sent.action, whole_groups: filters.grouped, ...sent.words }),
    onSuccess: (result, { action }) => {
      const token = result.undo_token;
      notices.done(t(DONE[action], { n: result.changed }), token ? () => void undo(token) : undefined);
      refresh();
    },
    onError: (error) => {
      notices.failed(error);
      void queue.load();
    },
  });
  const run = (action: AlertActionKind, ids: string[], words?: ClosingWords) => {
    if (ids.length === 0) return;
    const wanted = new Set(ids);
    const before = queue.rows.map((row) => row.id);
    queue.patch((row) => (wanted.has(row.id) ? changed(row, action, filters) : row));
    const gone = action === "close" && filters.state === "open" ? wanted : new Set<string>();
    setSelection({ ...withoutRows(selection, before, gone), ticked: new Set() });
    mutation.mutate({ action, ids, ...(words ? { words } : {}) });
  };
  return { run };
}
