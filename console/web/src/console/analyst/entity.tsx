// An entity: what it did in the last seven days, with whom, and what people made of it.

import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { EntityPage as EntityAnswer, Neighbour } from "../../api/types";
import { SimilarList } from "../alerts/detail";
import { Graph } from "../components/graph";
import { Card, PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Chip, Code, Fact, Outside, SeverityMark, Time } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { entityPath } from "./entity-path";

const HOUR_MS = 3_600_000;
const DAYS = 7;
/** More would not be read. */
const GRAPH_NODES = 16;

/** The page. */
export function EntityPage() {
  const t = useText();
  const [search] = useSearchParams();
  const kind = search.get("kind") ?? "address";
  const value = search.get("value") ?? "";
  const query = useQuery({
    queryKey: ["entity", kind, value],
    queryFn: () => calls.entity(kind, value),
    enabled: value !== "",
  });
  if (value === "") return <Empty title={t("entity.none")} hint={t("entity.none.hint")} />;
  return (
    <div className="page" data-testid="entity">
      <Answer query={query} rows={10}>
        {(page) => <Entity page={page} />}
      </Answer>
    </div>
  );
}

function Entity({ page }: { page: EntityAnswer }) {
  const t = useText();
  const word = useWord();
  const may = useMay();
  const [, navigate] = useLocation();
  return (
    <>
      <PageHead
        title={page.asset ?? page.value}
        note={
          <>
            {word("entity", page.kind)} <Code text={page.value} />
          </>
        }
      >
        {may("event.search") && (
          <Link className="button" href={`/search?range=7d&q=${encodeURIComponent(`"${page.value.replaceAll('"', "")}"`)}`}>
            {t("entity.hunt")}
          </Link>
        )}
      </PageHead>
      <Card title={t("entity.strip")}>
        <Strip page={page} />
      </Card>
      <div className="columns">
        <div className="column-main">
          <Card title={t("entity.graph", { n: page.neighbours.length })}>
            {page.neighbours.length === 0 ? (
              <p className="quiet">{t("entity.alone")}</p>
            ) : (
              <Graph
                label={t("entity.graph", { n: page.neighbours.length })}
                nodes={[{ id: keyOf(page), label: page.asset ?? page.value, tone: "centre" }, ...page.neighbours.slice(0, GRAPH_NODES).map(nodeOf)]}
                edges={page.neighbours.slice(0, GRAPH_NODES).map((other) => ({ from: keyOf(page), to: keyOf(other), weight: other.count }))}
                onChoose={(id) => {
                  const other = page.neighbours.find((candidate) => keyOf(candidate) === id);
                  if (other) navigate(entityPath(other.kind, other.value));
                }}
              />
            )}
          </Card>
          <Card title={t("entity.alerts", { n: page.total })}>
            {page.alerts.length === 0 ? (
              <p className="quiet">{t("entity.quiet")}</p>
            ) : (
              <SimilarList rows={page.alerts} onShow={(id) => navigate(`/alerts/${id}?state=all&grouped=false`)} />
            )}
          </Card>
        </div>
        <div className="column-side">
          <Card title={t("entity.facts")}>
            <dl className="facts">
              <Fact label={t("entity.first")}>
                <Time at={page.first_time} />
              </Fact>
              <Fact label={t("entity.last")}>
                <Time at={page.last_time} />
              </Fact>
              <Fact label={t("column.alerts")}>{page.total}</Fact>
            </dl>
          </Card>
          <Card title={t("nav.incidents")}>
            {page.incidents.length === 0 && <p className="quiet">{t("entity.no_incidents")}</p>}
            <ul className="lines">
              {page.incidents.map((incident) => (
                <li key={incident.id}>
                  <Link href={`/incidents/${incident.id}`} className="line-title">
                    <Outside text={incident.title} />
                  </Link>
                  <Chip tone={incident.state === "open" ? "accent" : "plain"}>{word("incident_state", incident.state)}</Chip>
                </li>
              ))}
            </ul>
          </Card>
          <Card title={t("entity.neighbours")}>
            <ul className="lines">
              {page.neighbours.slice(0, 12).map((other) => (
                <li key={keyOf(other)}>
                  <SeverityMark severity={other.worst} />
                  <Link href={entityPath(other.kind, other.value)} className="line-title mono">
                    <Outside text={other.value} />
                  </Link>
                  <span className="numeric">{other.count}</span>
                </li>
              ))}
            </ul>
          </Card>
        </div>
      </div>
    </>
  );
}

const keyOf = (thing: { kind: string; value: string }): string => `${thing.kind} ${thing.value}`;

const nodeOf = (other: Neighbour) => ({ id: keyOf(other), label: other.asset ?? other.value, tone: other.worst });

/** One cell per hour of seven days: a row a day. */
function Strip({ page }: { page: EntityAnswer }) {
  const t = useText();
  const end = Math.floor(Date.parse(page.until) / HOUR_MS);
  const counts = new Map(page.hours.map((hour) => [Math.floor(Date.parse(hour.hour) / HOUR_MS), hour]));
  const top = Math.max(1, ...page.hours.map((hour) => hour.count));
  const first = end - DAYS * 24 + 1;
  return (
    <figure className="strip" aria-label={t("entity.strip")}>
      <svg viewBox={`0 0 ${DAYS * 24} 10`} preserveAspectRatio="none" role="img" aria-label={t("entity.strip.total", { n: page.hours.reduce((sum, hour) => sum + hour.count, 0) })}>
        {Array.from({ length: DAYS * 24 }, (_, index) => {
          const hour = counts.get(first + index);
          const height = hour ? 2 + (8 * hour.count) / top : 0.6;
          return (
            <rect
              key={index}
              x={index + 0.1}
              y={10 - height}
              width={0.8}
              height={height}
              fill={hour ? `var(--${hour.worst})` : "var(--line)"}
            >
              <title>{`${new Date((first + index) * HOUR_MS).toLocaleString()} · ${hour?.count ?? 0}`}</title>
            </rect>
          );
        })}
      </svg>
      <div className="strip-days" aria-hidden="true">
        {Array.from({ length: DAYS }, (_, day) => (
          <span key={day}>{new Date((first + day * 24) * HOUR_MS).toLocaleDateString("zh-CN", { month: "2-digit", day: "2-digit" })}</span>
        ))}
      </div>
    </figure>
  );
}
