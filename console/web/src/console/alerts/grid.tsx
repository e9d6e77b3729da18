// The grid of the queue: virtual rows, one tab stop, worked by keys.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useSyncExternalStore, type CSSProperties, type MouseEvent } from "react";
import type { AlertRow } from "../../api/types";
import type { Selection } from "../../lib/selection";
import { Chip, Outside, SeverityMark, Time } from "../components/values";
import { ROW_HEIGHT, useChoice, usePreferences, useText, useWord } from "../core/preferences";
import { isGroup, type Line } from "./lines";

interface GridProps {
  lines: readonly Line[];
  /** The groups that are unfolded. */
  unfolded: ReadonlySet<string>;
  onFold: (id: string) => void;
  onRetry: () => void;
  selection: Selection;
  open: string | null;
  onToggle: (id: string) => void;
  onToggleAll: () => void;
  onOpen: (id: string) => void;
  /** Does the commonest things to one row; what the account may not do is not among them. */
  acts: readonly RowAct[];
  onEnd: () => void;
}

/** A verb that a row shows under the pointer. */
export interface RowAct {
  key: string;
  title: string;
  run: (row: AlertRow) => void;
}

/** Pixels of a row that stands in two lines, where the window is as narrow as a phone. */
const NARROW_ROW = 60;

/** The grid. */
export function AlertGrid(props: GridProps) {
  const t = useText();
  const { density } = usePreferences();
  const scroll = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const height = narrow ? NARROW_ROW : ROW_HEIGHT[density];
  // The compiler leaves components with a virtualizer alone, which is what they need.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: props.lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => height,
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [height, virtual]);
  useCursorInView(props, (index) => virtual.scrollToIndex(index, { align: "auto" }));
  const items = virtual.getVirtualItems();
  useEndReached(items.at(-1)?.index, props.lines.length, props.onEnd);
  return (
    <div
      className="grid"
      role="treegrid"
      aria-label={t("alerts.title")}
      aria-rowcount={props.lines.length + 1}
      aria-multiselectable="true"
      data-testid="alert-grid"
      tabIndex={0}
      aria-activedescendant={props.selection.cursor ? `alert-${props.selection.cursor}` : undefined}
      ref={scroll}
    >
      <GridHead {...props} />
      <div role="rowgroup" className="grid-rows" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const line = props.lines[item.index];
          const place = { index: item.index, style: { height, transform: `translateY(${item.start}px)` } };
          if (!line) return null;
          if (line.kind !== "row") return <NoteRow key={line.key} line={line} {...place} onRetry={props.onRetry} />;
          return <GridRow key={line.key} row={line.row} isMember={line.head !== null} {...place} {...props} />;
        })}
      </div>
    </div>
  );
}

const NARROW = "(max-width: 600px)";

function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const query = window.matchMedia(NARROW);
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => window.matchMedia(NARROW).matches,
  );
}

function useCursorInView({ lines, selection }: GridProps, scrollTo: (index: number) => void): void {
  const cursor = selection.cursor;
  const scroll = useRef(scrollTo);
  const index = lines.findIndex((line) => line.key === cursor);
  useEffect(() => {
    scroll.current = scrollTo;
  });
  useEffect(() => {
    if (index >= 0) scroll.current(index);
  }, [cursor, index]);
}

function useEndReached(last: number | undefined, count: number, onEnd: () => void): void {
  const reached = last !== undefined && last >= count - 20;
  const end = useRef(onEnd);
  useEffect(() => {
    end.current = onEnd;
  });
  useEffect(() => {
    if (reached) end.current();
  }, [reached, count]);
}

function GridHead({ lines, selection, onToggleAll }: GridProps) {
  const t = useText();
  const rows = lines.flatMap((line) => (line.kind === "row" ? [line.row] : []));
  const all = rows.length > 0 && rows.every((row) => selection.ticked.has(row.id));
  return (
    <div role="row" aria-rowindex={1} className="grid-row grid-head">
      <span role="columnheader">
        <input type="checkbox" aria-label={t("alerts.select_all")} checked={all} onChange={onToggleAll} tabIndex={-1} />
      </span>
      <span role="columnheader">{t("column.severity")}</span>
      <span role="columnheader">{t("column.time")}</span>
      <span role="columnheader">{t("column.title")}</span>
      <span role="columnheader">{t("column.route")}</span>
      <span role="columnheader" className="wide-only">
        {t("column.unit")}
      </span>
      <span role="columnheader" className="numeric">
        {t("column.count")}
      </span>
      <span role="columnheader" className="wide-only">
        {t("column.techniques")}
      </span>
      <span role="columnheader">{t("column.state")}</span>
      <span role="columnheader" className="wide-only">
        {t("column.owner")}
      </span>
    </div>
  );
}

interface PlaceProps {
  index: number;
  style: CSSProperties;
}

type RowProps = GridProps & PlaceProps & { row: AlertRow; isMember: boolean };

/** A line below a group that is no alert: one that loads, one that failed, or how many more there are. */
function NoteRow({ line, index, style, onRetry }: PlaceProps & { line: Exclude<Line, { kind: "row" }>; onRetry: () => void }) {
  const t = useText();
  return (
    <div role="row" aria-level={2} aria-rowindex={index + 2} className="grid-row grid-note" style={style} data-testid={`alert-${line.kind}`}>
      <span role="gridcell">
        {line.kind === "waiting" && <span className="skeleton-row" role="status" aria-label={t("state.loading")} />}
        {line.kind === "rest" && t("alerts.group.rest", { n: line.count })}
        {line.kind === "failed" && (
          <>
            {t("alerts.group.failed")}{" "}
            <button type="button" className="link" onClick={onRetry}>
              {t("retry")}
            </button>
          </>
        )}
      </span>
    </div>
  );
}

function GridRow({ row, isMember, index, style, selection, open, unfolded, acts, onToggle, onOpen, onFold }: RowProps) {
  const t = useText();
  const choose = useChoice();
  const word = useWord();
  const ticked = selection.ticked.has(row.id);
  const here = selection.cursor === row.id;
  const names = ["grid-row", isMember ? "grid-member" : "", ticked ? "ticked" : "", here ? "here" : "", open === row.id ? "chosen" : ""];
  return (
    <div
      role="row"
      id={`alert-${row.id}`}
      aria-rowindex={index + 2}
      aria-level={isMember ? 2 : 1}
      aria-expanded={isGroup(row) ? unfolded.has(row.id) : undefined}
      aria-selected={ticked}
      className={names.join(" ")}
      style={style}
      data-testid={isMember ? "alert-member" : "alert-row"}
      data-id={row.id}
      onClick={() => onOpen(row.id)}
    >
      <span role="gridcell" onClick={(event) => event.stopPropagation()}>
        <input type="checkbox" aria-label={t("alerts.select")} checked={ticked} onChange={() => onToggle(row.id)} tabIndex={-1} />
      </span>
      <span role="gridcell">
        <SeverityMark severity={row.severity} />
      </span>
      <span role="gridcell" className="grid-time">
        <Time at={row.time} />
      </span>
      <span role="gridcell" className="grid-title" title={choose(row.title_zh, row.title_en)}>
        <Outside text={choose(row.title_zh, row.title_en)} />
      </span>
      <span role="gridcell" className="grid-route" title={[row.source_asset, row.destination_asset].filter(Boolean).join(" → ")}>
        <Route row={row} />
      </span>
      <span role="gridcell" className="wide-only">
        {row.unit.name}
      </span>
      <span role="gridcell" className="numeric">
        {isGroup(row) ? <Fold row={row} unfolded={unfolded.has(row.id)} onFold={onFold} /> : !isMember && row.count}
      </span>
      <span role="gridcell" className="wide-only">
        <Techniques ids={row.techniques} />
      </span>
      <span role="gridcell" className="grid-state">{word("alert_state", row.state)}</span>
      <span role="gridcell" className="wide-only">
        {row.assignee?.display_name}
      </span>
      {row.state !== "closed" && <RowActs row={row} acts={acts} />}
    </div>
  );
}

/** How many alerts a group has; unfolds it. The keys do the same. */
function Fold({ row, unfolded, onFold }: { row: AlertRow; unfolded: boolean; onFold: (id: string) => void }) {
  const t = useText();
  const press = (event: MouseEvent) => {
    event.stopPropagation();
    onFold(row.id);
  };
  return (
    <button type="button" className="fold" tabIndex={-1} title={t(unfolded ? "alerts.group.fold" : "alerts.group.unfold")} onClick={press} data-testid="alert-fold">
      <span aria-hidden="true">{unfolded ? "▾" : "▸"}</span>
      {row.count}
    </button>
  );
}

/** The commonest verbs under the pointer; whoever has no pointer has the keys. */
function RowActs({ row, acts }: { row: AlertRow; acts: readonly RowAct[] }) {
  return (
    <div className="row-acts" aria-hidden="true" onClick={(event) => event.stopPropagation()}>
      {acts.map((act) => (
        <button key={act.key} type="button" tabIndex={-1} data-testid={`row-${act.key}`} onClick={() => act.run(row)}>
          {act.title}
        </button>
      ))}
    </div>
  );
}

/** The first technique, and how many more. */
function Techniques({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    <span title={ids.join(" ")}>
      <Chip>{ids[0]}</Chip>
      {ids.length > 1 && <span className="quiet">{` +${ids.length - 1}`}</span>}
    </span>
  );
}

/** Source → target, with the names of our own assets. */
export function Route({ row }: { row: AlertRow }) {
  const end = (ip: string | null | undefined, port: number | null | undefined) =>
    ip ? `${ip}${port ? `:${port}` : ""}` : "—";
  return (
    <>
      <span className="mono">{end(row.source_ip, null)}</span>
      {row.source_asset && <span className="asset">{row.source_asset}</span>}
      <span className="arrow"> → </span>
      <span className="mono">{end(row.destination_ip, row.destination_port)}</span>
      {row.destination_asset && <span className="asset">{row.destination_asset}</span>}
    </>
  );
}
