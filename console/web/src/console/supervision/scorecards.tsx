// Scorecards: how units worked in the last 30 days, best first; the same as an Excel workbook.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { ReportedScorecard, ScorecardRow, Scorecards } from "../../api/types";
import { Icon } from "../components/icons";
import { Segments } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Time } from "../components/values";
import { useChoice, useText } from "../core/preferences";
import { SupervisionHead } from "./head";

const TIERS = ["county", "prefecture"] as const;
/** What is shown: what was counted here of a tier, or what nodes below counted themselves. */
type Shown = (typeof TIERS)[number] | "reported";

/** The ranking. */
export function ScorecardsView() {
  const t = useText();
  const [tier, setTier] = useState<Shown>("county");
  const query = useQuery({
    queryKey: ["scorecards", tier],
    queryFn: () => calls.scorecards.list(tier),
    enabled: tier !== "reported",
    placeholderData: keepPreviousData,
  });
  return (
    <div className="workspace">
      <SupervisionHead tab="scorecards" note={t("scorecards.period")}>
        <Segments
          label={t("column.unit")}
          value={tier}
          options={[...TIERS.map((value) => ({ value, label: t(`tier.${value}`) })), { value: "reported", label: t("scorecards.reported") }]}
          onChange={setTier}
        />
        {tier !== "reported" && (
          <a className="button button-small" href={calls.scorecards.sheetAddress(tier)} download>
            <Icon name="down" size={14} /> {t("export.excel")}
          </a>
        )}
      </SupervisionHead>
      {tier === "reported" ? <Reported /> : <Answer query={query}>{(cards) => <Cards cards={cards} />}</Answer>}
    </div>
  );
}

function Cards({ cards }: { cards: Scorecards }) {
  const t = useText();
  const choose = useChoice();
  const parts = cards.parts.map((part) => `${choose(part.title_zh, part.title_en)} ${part.weight}`).join(" · ");
  return (
    <>
      <p className="quiet">{t("scorecards.how", { parts })}</p>
      <Table label={t("supervision.scorecards")} testId="scorecards" columns={useColumns()} rows={cards.items} rowKey={(row) => row.unit.code} />
    </>
  );
}

/** What nodes below counted of their own units; who counted it stands beside it. */
function Reported() {
  const t = useText();
  const counted = useColumns().filter((column) => column.key !== "rank");
  const query = useQuery({ queryKey: ["scorecards", "reported"], queryFn: calls.scorecards.reported });
  const columns: Column<ReportedScorecard>[] = [
    { key: "node", title: t("scorecards.node"), width: 104, cell: (card) => <span className="mono">{card.node}</span> },
    ...counted.map((column) => ({ ...column, cell: (card: ReportedScorecard) => column.cell(card.row) })),
    { key: "to", title: t("scorecards.counted"), width: 128, cell: (card) => <Time at={card.to} /> },
  ];
  return (
    <Answer query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title={t("scorecards.reported.empty")} hint={t("scorecards.reported.hint")} />
        ) : (
          <>
            <p className="quiet">{t("scorecards.reported.how")}</p>
            <Table label={t("scorecards.reported")} testId="scorecards-reported" columns={columns} rows={items} rowKey={(card) => `${card.node} ${card.row.unit.code}`} />
          </>
        )
      }
    </Answer>
  );
}

/** Minutes as `35 分` or `12.5 小时`. */
function useMinutes(): (minutes: number | null | undefined) => string {
  const t = useText();
  return (minutes) => {
    if (minutes === null || minutes === undefined) return "";
    return minutes < 120 ? t("minutes", { n: minutes }) : t("hours", { n: (minutes / 60).toFixed(1) });
  };
}

const of = (good: number, all: number): string => (all > 0 ? `${good} / ${all}` : "");

function useColumns(): Column<ScorecardRow>[] {
  const t = useText();
  const time = useMinutes();
  const number = (key: string, title: string, cell: (row: ScorecardRow) => string, width = 92): Column<ScorecardRow> => ({
    key,
    title,
    numeric: true,
    width,
    cell,
  });
  return [
    number("rank", t("scorecard.rank"), (row) => String(row.rank ?? ""), 64),
    { key: "unit", title: t("column.unit"), width: 112, cell: (row) => row.unit.name },
    { key: "score", title: t("scorecard.score"), numeric: true, width: 72, cell: (row) => <strong>{row.score?.toFixed(1) ?? "—"}</strong> },
    number("tasks", t("scorecard.tasks"), (row) => String(row.tasks || ""), 80),
    number("signed", t("scorecard.signed"), (row) => of(row.signed_in_time, row.tasks)),
    number("sign_time", t("scorecard.sign_time"), (row) => time(row.median_sign_minutes)),
    number("finished", t("scorecard.finished"), (row) => of(row.finished_in_time, row.tasks)),
    number("finish_time", t("scorecard.finish_time"), (row) => time(row.median_finish_minutes)),
    number("overdue", t("scorecard.overdue"), (row) => String(row.overdue || ""), 72),
    number("inspections", t("scorecard.inspections"), (row) => of(row.inspections_in_time, row.inspections)),
    number("controls", t("scorecard.controls"), (row) => of(row.controls_met, row.controls)),
    number("training", t("scorecard.training"), (row) => of(row.training_attended ?? 0, row.training_expected ?? 0)),
    number("reached", t("scorecard.reached"), (row) => of(row.calls_reached ?? 0, row.calls ?? 0)),
  ];
}
