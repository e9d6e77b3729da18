// Evidence of an alert: flow, payload as text and as bytes with the matched ones marked, transaction, capture.

import { useMemo, useState } from "react";
import * as calls from "../../api/calls";
import type { AlertDocument } from "../../api/documents";
import type { AlertDetail } from "../../api/types";
import { asText, byteSize, decodeBase64, hexRows, markedOffsets } from "../../lib/bytes";
import { Icon } from "../components/icons";
import { Part, Segments } from "../components/layout";
import { Code, Fact, Marked, Outside } from "../components/values";
import { useText } from "../core/preferences";
import { EvidenceBelow } from "./evidence-below";

/** The flow: both ends, protocol, how much went each way. */
export function FlowPart({ alert }: { alert: AlertDocument }) {
  const t = useText();
  const { flow } = alert;
  if (!flow?.source_ip) return null;
  const end = (ip: string | undefined, port: number | undefined) => `${ip ?? "—"}${port ? `:${port}` : ""}`;
  return (
    <Part title={t("alert.flow")}>
      <dl className="facts" data-testid="flow">
        <Fact label={t("flow.source")}>
          <Code text={end(flow.source_ip, flow.source_port)} />
        </Fact>
        <Fact label={t("flow.destination")}>
          <Code text={end(flow.destination_ip, flow.destination_port)} />
        </Fact>
        <Fact label={t("flow.protocol")}>
          <Outside text={[flow.transport, flow.application].filter(Boolean).join(" / ")} />
        </Fact>
        <Fact label={t("flow.bytes")}>
          {`↑ ${byteSize(flow.bytes_to_destination ?? 0)}  ↓ ${byteSize(flow.bytes_to_source ?? 0)}`}
        </Fact>
        {flow.community_id && (
          <Fact label="Community ID" wide>
            <Code text={flow.community_id} />
          </Fact>
        )}
      </dl>
    </Part>
  );
}

type Tab = "text" | "hex" | "transaction" | "record";

interface EvidenceProps {
  detail: AlertDetail;
  alert: AlertDocument;
  matched: readonly string[];
}

/** Payload, transaction and record under tabs; the capture as a download. */
export function EvidencePart({ detail, alert, matched }: EvidenceProps) {
  const t = useText();
  const evidence = alert.evidence ?? {};
  const has: Record<Tab, boolean> = {
    text: Boolean(evidence.payload_base64),
    hex: Boolean(evidence.payload_base64),
    transaction: Boolean(evidence.transaction),
    record: Boolean(evidence.record),
  };
  const tabs = (Object.keys(has) as Tab[]).filter((tab) => has[tab]);
  const [chosen, setChosen] = useState<Tab | null>(null);
  const tab = chosen && has[chosen] ? chosen : tabs[0];
  const download = detail.has_capture && (
    <a className="button button-small" href={calls.alerts.captureAddress(detail.row.id)} download data-testid="pcap">
      <Icon name="down" size={14} /> {t("evidence.pcap")}
    </a>
  );
  return (
    <Part title={t("evidence")} extra={download}>
      {tab ? (
        <>
          <Segments
            label={t("evidence")}
            value={tab}
            options={tabs.map((value) => ({ value, label: t(`evidence.${value}`) }))}
            onChange={setChosen}
          />
          <Shown tab={tab} alert={alert} matched={matched} />
        </>
      ) : (
        !detail.evidence_below && <p className="quiet">{t("evidence.none")}</p>
      )}
      {!detail.has_capture && !detail.evidence_below && (
        <p className="quiet" data-testid="no-capture">
          {t(detail.row.source === "signature" ? "evidence.no_capture.packets" : "evidence.no_capture.other")}
        </p>
      )}
      {detail.evidence_below && <EvidenceBelow alert={detail.row.id} unit={detail.row.unit.name} />}
    </Part>
  );
}

function Shown({ tab, alert, matched }: { tab: Tab; alert: AlertDocument; matched: readonly string[] }) {
  const evidence = alert.evidence ?? {};
  const bytes = useMemo(() => decodeBase64(evidence.payload_base64 ?? ""), [evidence.payload_base64]);
  if (tab === "hex") return <HexDump bytes={bytes} matched={matched} />;
  const text = {
    text: () => asText(bytes),
    transaction: () => JSON.stringify(evidence.transaction, null, 2),
    record: () => evidence.record ?? "",
  }[tab]();
  return (
    <pre className="block" data-testid="payload" tabIndex={0}>
      <Marked text={text} values={matched} />
    </pre>
  );
}

function HexDump({ bytes, matched }: { bytes: Uint8Array; matched: readonly string[] }) {
  const rows = useMemo(() => hexRows(bytes, markedOffsets(bytes, matched)), [bytes, matched]);
  return (
    <pre className="block hex" data-testid="payload-hex" tabIndex={0}>
      {rows.map((row) => (
        <div key={row.offset}>
          <span className="quiet">{row.offset} </span>
          {row.cells.map((cell, index) => (
            <span key={index}>{cell.marked ? <mark>{cell.hex}</mark> : cell.hex} </span>
          ))}
          <span>{"   ".repeat(16 - row.cells.length)} </span>
          {row.cells.map((cell, index) => (cell.marked ? <mark key={index}>{cell.character}</mark> : cell.character))}
        </div>
      ))}
    </pre>
  );
}
