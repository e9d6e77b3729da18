// Further views of an incident: who is connected with whom, ATT&CK, evidence, the first report with its clocks.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import * as calls from "../../api/calls";
import type { ClockDone, ClockView, IncidentDetail } from "../../api/types";
import { byTactic, TACTICS } from "../../lib/attack";
import { entityPath } from "../analyst/entity-path";
import { Graph } from "../components/graph";
import { Card } from "../components/layout";
import { Table, type Column } from "../components/table";
import { Chip, ClockLine, Outside, SeverityMark, Time } from "../components/values";
import type { AlertRow } from "../../api/types";
import { useNotices } from "../core/notices";
import { useChoice, usePreferences, useText } from "../core/preferences";
import { useMay } from "../core/session";
import { RecordDialog, RecordLine } from "./record-dialog";

/** Who talked with whom in the alerts of the incident. */
export function IncidentGraph({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const [, navigate] = useLocation();
  const pairs = new Map<string, { from: string; to: string; weight: number }>();
  const tones = new Map<string, string>();
  const names = new Map<string, string>();
  for (const alert of detail.alerts) {
    const { source_ip: from, destination_ip: to } = alert;
    if (!from || !to) continue;
    const pair = pairs.get(`${from} ${to}`) ?? { from, to, weight: 0 };
    pair.weight += 1;
    pairs.set(`${from} ${to}`, pair);
    tones.set(from, alert.severity);
    if (!tones.has(to)) tones.set(to, "low");
    if (alert.destination_asset) names.set(to, alert.destination_asset);
    if (alert.source_asset) names.set(from, alert.source_asset);
  }
  const nodes = [...tones].slice(0, 24).map(([id, tone]) => ({ id, tone, label: names.get(id) ?? id }));
  return (
    <Card title={t("incident.graph")}>
      {nodes.length === 0 ? (
        <p className="quiet">{t("incident.graph.none")}</p>
      ) : (
        <Graph label={t("incident.graph")} nodes={nodes} edges={[...pairs.values()]} onChoose={(id) => navigate(entityPath("address", id))} />
      )}
    </Card>
  );
}

/** The tactics of an attack from left to right, the techniques that were seen under them. */
export function AttackMatrix({ ids }: { ids: readonly string[] }) {
  const t = useText();
  const { locale } = usePreferences();
  const columns = byTactic(ids);
  const other = columns.get("") ?? [];
  return (
    <Card title={t("incident.attack")}>
      <div className="attack" role="list" aria-label={t("incident.attack")} data-testid="attack">
        {TACTICS.map(([tactic, zh, en]) => {
          const seen = columns.get(tactic) ?? [];
          return (
            <div key={tactic} role="listitem" className={seen.length > 0 ? "attack-tactic attack-seen" : "attack-tactic"}>
              <h3>{locale === "zh" ? zh : en}</h3>
              {seen.map((technique) => (
                <div key={technique.id} className="attack-technique">
                  <span className="mono">{technique.id}</span>
                  <span>{locale === "zh" ? technique.zh : technique.en}</span>
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {other.length > 0 && <p className="quiet">{t("incident.attack.other", { ids: other.map(({ id }) => id).join("、") })}</p>}
    </Card>
  );
}

/** Every alert of the incident with a way to its evidence. */
export function Evidence({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const choose = useChoice();
  const [, navigate] = useLocation();
  const columns: Column<AlertRow>[] = [
    { key: "severity", title: t("column.severity"), width: 76, cell: (row) => <SeverityMark severity={row.severity} /> },
    { key: "time", title: t("column.time"), width: 132, cell: (row) => <Time at={row.time} /> },
    { key: "title", title: t("column.title"), cell: (row) => <Outside text={choose(row.title_zh, row.title_en)} /> },
    { key: "route", title: t("column.route"), width: 264, cell: (row) => <span className="mono">{`${row.source_ip ?? ""} → ${row.destination_ip ?? ""}`}</span> },
    { key: "techniques", title: t("column.techniques"), width: 144, cell: (row) => row.techniques.map((id) => <Chip key={id}>{id}</Chip>) },
  ];
  return (
    <Card title={t("incident.evidence", { n: detail.row.alert_count })}>
      <Table
        label={t("incident.evidence", { n: detail.row.alert_count })}
        testId="incident-evidence"
        columns={columns}
        rows={detail.alerts}
        rowKey={(row) => row.id}
        onChoose={(id) => navigate(`/alerts/${id}?state=all&grouped=false`)}
      />
    </Card>
  );
}

/** The clocks of the law and the draft of the first report. */
export function ReportTab({ detail }: { detail: IncidentDetail }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const [clock, setClock] = useState<ClockView | null>(null);
  const { id } = detail.row;
  const done = useMutation({
    mutationFn: ({ clockId, said }: { clockId: string; said: ClockDone }) => calls.incidents.clockDone(id, clockId, said),
    onSuccess: (next) => {
      client.setQueryData(["incident", id], next);
      void client.invalidateQueries({ queryKey: ["overview"] });
    },
    onError: notices.failed,
  });
  return (
    <Card
      title={t("report.title")}
      extra={
        <a className="button button-small" href={calls.incidents.reportAddress(id)} download data-testid="report-docx">
          {t("report.docx")}
        </a>
      }
    >
      <p className="quiet">{t("report.hint")}</p>
      {detail.clocks.length === 0 && <p>{t("report.no_clocks")}</p>}
      <ul className="report-clocks">
        {detail.clocks.map((one) => (
          <li key={one.id}>
            <ClockLine clock={one} />
            <p className="quiet">{one.basis}</p>
            {one.record && <RecordLine record={one.record} />}
            {one.state !== "done" && may("incident.write") && (
              <button type="button" className="button button-small" onClick={() => setClock(one)} data-testid="clock-done">
                {t("report.done")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {clock && <RecordDialog clock={clock} onClose={() => setClock(null)} onSubmit={(said) => done.mutate({ clockId: clock.id, said })} />}
    </Card>
  );
}
