// The alert queue and the detail beside it.

import { useState } from "react";
import { useLocation, useParams, useSearch } from "wouter";
import * as calls from "../../api/calls";
import type { AlertRow, SuppressionMade } from "../../api/types";
import { moveCursor, NOTHING, targets, toggle, toggleAll, type Selection } from "../../lib/selection";
import { PageHead, Split } from "../components/layout";
import { Empty, Failure, SkeletonRows } from "../components/states";
import { DispatchDialog } from "../incidents/dispatch-dialog";
import { SuppressDialog } from "../analyst/suppress-dialog";
import { useKeys, type KeyBinding } from "../core/keys";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useAlertActions } from "./actions";
import { CloseDialog } from "./close-dialog";
import { AlertDetailView } from "./detail";
import { FilterBar } from "./filter-bar";
import { queryOf, useAlertFilters, type AlertFilters } from "./filters";
import { AlertGrid, type RowAct } from "./grid";
import { isGroup, linesOf, useMembers } from "./lines";
import { IncidentDialog } from "./incident-dialog";
import { useQueue } from "./queue";
import { SelectionBar } from "./selection-bar";

type Dialog = { kind: "close" | "incident" | "dispatch" | "suppress"; ids: string[] } | { kind: "tasks"; incident: string } | null;

/** The queue. */
export function AlertsPage() {
  const [filters, setFilters] = useAlertFilters();
  // Other filters are another queue: cursor and ticks start anew.
  return <Queue key={JSON.stringify(filters)} filters={filters} setFilters={setFilters} />;
}

function Queue({ filters, setFilters }: { filters: AlertFilters; setFilters: (change: Partial<AlertFilters>) => void }) {
  const t = useText();
  const may = useMay();
  const queue = useQueue(filters);
  const { open, show, hide } = useOpenAlert();
  const [selection, setSelection] = useState<Selection>({ ...NOTHING, cursor: open });
  const [dialog, setDialog] = useState<Dialog>(null);
  const folds = useFolds(queue, selection, setSelection);
  const { rows, ids } = folds;
  const actions = useAlertActions({ ...queue, load: folds.load, order: ids, headOf: folds.headOf }, filters, selection, setSelection);
  const chosen = targets(selection);
  const openDialog = (kind: "close" | "incident" | "dispatch" | "suppress") => chosen.length > 0 && setDialog({ kind, ids: chosen });
  const dispatch = () => {
    const incident = rows.find((row) => chosen.includes(row.id) && row.incident_id)?.incident_id;
    if (incident) setDialog({ kind: "tasks", incident });
    else openDialog("dispatch");
  };
  const move = (step: number) => {
    const next = moveCursor(selection, ids, step);
    setSelection(next);
    if (open && next.cursor) show(next.cursor);
  };
  const verbs: Verbs = {
    move,
    open: () => {
      folds.unfold();
      if (selection.cursor) show(selection.cursor);
    },
    unfold: folds.unfold,
    fold: folds.fold,
    tick: () => selection.cursor && setSelection(toggle(selection, selection.cursor)),
    tickAll: () => setSelection(toggleAll(selection, ids)),
    clear: () => setSelection({ ...selection, ticked: new Set() }),
    load: () => void folds.load(),
    acknowledge: () => actions.run("acknowledge", chosen),
    assign: () => actions.run("assign_to_me", chosen),
    close: () => openDialog("close"),
    incident: () => openDialog("incident"),
    dispatch,
    suppress: () => openDialog("suppress"),
    group: () => setFilters({ grouped: !filters.grouped }),
  };
  const acts = useRowActs({
    run: (action, id) => actions.run(action, [id]),
    ask: (kind, row) => {
      setSelection({ ...selection, cursor: row.id });
      setDialog(kind === "dispatch" && row.incident_id ? { kind: "tasks", incident: row.incident_id } : { kind, ids: [row.id] });
    },
  });
  useQueueKeys(verbs, { act: may("alert.act"), lead: may("incident.write"), suppress: may("suppression.write") });
  return (
    <div className="page page-full">
      <PageHead title={t("alerts.title")} note={t(queue.totalIsLeast ? "alerts.total.least" : "alerts.total", { n: queue.total })}>
        <FilterBar filters={filters} onChange={setFilters} />
        <a className="button button-small" href={`/api/v1/alerts/export.xlsx?${exportSearch(filters)}`} download>
          {t("export.xlsx")}
        </a>
      </PageHead>
      <Split
        onClose={hide}
        detail={open && <AlertDetailView id={open} onShow={show} verbs={verbs} />}
        list={
          <>
            {queue.fresh > 0 && <NewsBar count={queue.fresh} onLoad={verbs.load} />}
            <QueueBody queue={queue} filters={filters}>
              <AlertGrid
                lines={folds.lines}
                unfolded={folds.unfolded}
                onFold={folds.toggle}
                onRetry={() => void folds.load()}
                selection={selection}
                open={open}
                onToggle={(id) => setSelection(toggle(selection, id))}
                onToggleAll={verbs.tickAll}
                onOpen={(id) => {
                  setSelection({ ...selection, cursor: id });
                  show(id);
                }}
                acts={acts}
                onEnd={() => {
                  if (queue.query.hasNextPage && !queue.query.isFetching) void queue.query.fetchNextPage();
                }}
              />
            </QueueBody>
            {selection.ticked.size > 0 && <SelectionBar count={selection.ticked.size} verbs={verbs} />}
          </>
        }
      />
      <Dialogs dialog={dialog} rows={rows} actions={actions} setDialog={setDialog} reload={verbs.load} />
    </div>
  );
}

/** The groups that are unfolded, and the lines that makes of the queue. */
function useFolds(queue: ReturnType<typeof useQueue>, selection: Selection, setSelection: (selection: Selection) => void) {
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const shown = queue.rows.filter((row) => unfolded.has(row.id)).map((row) => row.id);
  const members = useMembers(shown);
  const lines = linesOf(queue.rows, members.known);
  const rows = lines.flatMap((line) => (line.kind === "row" ? [line.row] : []));
  const heads = new Map(lines.flatMap((line) => (line.kind === "row" && line.head !== null ? [[line.row.id, line.head]] : [])));
  const headOf = (id: string): string | null => heads.get(id) ?? null;
  const set = (id: string, wanted: boolean) => {
    const next = new Set(unfolded);
    if (wanted) next.add(id);
    else next.delete(id);
    setUnfolded(next);
    // Ticks that nobody sees any more would be acted on unseen.
    const hidden = new Set(wanted ? [] : [...heads].filter(([, head]) => head === id).map(([member]) => member));
    const cursor = selection.cursor !== null && hidden.has(selection.cursor) ? id : selection.cursor;
    setSelection({ cursor, ticked: new Set([...selection.ticked].filter((one) => !hidden.has(one))) });
  };
  const here = queue.rows.find((row) => row.id === selection.cursor);
  return {
    lines,
    rows,
    ids: rows.map((row) => row.id),
    unfolded,
    headOf,
    toggle: (id: string) => set(id, !unfolded.has(id)),
    unfold: () => here && isGroup(here) && !unfolded.has(here.id) && set(here.id, true),
    fold: () => {
      const head = selection.cursor && (headOf(selection.cursor) ?? selection.cursor);
      if (head && unfolded.has(head)) set(head, false);
    },
    load: async () => {
      await queue.load();
      await members.reload();
    },
  };
}

interface Doing {
  run: (action: "acknowledge", id: string) => void;
  ask: (kind: "close" | "incident" | "dispatch", row: AlertRow) => void;
}

/** The verbs of a row under the pointer, for what the account may do. */
function useRowActs({ run, ask }: Doing): RowAct[] {
  const t = useText();
  const may = useMay();
  const acting: RowAct[] = [
    { key: "acknowledge", title: t("verb.acknowledge"), run: (row) => run("acknowledge", row.id) },
    { key: "close", title: t("verb.close"), run: (row) => ask("close", row) },
  ];
  const leading: RowAct[] = [
    { key: "incident", title: t("verb.incident"), run: (row) => ask("incident", row) },
    { key: "dispatch", title: t("verb.dispatch"), run: (row) => ask("dispatch", row) },
  ];
  return [...(may("alert.act") ? acting : []), ...(may("incident.write") ? leading : [])];
}

/** The parameters of the exported table: what the queue shows. */
function exportSearch(filters: AlertFilters): string {
  const told = Object.entries(queryOf(filters)).filter(([, value]) => value !== "");
  return new URLSearchParams(told.map(([name, value]) => [name, String(value)])).toString();
}

/** What keys and buttons do. */
export interface Verbs {
  move: (step: number) => void;
  open: () => void;
  unfold: () => void;
  fold: () => void;
  tick: () => void;
  tickAll: () => void;
  clear: () => void;
  load: () => void;
  acknowledge: () => void;
  assign: () => void;
  close: () => void;
  incident: () => void;
  dispatch: () => void;
  suppress: () => void;
  group: () => void;
}

function useQueueKeys(verbs: Verbs, may: { act: boolean; lead: boolean; suppress: boolean }): void {
  const moving: KeyBinding[] = [
    { key: "j", label: "key.next", run: () => verbs.move(1) },
    { key: "k", label: "key.previous", run: () => verbs.move(-1) },
    { key: "ArrowDown", label: "key.next", run: () => verbs.move(1) },
    { key: "ArrowUp", label: "key.previous", run: () => verbs.move(-1) },
    { key: "Enter", label: "key.open", run: verbs.open },
    { key: "ArrowRight", label: "key.unfold", run: verbs.unfold },
    { key: "ArrowLeft", label: "key.fold", run: verbs.fold },
    { key: "x", label: "key.tick", run: verbs.tick },
    { key: "*", label: "key.tick_all", run: verbs.tickAll },
    { key: "Escape", label: "key.clear", run: verbs.clear },
    { key: ".", label: "key.load", run: verbs.load },
    { key: "g", label: "key.group", run: verbs.group },
  ];
  const acting: KeyBinding[] = [
    { key: "a", label: "key.acknowledge", run: verbs.acknowledge },
    { key: "m", label: "key.assign", run: verbs.assign },
    { key: "c", label: "key.close_alerts", run: verbs.close },
  ];
  const leading: KeyBinding[] = [
    { key: "e", label: "key.incident", run: verbs.incident },
    { key: "d", label: "key.dispatch", run: verbs.dispatch },
  ];
  const quieting: KeyBinding[] = [{ key: "s", label: "key.suppress", run: verbs.suppress }];
  useKeys([...moving, ...(may.act ? acting : []), ...(may.lead ? leading : []), ...(may.suppress ? quieting : [])]);
}

function useOpenAlert() {
  const { id } = useParams<{ id?: string }>();
  const search = useSearch();
  const [, navigate] = useLocation();
  const go = (path: string) => navigate(search ? `${path}?${search}` : path, { replace: true });
  return { open: id ?? null, show: (next: string) => go(`/alerts/${next}`), hide: () => go("/alerts") };
}

function QueueBody({
  queue,
  filters,
  children,
}: {
  queue: ReturnType<typeof useQueue>;
  filters: AlertFilters;
  children: React.ReactNode;
}) {
  const t = useText();
  if (queue.query.isPending) return <SkeletonRows rows={16} />;
  if (queue.query.error) return <Failure error={queue.query.error} retry={queue.load.bind(null)} />;
  if (queue.rows.length > 0) return children;
  const filtered = filters.q !== "" || filters.severity_min !== "" || filters.domain !== "" || filters.source !== "";
  return <Empty title={t("alerts.empty")} hint={filtered ? t("alerts.empty.filtered") : t("alerts.empty.hint")} />;
}

function NewsBar({ count, onLoad }: { count: number; onLoad: () => void }) {
  const t = useText();
  return (
    <button type="button" className="news-bar" onClick={onLoad} aria-live="polite" data-testid="news">
      {t("alerts.news", { n: count })}
    </button>
  );
}

function Suppress({ row, onClose, reload }: { row: AlertRow | undefined; onClose: () => void; reload: () => void }) {
  const t = useText();
  const notices = useNotices();
  if (!row) return null;
  const onDone = (made: SuppressionMade) => {
    onClose();
    reload();
    const token = made.undo_token;
    const undo = token ? () => void calls.alerts.undo(token).then(reload).catch(notices.failed) : undefined;
    notices.done(t("done.suppress", { n: made.closed }), undo);
  };
  return <SuppressDialog row={row} onClose={onClose} onDone={onDone} />;
}

interface DialogsProps {
  dialog: Dialog;
  rows: readonly AlertRow[];
  actions: ReturnType<typeof useAlertActions>;
  setDialog: (dialog: Dialog) => void;
  reload: () => void;
}

function Dialogs({ dialog, rows, actions, setDialog, reload }: DialogsProps) {
  const done = () => setDialog(null);
  if (!dialog) return null;
  if (dialog.kind === "tasks") return <DispatchDialog incident={dialog.incident} onClose={done} onDone={reload} />;
  const chosen = rows.filter((row) => dialog.ids.includes(row.id));
  if (dialog.kind === "close") {
    return <CloseDialog rows={chosen} onClose={done} onSubmit={(words) => actions.run("close", dialog.ids, words)} />;
  }
  if (dialog.kind === "suppress") return <Suppress row={chosen[0]} onClose={done} reload={reload} />;
  const after = (incident: string) => {
    setDialog(dialog.kind === "dispatch" ? { kind: "tasks", incident } : null);
    reload();
  };
  return <IncidentDialog rows={chosen} onClose={done} onCreated={after} />;
}
