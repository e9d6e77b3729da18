// Issues a warning: level, what, why, what is to be done, for whom, until when.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { UnitView, WarningLevel } from "../../api/types";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Segments } from "../components/layout";
import { Failure, SkeletonRows } from "../components/states";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { later } from "../supervision/order-dialogs";

/** Gravest first. */
export const LEVELS: readonly WarningLevel[] = ["red", "orange", "yellow", "blue"];
const THREE_DAYS_MS = 3 * 86_400_000;

interface NewWarningProps {
  onClose: () => void;
  onDone: (id: string) => void;
}

/** Asks for the units first, so that the form has its choices when it appears. */
export function NewWarningDialog(props: NewWarningProps) {
  const t = useText();
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  if (units.data) return <Form {...props} units={units.data.items} />;
  return (
    <Dialog title={t("warnings.issue")} verb={t("warnings.issue.verb")} disabled onClose={props.onClose} onSubmit={props.onClose}>
      {units.error ? <Failure error={units.error} /> : <SkeletonRows rows={4} />}
    </Dialog>
  );
}

function Form({ units, onClose, onDone }: NewWarningProps & { units: UnitView[] }) {
  const t = useText();
  const word = useWord();
  const [level, setLevel] = useState<WarningLevel>("yellow");
  const [title, setTitle] = useState("");
  const [reason, setReason] = useState("");
  const [measures, setMeasures] = useState(() => t("warnings.measures.draft"));
  const [chosen, setChosen] = useState<string[]>([]);
  const [until, setUntil] = useState(() => later(THREE_DAYS_MS));
  const all = units.filter((unit) => unit.tier === "prefecture").map((unit) => unit.code);
  const isGrave = level === "red" || level === "orange";
  const ready = [title, reason, measures, until].every((text) => text.trim() !== "") && chosen.length > 0;
  const send = useIssue(isGrave, onClose, onDone);
  const submit = () => send.mutate({ level, title: title.trim(), reason: reason.trim(), measures: measures.trim(), units: chosen, valid_until: new Date(until).toISOString() });
  return (
    <Dialog title={t("warnings.issue")} verb={isGrave ? t("warnings.submit") : t("warnings.issue.verb")} width={640} busy={send.isPending} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <div className="field">
        <span className="field-label">{t("warnings.level")}</span>
        <Segments label={t("warnings.level")} value={level} options={LEVELS.map((value) => ({ value, label: word("warning_level", value) }))} onChange={setLevel} />
        {isGrave && <small>{t("warnings.two_persons")}</small>}
      </div>
      <Field label={t("campaign.title")}>
        <Input autoFocus maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} data-testid="warning-title" />
      </Field>
      <Field label={t("reason")}>
        <Input.TextArea rows={2} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} data-testid="warning-reason" />
      </Field>
      <Field label={t("warnings.measures")}>
        <Input.TextArea rows={3} value={measures} onChange={(event) => setMeasures(event.target.value)} />
      </Field>
      <Field
        label={t("warnings.units")}
        hint={
          all.length > 1 && (
            <Button size="small" type="link" onClick={() => setChosen(all)} data-testid="all-prefectures">
              {t("warnings.all_prefectures", { n: all.length })}
            </Button>
          )
        }
      >
        <Select
          mode="multiple"
          maxTagCount={6}
          data-testid="warning-units"
          value={chosen}
          options={units.map((unit) => ({ value: unit.code, label: unit.name }))}
          placeholder={t("dispatch.units.placeholder")}
          onChange={setChosen}
        />
      </Field>
      <Field label={t("warnings.until")}>
        <Input type="datetime-local" min={localInput(new Date())} value={until} onChange={(event) => setUntil(event.target.value)} />
      </Field>
      <p className="quiet">{t(isGrave ? "warnings.effect.later" : "warnings.effect", { n: chosen.length })}</p>
    </Dialog>
  );
}

function useIssue(isGrave: boolean, onClose: () => void, onDone: (id: string) => void) {
  const t = useText();
  const notices = useNotices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: calls.warnings.create,
    onSuccess: (row) => {
      notices.done(t(isGrave ? "warnings.proposed" : "warnings.issued", { n: row.unit_count }));
      void client.invalidateQueries({ queryKey: ["warnings"] });
      onClose();
      onDone(row.id);
    },
    onError: notices.failed,
  });
}
