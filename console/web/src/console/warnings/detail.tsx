// A warning: what, why, what is to be done, who has it, what became of it.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { WarningLevel, WarningRow } from "../../api/types";
import { HistoryPart } from "../alerts/detail";
import { Dialog, Field } from "../components/dialog";
import { DetailHead, Part } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Fact, Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { LevelMark } from "./level";
import { LEVELS } from "./new-warning";
import { WarningStanding } from "./page";

type Asked = "change" | "approve" | "refuse" | null;

/** The detail beside the list. */
export function WarningDetail({ row }: { row: WarningRow }) {
  const t = useText();
  const word = useWord();
  // What was wanted stands before the reason, as a word of the interface's own.
  const told = (detail: string) => detail.replace(/^(\w+): /, (_, what: string) => (LEVELS.some((level) => level === what) ? `${word("warning_change", what)} ` : ""));
  return (
    <article data-testid="warning-detail">
      <DetailHead
        title={row.title}
        marks={
          <>
            <LevelMark level={row.level} />
            <WarningStanding row={row} />
            <span className="mono">{row.number}</span>
          </>
        }
      />
      <WarningVerbs row={row} />
      <Part title={t("warnings.about")}>
        <dl className="facts">
          <Fact label={t("campaign.issuer")}>{`${row.unit.name} ${row.created_by}`}</Fact>
          <Fact label={t("campaign.created")}>
            <Time at={row.in_force_at ?? row.created_at} />
          </Fact>
          <Fact label={t("warnings.until")}>
            <Time at={row.valid_until} />
          </Fact>
          <Fact label={t("warnings.receipts")}>{`${row.receipts} / ${row.unit_count}`}</Fact>
          <Fact label={t("reason")} wide>
            <Outside text={row.reason} />
          </Fact>
          <Fact label={t("warnings.measures")} wide>
            <span className="pre-line">
              <Outside text={row.measures} />
            </span>
          </Fact>
        </dl>
      </Part>
      <Part title={t("warnings.units")}>
        <ul className="lines" data-testid="warned-units">
          {row.units.map((warned) => (
            <li key={warned.unit.code}>
              <span className="line-title">{warned.unit.name}</span>
              {warned.received_at ? (
                <span className="quiet">
                  {warned.received_by} <Time at={warned.received_at} />
                </span>
              ) : (
                <span className="quiet">{t("warnings.no_receipt")}</span>
              )}
            </li>
          ))}
        </ul>
      </Part>
      {row.history.length > 0 && <HistoryPart history={row.history.map((entry) => ({ ...entry, detail: told(entry.detail) }))} />}
    </article>
  );
}

/** What may be done; a change that waits is told above its verbs. */
function WarningVerbs({ row }: { row: WarningRow }) {
  const t = useText();
  const word = useWord();
  const client = useQueryClient();
  const notices = useNotices();
  const [asked, setAsked] = useState<Asked>(null);
  const act = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSuccess: () => {
      setAsked(null);
      notices.done(t("warnings.changed"));
      void client.invalidateQueries({ queryKey: ["warnings"] });
      void client.invalidateQueries({ queryKey: ["notifications"] });
    },
    onError: notices.failed,
  });
  const may = (verb: string) => row.allowed.includes(verb);
  const decide = (approve: boolean) => (reason: string) => act.mutate(() => calls.warnings.decide(row.id, { approve, reason }));
  return (
    <>
      {row.wanted && (
        <p className="banner" data-testid="warning-wanted">
          {t("warnings.wanted", { name: row.wanted.by, what: word("warning_change", row.wanted.what) })} <Outside text={row.wanted.reason} />
        </p>
      )}
      <div className="verbs">
        {may("decide") && (
          <>
            <Button type="primary" onClick={() => setAsked("approve")} data-testid="warning-approve">
              {t("approve")}
            </Button>
            <Button danger onClick={() => setAsked("refuse")}>
              {t("refuse")}
            </Button>
          </>
        )}
        {may("receive") && (
          <Button type="primary" onClick={() => act.mutate(() => calls.warnings.receive(row.id))}>
            {t("warnings.receive")}
          </Button>
        )}
        {may("change") && (
          <Button onClick={() => setAsked("change")} data-testid="warning-change">
            {t("warnings.change")}
          </Button>
        )}
      </div>
      {asked === "change" && <ChangeDialog row={row} busy={act.isPending} onClose={() => setAsked(null)} onSubmit={(change) => act.mutate(() => calls.warnings.change(row.id, change))} />}
      {(asked === "approve" || asked === "refuse") && (
        <ReasonDialog
          title={`${t(asked)} · ${word("warning_change", row.wanted?.what)}`}
          verb={t(asked)}
          hint={t("warnings.decide.hint", { n: row.unit_count })}
          danger={asked === "refuse"}
          onClose={() => setAsked(null)}
          onSubmit={decide(asked === "approve")}
        />
      )}
    </>
  );
}

interface ChangeProps {
  row: WarningRow;
  busy: boolean;
  onClose: () => void;
  onSubmit: (change: { level: WarningLevel | null; reason: string }) => void;
}

function ChangeDialog({ row, busy, onClose, onSubmit }: ChangeProps) {
  const t = useText();
  const word = useWord();
  const [to, setTo] = useState<WarningLevel | "lift">("lift");
  const [reason, setReason] = useState("");
  const isGrave = [row.level, to].some((level) => level === "red" || level === "orange");
  return (
    <Dialog
      title={t("warnings.change")}
      verb={isGrave ? t("warnings.submit") : t("warnings.change.verb")}
      busy={busy}
      disabled={reason.trim() === ""}
      onClose={onClose}
      onSubmit={() => onSubmit({ level: to === "lift" ? null : to, reason: reason.trim() })}
    >
      <Field label={t("warnings.change.to")} hint={isGrave ? t("warnings.two_persons") : undefined}>
        <Select
          value={to}
          onChange={setTo}
          options={["lift" as const, ...LEVELS.filter((level) => level !== row.level)].map((value) => ({ value, label: word("warning_change", value) }))}
        />
      </Field>
      <Field label={t("reason")}>
        <Input.TextArea autoFocus rows={3} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} data-testid="reason" />
      </Field>
    </Dialog>
  );
}
