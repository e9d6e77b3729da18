// The bulletin of the last day or week; the same as a Word document.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { Bulletin, BulletinFigure, UnitLoad } from "../../api/types";
import { Icon } from "../components/icons";
import { Card, Segments } from "../components/layout";
import { Answer } from "../components/states";
import { Chip, Outside, Time } from "../components/values";
import { useText, useWord } from "../core/preferences";
import { SupervisionHead } from "./head";

const PERIODS = ["daily", "weekly"] as const;

/** The bulletin. */
export function BulletinView() {
  const t = useText();
  const [period, setPeriod] = useState<(typeof PERIODS)[number]>("daily");
  const query = useQuery({
    queryKey: ["bulletin", period],
    queryFn: () => calls.bulletin.read(period),
    placeholderData: keepPreviousData,
  });
  return (
    <div className="workspace">
      <SupervisionHead tab="bulletin" note={query.data && <Period bulletin={query.data} />}>
        <Segments
          label={t("supervision.bulletin")}
          value={period}
          options={PERIODS.map((value) => ({ value, label: t(`bulletin.${value}`) }))}
          onChange={setPeriod}
        />
        <a className="button button-small" href={calls.bulletin.documentAddress(period)} download>
          <Icon name="down" size={14} /> {t("export.word")}
        </a>
      </SupervisionHead>
      <Answer query={query}>{(bulletin) => <Sheet bulletin={bulletin} />}</Answer>
    </div>
  );
}

function Period({ bulletin }: { bulletin: Bulletin }) {
  return (
    <>
      {bulletin.unit.name} <Time at={bulletin.from} /> — <Time at={bulletin.to} />
    </>
  );
}

function Sheet({ bulletin }: { bulletin: Bulletin }) {
  const t = useText();
  return (
    <article className="sheet" data-testid="bulletin">
      <div className="tiles">
        {bulletin.figures.map((figure) => (
          <Figure key={figure.name} figure={figure} />
        ))}
      </div>
      <Card title={t("bulletin.incidents")}>
        <Incidents bulletin={bulletin} />
      </Card>
      <div className="sheet-columns">
        <Card title={t("bulletin.busiest")}>
          <Loads units={bulletin.busiest} none={t("bulletin.busiest.none")} />
        </Card>
        <Card title={t("bulletin.overdue")}>
          <Loads units={bulletin.overdue} none={t("bulletin.overdue.none")} />
        </Card>
      </div>
    </article>
  );
}

function Figure({ figure }: { figure: BulletinFigure }) {
  const t = useText();
  const word = useWord();
  const change = figure.value - figure.before;
  return (
    <div className="tile">
      <span>{word("figure", figure.name)}</span>
      <strong>{figure.value.toLocaleString("en-US")}</strong>
      <small className="quiet">{t("bulletin.change", { n: change > 0 ? `+${change}` : change })}</small>
    </div>
  );
}

function Incidents({ bulletin }: { bulletin: Bulletin }) {
  const t = useText();
  const word = useWord();
  if (bulletin.incidents.length === 0) return <p className="quiet">{t("bulletin.incidents.none")}</p>;
  return (
    <table className="facts-table">
      <tbody>
        {bulletin.incidents.map((incident) => (
          <tr key={incident.number}>
            <th scope="row" className="mono">
              {incident.number}
            </th>
            <td>
              <Outside text={incident.title} />
            </td>
            <td>{incident.unit.name}</td>
            <td className="numeric">
              <Chip>{incident.grade ?? t("bulletin.ungraded")}</Chip> {word("incident_state", incident.state)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Loads({ units, none }: { units: readonly UnitLoad[]; none: string }) {
  if (units.length === 0) return <p className="quiet">{none}</p>;
  return (
    <table className="facts-table">
      <tbody>
        {units.map((load) => (
          <tr key={load.unit.code}>
            <th scope="row">{load.unit.name}</th>
            <td className="numeric">{load.count.toLocaleString("en-US")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
