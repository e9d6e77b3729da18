/** @jsxImportSource preact */
// The situational screen: left what is coming, centre where, right what is being done. Every pixel is data and the
// head says when it was updated.

import { useEffect, useState } from "preact/hooks";
import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import { follow } from "../api/stream";
import type { Posture, PostureUnit } from "../api/types";
import { visibleText } from "../lib/text";
import { countdown, secondsUntil, shortTime } from "../lib/time";
import { Cartogram } from "./cartogram";
import { Trend } from "./trend";
import { Wartime } from "./wartime";

/** The screen asks again at least this often. */
const REFRESH_MS = 30_000;
/** And not more often than this when changes stream in. */
const GATHER_MS = 3_000;

function usePosture(): { posture: Posture | null; error: ApiError | null } {
  const [posture, setPosture] = useState<Posture | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    let timer: number | undefined;
    const load = () => {
      timer = undefined;
      calls.posture().then(
        (next) => {
          setPosture(next);
          setError(null);
        },
        (cause: unknown) => setError(cause instanceof ApiError ? cause : null),
      );
    };
    load();
    const every = window.setInterval(load, REFRESH_MS);
    const stop = follow(
      () => {
        timer ??= window.setTimeout(load, GATHER_MS);
      },
      () => undefined,
    );
    return () => {
      window.clearInterval(every);
      window.clearTimeout(timer);
      stop();
    };
  }, []);
  return { posture, error };
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

/** Whether whoever looks may urge a county. */
function useMayUrge(): boolean {
  const [may, setMay] = useState(false);
  useEffect(() => {
    calls.session.read().then(
      (session) => setMay(session.permissions.includes("task.urge")),
      () => undefined,
    );
  }, []);
  return may;
}

/** The screen, or why it cannot be shown. */
export function Screen() {
  const { posture, error } = usePosture();
  const [wartime, setWartime] = useState(window.location.hash === "#wartime");
  const mayUrge = useMayUrge();
  if (error && !posture) return <Refused error={error} />;
  if (!posture) return <p class="wait">正在加载</p>;
  return (
    <div class="screen" data-testid="screen">
      <Head posture={posture} stale={error !== null} wartime={wartime} onMode={setWartime} />
      {posture.warnings.length > 0 && <Warnings posture={posture} />}
      <div class="zones">
        <Coming posture={posture} />
        <section class="zone zone-centre" aria-label="态势">
          {wartime ? <Wartime turn={posture.updated_at} /> : <Cartogram units={posture.units} mayUrge={mayUrge} />}
        </section>
        <Doing posture={posture} />
      </div>
    </div>
  );
}

function Refused({ error }: { error: ApiError }) {
  return (
    <div class="wait" role="alert">
      <p>{error.detail.message_zh}</p>
      <a href="/">{error.status === 401 ? "去登录" : "返回控制台"}</a>
    </div>
  );
}

const LEVEL_WORDS = { red: "红色预警", orange: "橙色预警", yellow: "黄色预警", blue: "蓝色预警" } as const;

/** Warnings in force, gravest first. */
function Warnings({ posture }: { posture: Posture }) {
  return (
    <ul class="warnings" aria-label="预警" data-testid="screen-warnings">
      {posture.warnings.slice(0, 3).map((warning, index) => (
        <li key={index} class={`warning-${warning.level}`}>
          <strong>{LEVEL_WORDS[warning.level]}</strong>
          <bdi>{visibleText(warning.title)}</bdi>
          <span>{`有效至 ${shortTime(warning.valid_until)}`}</span>
        </li>
      ))}
      {posture.warnings.length > 3 && <li>{`另有 ${posture.warnings.length - 3} 项`}</li>}
    </ul>
  );
}

interface HeadProps {
  posture: Posture;
  stale: boolean;
  wartime: boolean;
  onMode: (wartime: boolean) => void;
}

function Head({ posture, stale, wartime, onMode }: HeadProps) {
  const now = useNow();
  const change = () => {
    window.location.hash = wartime ? "" : "wartime";
    onMode(!wartime);
  };
  return (
    <header class="head">
      <h1>甘肃省数字政府安全态势</h1>
      <p class={stale ? "stale" : ""}>{`${stale ? "连接中断，" : ""}数据更新于 ${shortTime(posture.updated_at)}`}</p>
      <div class="head-end">
        <button type="button" aria-pressed={wartime} onClick={change} data-testid="mode">
          {wartime ? "战时" : "平时"}
        </button>
        <time>{shortTime(new Date(now).toISOString())}</time>
      </div>
    </header>
  );
}

const SEVERITIES = [
  ["critical", "严重"],
  ["high", "高危"],
  ["medium", "中危"],
  ["low", "低危"],
] as const;

const DOMAINS = [
  ["cloud", "云"],
  ["network", "网"],
  ["data", "数"],
  ["application", "用"],
] as const;

function Coming({ posture }: { posture: Posture }) {
  return (
    <section class="zone" aria-label="告警">
      <Panel title="待处理告警">
        <div class="numbers">
          {SEVERITIES.map(([name, label]) => (
            <div key={name} class={`number number-${name}`}>
              <b>{posture.severities[name]}</b>
              <span>{label}</span>
            </div>
          ))}
        </div>
      </Panel>
      <Panel title="近 24 小时">
        <Trend hours={posture.trend} />
      </Panel>
      <Panel title="云网数用">
        <Domains posture={posture} />
      </Panel>
      <Panel title="最新告警" grow>
        <Ticker posture={posture} />
      </Panel>
    </section>
  );
}

function Panel({ title, grow = false, children }: { title: string; grow?: boolean; children: preact.ComponentChildren }) {
  return (
    <div class={grow ? "panel panel-grow" : "panel"}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function Domains({ posture }: { posture: Posture }) {
  const highest = Math.max(1, ...DOMAINS.map(([name]) => posture.domains[name]));
  return (
    <ul class="domains">
      {DOMAINS.map(([name, label]) => (
        <li key={name}>
          <span>{label}</span>
          <span class="track">
            <span style={{ width: `${(posture.domains[name] / highest) * 100}%` }} />
          </span>
          <b>{posture.domains[name]}</b>
        </li>
      ))}
    </ul>
  );
}

function Ticker({ posture }: { posture: Posture }) {
  if (posture.ticker.length === 0) return <p class="quiet">没有中危以上的新告警</p>;
  return (
    <ul class="ticker">
      {posture.ticker.slice(0, 10).map((alert) => (
        <li key={alert.id} class={`line-${alert.severity}`}>
          <time>{shortTime(alert.time)}</time>
          <span>{visibleText(alert.title_zh)}</span>
          <em>{alert.unit.name}</em>
        </li>
      ))}
    </ul>
  );
}

const TASKS = [
  ["to_sign", "待签收"],
  ["working", "处置中"],
  ["submitted", "待核验"],
  ["overdue", "逾期"],
  ["done", "已办结"],
] as const;

function Doing({ posture }: { posture: Posture }) {
  return (
    <section class="zone" aria-label="处置">
      <Panel title="处置任务">
        <div class="numbers">
          {TASKS.map(([name, label]) => (
            <div key={name} class={name === "overdue" && posture.tasks.overdue > 0 ? "number number-critical" : "number"}>
              <b>{posture.tasks[name]}</b>
              <span>{label}</span>
            </div>
          ))}
        </div>
      </Panel>
      <Panel title="时限">
        <Clocks posture={posture} />
      </Panel>
      <Panel title="县区办理（按时签收率、逾期）" grow>
        <Counties posture={posture} />
      </Panel>
      <Panel title="传感器">
        <Sensors posture={posture} />
      </Panel>
    </section>
  );
}

/** Counties that had tasks, the worst first. */
function Counties({ posture }: { posture: Posture }) {
  const rate = (unit: PostureUnit) => unit.signing_rate ?? 100;
  const busy = posture.units.filter((unit) => unit.tier === "county" && (unit.overdue > 0 || unit.signing_rate !== null));
  if (busy.length === 0) return <p class="quiet">县区还没有任务</p>;
  const worst = [...busy].sort((one, other) => other.overdue - one.overdue || rate(one) - rate(other));
  return (
    <ul class="ticker">
      {worst.slice(0, 16).map((unit) => (
        <li key={unit.code} class={unit.overdue > 0 ? "late" : ""}>
          <span>{unit.name}</span>
          <em>{unit.signing_rate === null ? "—" : `${unit.signing_rate}%`}</em>
          <b>{unit.overdue > 0 ? `逾期 ${unit.overdue}` : "无逾期"}</b>
        </li>
      ))}
    </ul>
  );
}

function Clocks({ posture }: { posture: Posture }) {
  const now = useNow();
  if (posture.clocks.length === 0) return <p class="quiet">没有正在计时的时限</p>;
  return (
    <ul class="clocks">
      {posture.clocks.slice(0, 8).map((clock) => {
        const left = secondsUntil(clock.due_at, now);
        return (
          <li key={clock.id} class={`clock-${clock.state}`}>
            <span>{clock.title_zh}</span>
            <b>{left < 0 ? `逾期 ${countdown(-left)}` : countdown(left)}</b>
          </li>
        );
      })}
    </ul>
  );
}

function Sensors({ posture }: { posture: Posture }) {
  const well = posture.sensors.filter((sensor) => sensor.state === "ok").length;
  return (
    <p class="sensors">
      <b>{`${well}/${posture.sensors.length}`}</b> 正常
    </p>
  );
}
