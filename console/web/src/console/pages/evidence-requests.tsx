// Requests for evidence between tiers: those made here, and those made of this node, which a person agrees to or refuses.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { EvidenceRequestRow } from "../../api/types";
import { byteSize } from "../../lib/bytes";
import { PageHead } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

/** The list; `?alert=` narrows it to the requests about one alert. */
export function EvidenceRequestsPage() {
  const t = useText();
  const [search] = useSearchParams();
  const alert = search.get("alert");
  const columns = useColumns();
  const query = useQuery({ queryKey: ["evidence-requests"], queryFn: calls.evidence.list });
  const rows = query.data?.items.filter((row) => alert === null || row.alert_id === alert);
  const open = rows?.filter((row) => row.side === "owed" && row.state === "open").length;
  return (
    <div className="page page-full">
      <PageHead title={t("nav.evidence")} note={open !== undefined && t("requests.open", { n: open })}>
        {alert !== null && (
          <Link href="/evidence-requests" className="button button-small">
            {t("requests.all")}
          </Link>
        )}
      </PageHead>
      <Answer query={query}>
        {() =>
          rows?.length ? (
            <Table label={t("nav.evidence")} testId="evidence-requests" columns={columns} rows={rows} rowKey={(row) => `${row.side} ${row.id}`} />
          ) : (
            <Empty title={t("requests.empty")} hint={t("requests.empty.hint")} />
          )
        }
      </Answer>
    </div>
  );
}

/** Where a request stands: a word and a tone. */
export function RequestState({ row }: { row: EvidenceRequestRow }) {
  const word = useWord();
  const tone = { open: "warn", refused: "bad", approved: "accent", delivered: "good" }[row.state] as "warn" | "bad" | "accent" | "good" | undefined;
  return <Chip tone={tone ?? "plain"}>{word("request_state", row.state)}</Chip>;
}

function useColumns(): Column<EvidenceRequestRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "state", title: t("column.state"), width: 84, cell: (row) => <RequestState row={row} /> },
    { key: "side", title: t("requests.side"), width: 84, cell: (row) => word("request_side", row.side) },
    { key: "unit", title: t("column.unit"), width: 88, cell: (row) => row.unit.name },
    { key: "alert", title: t("requests.alert"), width: 88, cell: (row) => <AlertLink id={row.alert_id} /> },
    { key: "reason", title: t("reason"), width: 208, cell: (row) => <Outside text={row.reason} /> },
    { key: "by", title: t("requests.asked_by"), width: 88, cell: (row) => <Outside text={row.asked_by} /> },
    { key: "at", title: t("column.time"), width: 120, cell: (row) => <Time at={row.asked_at} /> },
    { key: "decision", title: t("requests.decision"), width: 208, cell: (row) => <Decided row={row} /> },
    { key: "capture", title: t("requests.capture"), width: 128, cell: (row) => <Capture row={row} /> },
    { key: "verbs", title: "", width: 88, cell: (row) => <Verbs row={row} /> },
  ];
}

function AlertLink({ id }: { id: string }) {
  const may = useMay();
  if (!may("alert.read")) return <Code text={id} limit={10} />;
  return (
    <Link href={`/alerts/${id}`} className="mono">
      {id.slice(0, 8)}
    </Link>
  );
}

function Decided({ row }: { row: EvidenceRequestRow }) {
  if (row.decided_at === null || row.decided_at === undefined) return null;
  return (
    <>
      <Outside text={row.decided_by} /> <span className="quiet"><Outside text={row.decision} /></span>
    </>
  );
}

/** The capture that came, as a download; what went away, as its size and digest. */
function Capture({ row }: { row: EvidenceRequestRow }) {
  const t = useText();
  const may = useMay();
  if (row.state !== "delivered") return null;
  if (row.bytes === 0) {
    return (
      <span className="quiet">
        {t("requests.no_capture")}
        <br />
        {t("requests.no_capture.why")}
      </span>
    );
  }
  if (row.side === "owed" || !may("evidence.read")) return <span title={`SM3 ${row.sm3}`}>{byteSize(row.bytes)}</span>;
  return (
    <a href={calls.alerts.captureAddress(row.alert_id)} download title={`SM3 ${row.sm3}`}>
      {`${t("evidence.pcap")} ${byteSize(row.bytes)}`}
    </a>
  );
}

function Verbs({ row }: { row: EvidenceRequestRow }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const [asking, setAsking] = useState<boolean | null>(null);
  const decide = useMutation({
    mutationFn: (reason: string) => calls.evidence.decide(row.id, { approve: asking === true, reason }),
    onSuccess: (next) => {
      client.setQueryData(["evidence-requests"], next);
      notices.done(t("requests.decided"));
    },
    onError: notices.failed,
  });
  if (row.side !== "owed" || row.state !== "open" || !may("evidence.approve")) return null;
  return (
    <span className="row-verbs">
      <button type="button" className="link" onClick={() => setAsking(true)} data-testid="request-approve">
        {t("approve")}
      </button>
      <button type="button" className="link" onClick={() => setAsking(false)} data-testid="request-refuse">
        {t("refuse")}
      </button>
      {asking !== null && (
        <ReasonDialog
          title={asking ? t("requests.approve") : t("requests.refuse")}
          verb={asking ? t("approve") : t("refuse")}
          hint={asking ? t("requests.approve.hint", { node: row.node }) : t("requests.refuse.hint", { node: row.node })}
          danger={!asking}
          onClose={() => setAsking(null)}
          onSubmit={(reason) => decide.mutate(reason)}
        />
      )}
    </span>
  );
}
