// The log of messages: what waits, what was sent, what was not and why. What a message says is not in it.

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useSearchParams } from "wouter";
import { channels, type MessageRow, type MessageState } from "../../api/channels";
import { visibleText } from "../../lib/text";
import { shortTime } from "../../lib/time";
import { Segments } from "../components/layout";
import { Select } from "../components/select";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useMay } from "../core/session";
import { useActing } from "../readiness/acting";
import { useChannelTexts } from "./text";

const STATES = ["all", "waiting", "sent", "failed", "dropped"] as const;
const TONES: Record<MessageState, "plain" | "good" | "warn" | "bad"> = { waiting: "plain", sent: "good", failed: "bad", dropped: "warn" };
const REFRESH = 10_000;

/** The log. */
export function MessageLog() {
  const c = useChannelTexts();
  const [search, setSearch] = useSearchParams();
  const state = STATES.find((name) => name === search.get("state")) ?? "all";
  const channel = search.get("channel") ?? "";
  const known = useQuery({ queryKey: ["channels"], queryFn: channels.list });
  const wanted = { ...(state === "all" ? {} : { state }), ...(channel === "" ? {} : { channel }) };
  const query = useInfiniteQuery({
    queryKey: ["channels", "log", wanted],
    queryFn: ({ pageParam }) => channels.log({ ...wanted, ...(pageParam === null ? {} : { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    refetchInterval: REFRESH,
  });
  const go = (change: Record<string, string>) => setSearch({ tab: "log", state, channel, ...change }, { replace: true });
  const names = (known.data?.items ?? []).map((row) => ({ value: row.id, label: row.name }));
  return (
    <div className="channel-log">
      <div className="channel-filters">
        <Segments label={c("log.state")} value={state} options={STATES.map((value) => ({ value, label: value === "all" ? c("log.all") : c(`state.${value}`) }))} onChange={(next) => go({ state: next })} />
        <Select aria-label={c("log.channel")} size="small" value={channel} options={[{ value: "", label: c("log.channels") }, ...names]} onChange={(next) => go({ channel: next })} style={{ width: 200 }} />
      </div>
      <Answer query={query}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          return rows.length === 0 ? (
            <Empty title={c("log.empty")} hint={c("log.empty.hint")} />
          ) : (
            <>
              <Messages rows={rows} />
              {query.hasNextPage && (
                <Button size="small" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {c("log.more")}
                </Button>
              )}
            </>
          );
        }}
      </Answer>
    </div>
  );
}

function Messages({ rows }: { rows: readonly MessageRow[] }) {
  const c = useChannelTexts();
  const may = useMay();
  const { act, busy } = useActing("channels");
  const columns: Column<MessageRow>[] = [
    { key: "time", title: c("log.time"), width: 128, cell: (row) => <Time at={row.created_at} /> },
    { key: "state", title: c("log.state"), width: 80, cell: (row) => <Chip tone={TONES[row.state]}>{c(`state.${row.state}`)}</Chip> },
    { key: "event", title: c("event"), width: 152, cell: (row) => c(row.event ? `event.${row.event}` : "event.test") },
    { key: "object", title: c("log.object"), width: 128, cell: (row) => <span className="mono"><Outside text={row.event ? row.object : ""} /></span> },
    { key: "unit", title: c("log.unit"), width: 88, cell: (row) => row.about?.name ?? "" },
    { key: "channel", title: c("log.channel"), width: 120, cell: (row) => <Outside text={row.channel} /> },
    { key: "names", title: c("log.names"), width: 128, cell: (row) => (row.names ? <Outside text={row.names} /> : <span className="quiet">{row.fault === "nobody" ? "—" : c("targets.none")}</span>) },
    { key: "result", title: c("log.result"), cell: (row) => <Result row={row} /> },
  ];
  if (may("channel.write")) {
    const cell = (row: MessageRow) =>
      (row.state === "failed" || row.state === "dropped") &&
      row.event && (
        <Button size="small" disabled={busy} onClick={() => act(() => channels.retry(row.id), c("retried"))} data-testid="message-retry">
          {c("retry")}
        </Button>
      );
    columns.push({ key: "verbs", title: "", width: 88, cell });
  }
  return <Table label={c("tab.log")} testId="messages" columns={columns} rows={rows} rowKey={(row) => row.id} />;
}

/** What became of it: why not, what the other side said, when it goes again. */
function Result({ row }: { row: MessageRow }) {
  const c = useChannelTexts();
  const parts = [
    row.fault ? c(`fault.${row.fault}`) : "",
    row.attempts > 1 ? c("log.attempts", { n: row.attempts }) : "",
    row.next_at ? c(row.attempts > 0 ? "log.next" : "log.later", { time: shortTime(row.next_at) }) : "",
  ].filter((text) => text !== "");
  return (
    <span className="channel-result">
      {parts.length > 0 && <span>{parts.join(" · ")}</span>}
      {row.detail && (
        <code className="quiet" title={visibleText(row.detail)}>
          <Outside text={row.detail} />
        </code>
      )}
    </span>
  );
}
