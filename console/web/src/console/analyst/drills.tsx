// Drills: what the attackers of an exercise did, and what of it was detected, by ATT&CK technique.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import * as calls from "../../api/calls";
import type { DrillDetail, DrillRow, NewDrillAction } from "../../api/types";
import { byTactic } from "../../lib/attack";
import { Dialog, Field } from "../components/dialog";
import { DetailHead, PageHead, Part, Split } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { usePreferences, useText } from "../core/preferences";
import { useMay } from "../core/session";
import { ReplayDialog, ReplayLine } from "./drill-replay";

/** The list with the detail beside it. */
export function DrillsPage() {
  const t = useText();
  const may = useMay();
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const notices = useNotices();
  const [adding, setAdding] = useState(false);
  const query = useQuery({ queryKey: ["drills"], queryFn: calls.drills.list });
  const columns = useColumns();
  const create = useMutation({
    mutationFn: calls.drills.create,
    onSuccess: (drill) => {
      void client.invalidateQueries({ queryKey: ["drills"] });
      navigate(`/drills/${drill.row.id}`);
    },
    onError: notices.failed,
  });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.drills")}>
        {may("drill.write") && (
          <Button type="primary" size="small" onClick={() => setAdding(true)} data-testid="drill-new">
            {t("drills.new")}
          </Button>
        )}
      </PageHead>
      <Split
        onClose={() => navigate("/drills", { replace: true })}
        detail={id && <DrillView key={id} id={id} />}
        list={
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={t("drills.empty")} hint={t("drills.empty.hint")} />
              ) : (
                <Table
                  label={t("nav.drills")}
                  testId="drills"
                  columns={columns}
                  rows={items}
                  rowKey={(row) => row.id}
                  chosen={id ?? null}
                  onChoose={(next) => navigate(`/drills/${next}`, { replace: true })}
                />
              )
            }
          </Answer>
        }
      />
      {adding && (
        <ReasonDialog title={t("drills.new")} verb={t("drills.begin")} label={t("drills.title")} onClose={() => setAdding(false)} onSubmit={create.mutate} />
      )}
    </div>
  );
}

function useColumns(): Column<DrillRow>[] {
  const t = useText();
  return [
    { key: "state", title: t("column.state"), width: 96, cell: (row) => <Chip tone={row.ended_at ? "plain" : "accent"}>{row.ended_at ? t("drills.ended") : t("drills.running")}</Chip> },
    { key: "title", title: t("drills.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "actions", title: t("drills.acts"), numeric: true, width: 88, cell: (row) => row.actions },
    { key: "started", title: t("drills.started"), width: 132, cell: (row) => <Time at={row.started_at} /> },
    { key: "by", optional: true, title: t("suppressions.by"), width: 112, cell: (row) => row.created_by },
  ];
}

function DrillView({ id }: { id: string }) {
  const query = useQuery({ queryKey: ["drill", id], queryFn: () => calls.drills.read(id), refetchInterval: 5_000 });
  return <Answer query={query}>{(detail) => <Drill detail={detail} />}</Answer>;
}

function Drill({ detail }: { detail: DrillDetail }) {
  const t = useText();
  const { locale } = usePreferences();
  const { row } = detail;
  const nameOf = (id: string): string => {
    const [technique] = [...byTactic([id]).values()].flat();
    return (locale === "zh" ? technique?.zh : technique?.en) ?? id;
  };
  return (
    <article data-testid="drill-detail">
      <DetailHead
        title={row.title}
        marks={
          <>
            <Chip tone={row.ended_at ? "plain" : "accent"}>{row.ended_at ? t("drills.ended") : t("drills.running")}</Chip>
            <Time at={row.started_at} />
            <span>{row.unit.name}</span>
          </>
        }
      >
        <p className="drill-score">
          <strong>{detail.detected_percent === null ? "—" : `${detail.detected_percent}%`}</strong> <span className="quiet">{t("drills.detected")}</span>
        </p>
      </DetailHead>
      <DrillVerbs detail={detail} />
      {detail.replay && <ReplayLine replay={detail.replay} />}
      <Part title={t("drills.scores")}>
        <table className="facts-table" data-testid="drill-scores">
          <thead>
            <tr>
              <th>{t("column.techniques")}</th>
              <th className="numeric">{t("drills.acts")}</th>
              <th className="numeric">{t("drills.found")}</th>
              <th className="numeric">{t("drills.delay")}</th>
            </tr>
          </thead>
          <tbody>
            {detail.scores.map((score) => (
              <tr key={score.technique}>
                <td>
                  <span className="mono">{score.technique}</span> {nameOf(score.technique)}
                </td>
                <td className="numeric">{score.acts}</td>
                <td className="numeric">
                  <Chip tone={score.detected === score.acts ? "good" : score.detected === 0 ? "bad" : "warn"}>{score.detected}</Chip>
                </td>
                <td className="numeric">{score.median_delay_seconds ?? "—"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Part>
      <Part title={t("drills.course", { n: detail.actions.length })}>
        {detail.actions.length === 0 && <p className="quiet">{t("drills.no_acts")}</p>}
        <ul className="lines acts">
          {detail.actions.map((act, index) => (
            <li key={index}>
              <Time at={act.at} />
              <span className="mono">{act.technique}</span>
              <span className="line-title">
                <Outside text={`${act.target} ${act.note}`} />
              </span>
              {act.alert_id ? (
                <Link href={`/alerts/${act.alert_id}?state=all&grouped=false`}>{t("drills.seen", { n: act.delay_seconds ?? 0 })}</Link>
              ) : (
                <Chip tone="bad">{t("drills.missed")}</Chip>
              )}
            </li>
          ))}
        </ul>
      </Part>
    </article>
  );
}

function DrillVerbs({ detail }: { detail: DrillDetail }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const [noting, setNoting] = useState(false);
  const [playing, setPlaying] = useState(false);
  const { id, ended_at } = detail.row;
  const act = useMutation({
    mutationFn: (work: () => Promise<DrillDetail>) => work(),
    onSuccess: (next) => {
      client.setQueryData(["drill", id], next);
      void client.invalidateQueries({ queryKey: ["drills"] });
      setNoting(false);
      setPlaying(false);
    },
    onError: notices.failed,
  });
  if (!may("drill.write")) return null;
  return (
    <div className="verbs">
      <Button type="primary" onClick={() => setNoting(true)} data-testid="drill-acts">
        {t("drills.note")}
      </Button>
      {!ended_at && (
        <Button onClick={() => setPlaying(true)} data-testid="drill-replay">
          {t("drills.replay")}
        </Button>
      )}
      {!ended_at && <Button onClick={() => act.mutate(() => calls.drills.end(id))}>{t("drills.end")}</Button>}
      {playing && <ReplayDialog id={id} busy={act.isPending} onClose={() => setPlaying(false)} onSubmit={(name) => act.mutate(() => calls.drills.replay(id, name))} />}
      {noting && <ActsDialog busy={act.isPending} onClose={() => setNoting(false)} onSubmit={(acts) => act.mutate(() => calls.drills.add(id, acts))} />}
    </div>
  );
}

/** Acts from lines of `time technique target words`; lines that are none are told by number. */
function readActs(text: string): { acts: NewDrillAction[]; wrong: number[] } {
  const acts: NewDrillAction[] = [];
  const wrong: number[] = [];
  text.split("\n").forEach((line, index) => {
    if (!line.trim()) return;
    const found = /^\s*(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?)\s+(T\d{4}(?:\.\d{3})?)(?:\s+(\S+))?(?:\s+(.*))?$/.exec(line);
    const at = found?.[1] ? Date.parse(found[1].replace(" ", "T")) : Number.NaN;
    if (!found?.[2] || Number.isNaN(at)) {
      wrong.push(index + 1);
      return;
    }
    const target = found[3] === "-" ? "" : (found[3] ?? "");
    acts.push({ at: new Date(at).toISOString(), technique: found[2], target, note: found[4]?.trim() ?? "" });
  });
  return { acts, wrong };
}

function ActsDialog({ busy, onClose, onSubmit }: { busy: boolean; onClose: () => void; onSubmit: (acts: NewDrillAction[]) => void }) {
  const t = useText();
  const [text, setText] = useState("");
  const { acts, wrong } = readActs(text);
  return (
    <Dialog
      title={t("drills.note")}
      verb={t("drills.note.submit", { n: acts.length })}
      width={680}
      busy={busy}
      disabled={acts.length === 0 || wrong.length > 0}
      onClose={onClose}
      onSubmit={() => onSubmit(acts)}
    >
      <Field label={t("drills.lines")} hint={wrong.length > 0 ? t("drills.wrong", { lines: wrong.join("、") }) : t("drills.lines.hint")}>
        <Input.TextArea
          autoFocus
          rows={10}
          className="mono"
          value={text}
          placeholder={"2026-11-22 14:03 T1190 10.62.1.12 SQL 注入\n2026-11-22 14:20 T1505.003 10.62.1.12 上传 WebShell"}
          onChange={(event) => setText(event.target.value)}
          data-testid="drill-lines"
        />
      </Field>
    </Dialog>
  );
}
