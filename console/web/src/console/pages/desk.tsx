// The workbench: what is open, what runs out, what is new, whether the sensors see.

import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import * as calls from "../../api/calls";
import type { HourSeverity, Overview, SensorView } from "../../api/types";
import { SimilarList } from "../alerts/detail";
import { Bars } from "../components/bars";
import { Card, PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { ClockLine, SeverityMark } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

const SEVERITIES = ["critical", "high", "medium", "low", "info"] as const;

/** The workbench. */
export function DeskPage() {
  const t = useText();
  const query = useQuery({ queryKey: ["overview"], queryFn: calls.overview, refetchInterval: 60_000 });
  return (
    <div className="page">
      <PageHead title={t("nav.desk")} />
      <Answer query={query}>{(overview) => <Desk overview={overview} />}</Answer>
    </div>
  );
}

function Desk({ overview }: { overview: Overview }) {
  const t = useText();
  const may = useMay();
  const [, navigate] = useLocation();
  return (
    <>
      <Tiles overview={overview} />
      <div className="columns">
        <div className="column-main">
          <Card title={t("desk.trend")}>
            <Trend hours={overview.alerts_per_hour} />
          </Card>
          <Card title={t("desk.latest")} extra={<Link href="/alerts">{t("desk.all_alerts")}</Link>}>
            {overview.latest_alerts.length === 0 ? (
              <Empty title={t("alerts.empty")} hint={t("alerts.empty.hint")} />
            ) : (
              <SimilarList rows={overview.latest_alerts} onShow={(id) => navigate(`/alerts/${id}`)} />
            )}
          </Card>
        </div>
        <div className="column-side">
          <Card title={t("clocks")}>
            {overview.clocks.length === 0 && <p className="quiet">{t("clocks.none")}</p>}
            {overview.clocks.slice(0, 8).map((clock) => (
              <Link key={clock.id} href={`/${clock.object_kind}s/${clock.object_id}`} className="plain-link">
                <ClockLine clock={clock} />
              </Link>
            ))}
          </Card>
          {may("sensor.read") && (
            <Card title={t("desk.sensors")} extra={<Link href="/sensors">{t("desk.all_sensors")}</Link>}>
              {overview.sensors.length === 0 && <p className="quiet">{t("sensors.empty")}</p>}
              {overview.sensors.slice(0, 8).map((sensor) => (
                <SensorLine key={sensor.name} sensor={sensor} />
              ))}
            </Card>
          )}
        </div>
      </div>
    </>
  );
}

function Tiles({ overview }: { overview: Overview }) {
  const t = useText();
  const may = useMay();
  const open = overview.alerts_open_by_severity;
  const total = SEVERITIES.reduce((sum, severity) => sum + open[severity], 0);
  return (
    <div className="tiles">
      <div className="tile tile-wide">
        <Link href="/alerts" className="tile-main">
          <span>{t("desk.alerts_open")}</span>
          <strong>{total}</strong>
        </Link>
        <ul className="tile-parts">
          {SEVERITIES.map((severity) => (
            <li key={severity}>
              <Link href={`/alerts?severity_min=${severity}`}>
                <SeverityMark severity={severity} />
                <b>{open[severity]}</b>
              </Link>
            </li>
          ))}
        </ul>
      </div>
      <Tile href="/incidents" label={t("desk.incidents_open")} count={overview.incidents_open} />
      <Tile href="/tasks?state=submitted" label={t("desk.tasks_to_verify")} count={overview.tasks_to_verify} />
      <Tile href="/tasks?state=all" label={t("desk.tasks_open")} count={overview.tasks_open} />
      <Tile href="/tasks?state=overdue" label={t("desk.tasks_overdue")} count={overview.tasks_overdue} bad />
      {may("finding.read") && <Tile href="/data" label={t("desk.findings_open")} count={overview.findings_open} />}
    </div>
  );
}

function Tile({ href, label, count, bad = false }: { href: string; label: string; count: number; bad?: boolean }) {
  return (
    <Link href={href} className={bad && count > 0 ? "tile tile-bad" : "tile"}>
      <span>{label}</span>
      <strong>{count}</strong>
    </Link>
  );
}

function Trend({ hours }: { hours: readonly HourSeverity[] }) {
  const t = useText();
  const word = useWord();
  const clock = (time: string) => `${String(new Date(time).getHours()).padStart(2, "0")}:00`;
  const bars = hours.map((hour) => ({
    label: clock(hour.hour),
    parts: SEVERITIES.toReversed().map((severity) => ({
      name: word("severity", severity),
      colour: `var(--${severity})`,
      count: hour.count_by_severity[severity],
    })),
  }));
  return <Bars label={t("desk.trend")} bars={bars} height={160} />;
}

/** One sensor in one line: how it is and how much of the traffic it inspected. */
export function SensorLine({ sensor }: { sensor: SensorView }) {
  const word = useWord();
  return (
    <div className="sensor-line">
      <span className={`dot dot-${sensor.state}`} aria-hidden="true" />
      <span className="mono">{sensor.name}</span>
      <span className="quiet">{word("sensor_state", sensor.state)}</span>
      <span className="numeric">{`${(sensor.inspected_basis_points / 100).toFixed(2)}%`}</span>
    </div>
  );
}
