// Making an incident of alerts: title and grade are filled in from the alerts.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { AlertRow, GradeWord } from "../../api/types";
import { visibleText } from "../../lib/text";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useChoice, useText, useWord } from "../core/preferences";

/** From the least to the worst. */
export const GRADES: readonly GradeWord[] = ["general", "larger", "major", "extraordinarily_major"];

/** The grade that a person most likely gives to the worst of these alerts. */
export function likelyGrade(rows: readonly Pick<AlertRow, "severity">[]): GradeWord {
  return rows.some((row) => row.severity === "critical") ? "larger" : "general";
}

interface IncidentDialogProps {
  rows: readonly AlertRow[];
  onClose: () => void;
  onCreated: (id: string) => void;
}

/** The dialog. */
export function IncidentDialog({ rows, onClose, onCreated }: IncidentDialogProps) {
  const t = useText();
  const word = useWord();
  const choose = useChoice();
  const notices = useNotices();
  const client = useQueryClient();
  const first = rows[0];
  const [title, setTitle] = useState(() => (first ? visibleText(choose(first.title_zh, first.title_en)).slice(0, 200) : ""));
  const [grade, setGrade] = useState<GradeWord>(likelyGrade(rows));
  const [summary, setSummary] = useState("");
  const create = useMutation({
    mutationFn: () =>
      calls.incidents.create({ title: title.trim(), grade, summary: summary.trim(), alert_ids: rows.map((row) => row.id) }),
    onSuccess: (incident) => {
      notices.done(t("done.incident", { number: incident.row.number }));
      client.setQueryData(["incident", incident.row.id], incident);
      for (const key of ["alert", "incidents", "overview"]) void client.invalidateQueries({ queryKey: [key] });
      onCreated(incident.row.id);
    },
    onError: notices.failed,
  });
  return (
    <Dialog
      title={t("incident.create", { n: rows.length })}
      verb={t("verb.incident")}
      busy={create.isPending}
      disabled={title.trim() === ""}
      onClose={onClose}
      onSubmit={() => create.mutate()}
    >
      <Field label={t("incident.title")}>
        <Input
          autoFocus
          value={title}
          maxLength={200}
          onChange={(event) => setTitle(event.target.value)}
          data-testid="incident-title"
        />
      </Field>
      <Field label={t("incident.grade")} hint={t("incident.grade.hint")}>
        <Select value={grade} onChange={setGrade} options={GRADES.map((value) => ({ value, label: word("grade", value) }))} />
      </Field>
      <Field label={t("incident.summary")}>
        <Input.TextArea rows={3} value={summary} onChange={(event) => setSummary(event.target.value)} />
      </Field>
    </Dialog>
  );
}
