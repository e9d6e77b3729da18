// What a hunt over the past found: what was looked at, how often what was hit, and the events.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { EventDocument } from "../../api/documents";
import type { RetroHuntHit, RetroHuntReport, RetroHuntView } from "../../api/types";
import { Bars } from "../components/bars";
import { Card } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Chip, Code, Fact, Outside, SeverityMark, Time } from "../components/values";
import { useChoice, useText } from "../core/preferences";
import { shortTime } from "../../lib/time";
import { entityPath } from "../analyst/entity-path";
import { EventBody } from "./event";
import { isByTheHour, stepsOf } from "./steps";
import { useRetroTexts } from "./text";

/** Rows of the hits at first, and more at once. */
const ROWS = 100;

/** The end of a hunt and its report. */
export function Results({ hunt }: { hunt: RetroHuntView }) {
  const r = useRetroTexts();
  const { report } = hunt;
  if (!report) return <Empty title={r("state.failed")} hint={r("failed.hint")} />;
  return (
    <div data-testid="retro-results">
      <Covered hunt={hunt} report={report} />
      {report.hits === 0 ? <Empty title={r("none")} hint={r("none.hint")} /> : <Found report={report} />}
    </div>
  );
}

/** What was looked at, and what was not and why. */
function Covered({ hunt, report }: { hunt: RetroHuntView; report: RetroHuntReport }) {
  const r = useRetroTexts();
  const { coverage } = report;
  const isWhole = hunt.state === "done" && coverage.unread.length === 0;
  const said = useCoverage(hunt, report);
  return (
    <div className={isWhole ? "banner banner-good" : "banner banner-bad"} data-testid="retro-coverage">
      <p className="retro-said">
        <Chip tone={isWhole ? "good" : "warn"}>{r(`state.${hunt.state}`)}</Chip>
        <span>{said}</span>
        <span className="quiet">{r("what", { rules: hunt.sigma_rules, indicators: hunt.indicators })}</span>
        <span className="quiet">
          <Time at={hunt.ended_at} />
        </span>
      </p>
      <ul className="retro-left-out">
        {coverage.unread.map((unread) => (
          <li key={unread.day}>
            <Outside text={r("unread", { day: unread.day, reason: unread.reason })} />
          </li>
        ))}
        {report.refused.map(({ kind, subject, reason }, index) => (
          <li key={index}>
            <Outside text={r(`refused.${kind}`, kind === "correlation" ? { subject } : { subject, reason })} />
          </li>
        ))}
        {(report.suppressed ?? 0) > 0 && <li>{r("suppressed", { n: report.suppressed ?? 0 })}</li>}
        {report.unlisted > 0 && <li>{r("unlisted", { n: report.unlisted })}</li>}
        {report.uncounted > 0 && <li>{r("uncounted", { n: report.uncounted })}</li>}
      </ul>
    </div>
  );
}

/** One sentence of what was looked at. */
function useCoverage(hunt: RetroHuntView, { coverage }: RetroHuntReport): string {
  const r = useRetroTexts();
  if (!coverage.first_day || !coverage.last_day) return r("covered.none");
  const { events: n, stored: of, first_day: from, last_day: to, days } = coverage;
  const parts = [r("covered", { n, of, from, to, days })];
  if (coverage.narrowed && of > coverage.candidates) parts.push(r("covered.narrowed", { n: of - coverage.candidates }));
  if (hunt.state !== "done") {
    parts.push(coverage.reached ? r("covered.reached", { time: shortTime(coverage.reached) }) : r("covered.reached.none"));
  }
  return parts.join(" · ");
}

function Found({ report }: { report: RetroHuntReport }) {
  const r = useRetroTexts();
  return (
    <>
      <Card>
        <dl className="facts retro-facts">
          <Fact label={r("hits")}>{report.hits.toLocaleString("en-US")}</Fact>
          <Fact label={r("events_hit")}>{report.events_hit.toLocaleString("en-US")}</Fact>
          <Fact label={r("first")}>
            <Time at={report.first} />
          </Fact>
          <Fact label={r("last")}>
            <Time at={report.last} />
          </Fact>
        </dl>
        <OverTime report={report} />
      </Card>
      <div className="columns">
        <div className="column-main">
          <Hits report={report} />
        </div>
        <div className="column-side">
          <Rules report={report} />
          <Entities report={report} />
        </div>
      </div>
    </>
  );
}

function OverTime({ report }: { report: RetroHuntReport }) {
  const r = useRetroTexts();
  const byTheHour = isByTheHour(report.hours);
  const label = (begin: Date) => shortTime(begin.toISOString()).slice(0, byTheHour ? -3 : 5);
  const bars = stepsOf(report.hours).map(({ begin, count }) => ({
    label: label(begin),
    parts: [{ name: r("hits"), colour: "var(--accent)", count }],
  }));
  return <Bars label={r("by_day")} height={96} bars={bars} />;
}

function Rules({ report }: { report: RetroHuntReport }) {
  const r = useRetroTexts();
  const more = report.rules_total - report.rules.length;
  return (
    <Card title={r("rules")}>
      <ul className="retro-counts" data-testid="retro-rules">
        {report.rules.map((rule) => (
          <li key={rule.id}>
            <span className="retro-name">
              <Outside text={rule.title} />
              <Code text={rule.id} limit={34} />
            </span>
            <span className="numeric">{rule.hits.toLocaleString("en-US")}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className="quiet">{r("rules.more", { n: more })}</p>}
    </Card>
  );
}

function Entities({ report }: { report: RetroHuntReport }) {
  const r = useRetroTexts();
  const more = report.entities_total - report.entities.length;
  if (report.entities.length === 0) return null;
  return (
    <Card title={r("entities")}>
      <ul className="retro-counts">
        {report.entities.map(({ kind, value, hits }) => (
          <li key={`${kind} ${value}`}>
            <Link href={entityPath(kind, value)} className="mono">
              <Outside text={value} />
            </Link>
            <span className="numeric">{hits.toLocaleString("en-US")}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className="quiet">{r("entities.more", { n: more })}</p>}
    </Card>
  );
}

function Hits({ report }: { report: RetroHuntReport }) {
  const t = useText();
  const r = useRetroTexts();
  const [shown, setShown] = useState(ROWS);
  const { listed } = report;
  return (
    <Card title={report.unlisted > 0 ? r("listed.some", { n: listed.length }) : r("listed")}>
      <div className="events" data-testid="retro-hits">
        {listed.slice(0, shown).map((hit, index) => (
          <HitLine key={index} hit={hit} />
        ))}
      </div>
      {listed.length > shown && (
        <Button className="more" onClick={() => setShown(shown + ROWS)}>
          {t("more")}
        </Button>
      )}
    </Card>
  );
}

/** A hit; its event is read when it is opened. */
function HitLine({ hit }: { hit: RetroHuntHit }) {
  const choose = useChoice();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="event" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Time at={hit.time} />
        <SeverityMark severity={hit.severity} />
        <span className="line-title">
          <Outside text={choose(hit.title_zh, hit.title_en)} />
        </span>
      </summary>
      {isOpen && <HitEvent hit={hit} />}
    </details>
  );
}

function HitEvent({ hit }: { hit: RetroHuntHit }) {
  const r = useRetroTexts();
  const from = Date.parse(hit.time);
  const window = { from: new Date(from).toISOString(), to: new Date(from + 1_000).toISOString() };
  const query = useQuery({
    queryKey: ["event", hit.event],
    queryFn: () => calls.events.search({ q: `id:${hit.event}`, ...window, limit: 1 }),
  });
  return (
    <Answer query={query} rows={3}>
      {({ items }) => {
        const event = items[0] as unknown as EventDocument | undefined;
        return event ? <EventBody event={event} /> : <Empty title={r("event.gone")} />;
      }}
    </Answer>
  );
}
