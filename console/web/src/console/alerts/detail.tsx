// Detail of an alert: what happened, why it fired, the evidence, who it is about, what is like it, what was done.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { AlertDocument } from "../../api/documents";
import type { AlertDetail, AlertRow } from "../../api/types";
import { Icon } from "../components/icons";
import { Part } from "../components/layout";
import { Answer } from "../components/states";
import { Chip, Code, Fact, Marked, Outside, SeverityMark, Time } from "../components/values";
import { useChoice, useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";
import { entityPath } from "../analyst/entity-path";
import { EntityWeek } from "./entity-week";
import { EvidencePart, FlowPart } from "./evidence";
import { PlaybookPart } from "./playbook";
import type { Verbs } from "./page";

interface DetailProps {
  id: string;
  onShow: (id: string) => void;
  verbs: Verbs;
}

/** The detail of one alert. */
export function AlertDetailView({ id, onShow, verbs }: DetailProps) {
  const query = useQuery({ queryKey: ["alert", id], queryFn: () => calls.alerts.read(id) });
  return (
    <Answer query={query} rows={10}>
      {(detail) => <Detail detail={detail} onShow={onShow} verbs={verbs} />}
    </Answer>
  );
}

function Detail({ detail, onShow, verbs }: Omit<DetailProps, "id"> & { detail: AlertDetail }) {
  const t = useText();
  const alert = detail.alert as unknown as AlertDocument;
  const matched = (alert.conditions ?? []).map((condition) => condition.value);
  return (
    <article className="alert-detail" data-testid="alert-detail">
      <DetailHead detail={detail} alert={alert} />
      <DetailVerbs detail={detail} verbs={verbs} />
      <WhyPart alert={alert} />
      <PlaybookPart detail={detail} />
      <FlowPart alert={alert} />
      <EvidencePart detail={detail} alert={alert} matched={matched} />
      <EntitiesPart alert={alert} />
      <RulePart alert={alert} matched={matched} />
      {detail.similar.length > 0 && (
        <Part title={t("alert.similar", { n: detail.similar.length })}>
          <SimilarList rows={detail.similar} onShow={onShow} />
        </Part>
      )}
      <HistoryPart history={detail.history} />
    </article>
  );
}

function DetailHead({ detail, alert }: { detail: AlertDetail; alert: AlertDocument }) {
  const choose = useChoice();
  const word = useWord();
  const { row } = detail;
  return (
    <header className="detail-head">
      <div className="detail-meta">
        <SeverityMark severity={row.severity} />
        <Time at={row.time} />
        <Chip>{word("source", row.source)}</Chip>
        <Chip tone={row.state === "closed" ? "plain" : "accent"}>{word("alert_state", row.state)}</Chip>
        {detail.incident && <Link href={`/incidents/${detail.incident.id}`}>{detail.incident.number}</Link>}
      </div>
      <h2>
        <Outside text={choose(row.title_zh, row.title_en)} />
      </h2>
      <p className="sentence">
        <Outside text={choose(alert.summary_zh, alert.summary_en)} />
      </p>
      <div className="detail-meta">
        <span>{row.unit.name}</span>
        <span>{word("domain", row.domain)}</span>
        <span className="mono">
          <Outside text={alert.observer} />
        </span>
        {row.techniques.map((id) => (
          <Chip key={id}>{id}</Chip>
        ))}
      </div>
    </header>
  );
}

function DetailVerbs({ detail, verbs }: { detail: AlertDetail; verbs: Verbs }) {
  const t = useText();
  const may = useMay();
  if (detail.row.state === "closed") return null;
  return (
    <div className="verbs">
      {!detail.incident && may("incident.write") && (
        <Button type="primary" onClick={verbs.incident} data-testid="make-incident">
          {t("verb.incident")} <kbd>e</kbd>
        </Button>
      )}
      {may("task.issue") && (
        <Button type={detail.incident ? "primary" : "default"} onClick={verbs.dispatch} data-testid="dispatch">
          {t("verb.dispatch")} <kbd>d</kbd>
        </Button>
      )}
      {may("alert.act") && (
        <>
          <Button onClick={verbs.acknowledge}>
            {t("verb.acknowledge")} <kbd>a</kbd>
          </Button>
          <Button onClick={verbs.close}>
            {t("verb.close")} <kbd>c</kbd>
          </Button>
          {may("suppression.write") && (
            <Button onClick={verbs.suppress} data-testid="suppress">
              {t("verb.suppress")} <kbd>s</kbd>
            </Button>
          )}
        </>
      )}
    </div>
  );
}

function WhyPart({ alert }: { alert: AlertDocument }) {
  const t = useText();
  const conditions = alert.conditions ?? [];
  if (conditions.length === 0) return null;
  return (
    <Part title={t("alert.why")}>
      <table className="facts-table" data-testid="why">
        <thead>
          <tr>
            <th>{t("alert.condition")}</th>
            <th>{t("alert.field")}</th>
            <th>{t("alert.matched")}</th>
          </tr>
        </thead>
        <tbody>
          {conditions.map((condition, index) => (
            <tr key={index}>
              <td className="mono">
                <Outside text={condition.condition} />
              </td>
              <td className="mono">
                <Outside text={condition.field} />
              </td>
              <td className="mono">
                <Marked text={condition.value} values={[condition.value]} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function RulePart({ alert, matched }: { alert: AlertDocument; matched: readonly string[] }) {
  const t = useText();
  const { rule } = alert;
  return (
    <Part title={t("alert.rule")}>
      <dl className="facts">
        <Fact label={t("alert.rule.id")}>
          <Code text={rule.id} />
        </Fact>
        {rule.category && (
          <Fact label={t("alert.rule.category")}>
            <Outside text={rule.category} />
          </Fact>
        )}
        {rule.revision !== undefined && <Fact label={t("alert.rule.revision")}>{rule.revision}</Fact>}
      </dl>
      {rule.text && (
        <pre className="block" data-testid="rule-text" tabIndex={0}>
          <Marked text={rule.text} values={matched} />
        </pre>
      )}
    </Part>
  );
}

/** So many of them with their last seven days. */
const WEEKS_SHOWN = 4;

function EntitiesPart({ alert }: { alert: AlertDocument }) {
  const t = useText();
  const word = useWord();
  const may = useMay();
  const entities = alert.entities ?? [];
  if (entities.length === 0) return null;
  return (
    <Part title={t("alert.entities")}>
      <ul className="entities">
        {entities.map((entity, index) => (
          <li key={index}>
            <span className="quiet">{`${word("entity_role", entity.role)} · ${word("entity", entity.kind)}`}</span>
            <Link href={entityPath(entity.kind, entity.value)} className="mono">
              <Outside text={entity.value} />
            </Link>
            <span className="entity-asset">
              <Outside text={entity.asset} />
            </span>
            {index < WEEKS_SHOWN ? <EntityWeek kind={entity.kind} value={entity.value} /> : <span />}
            {may("event.search") && (
              <Link href={`/search?q=${encodeURIComponent(`"${entity.value.replaceAll('"', "")}"`)}`}>{t("alert.hunt")}</Link>
            )}
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** Other alerts, each with how it ended. */
export function SimilarList({ rows, onShow }: { rows: readonly AlertRow[]; onShow: (id: string) => void }) {
  const word = useWord();
  const choose = useChoice();
  return (
    <ul className="lines">
      {rows.map((row) => (
        <li key={row.id}>
          <SeverityMark severity={row.severity} />
          <Time at={row.time} />
          <button type="button" className="link line-title" onClick={() => onShow(row.id)}>
            <Outside text={choose(row.title_zh, row.title_en)} />
          </button>
          <span className="quiet">{row.disposition ? word("disposition", row.disposition) : word("alert_state", row.state)}</span>
        </li>
      ))}
    </ul>
  );
}

/** What was done, newest first. */
export function HistoryPart({ history }: { history: AlertDetail["history"] }) {
  const t = useText();
  const word = useWord();
  return (
    <Part title={t("history")}>
      {history.length === 0 && <p className="quiet">{t("history.none")}</p>}
      <ul className="lines">
        {history.map((entry, index) => (
          <li key={index}>
            <Icon name="check" size={14} />
            <Time at={entry.time} />
            <span>{entry.actor}</span>
            <span>{word("action", entry.action)}</span>
            <span className="quiet">
              <Outside text={entry.detail} />
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}
