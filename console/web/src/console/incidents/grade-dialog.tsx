// Judging an incident: the grade a person gives, with the reason.

import { Input, Select } from "antd";
import { useState } from "react";
import type { GradeChange, GradeWord, IncidentDetail } from "../../api/types";
import { GRADES } from "../alerts/incident-dialog";
import { Dialog, Field } from "../components/dialog";
import { useText, useWord } from "../core/preferences";

interface GradeDialogProps {
  detail: IncidentDetail;
  onClose: () => void;
  onSubmit: (change: GradeChange) => void;
}

/** The dialog; the proposed grade is filled in. */
export function GradeDialog({ detail, onClose, onSubmit }: GradeDialogProps) {
  const t = useText();
  const word = useWord();
  const [grade, setGrade] = useState<GradeWord>(detail.row.grade ?? detail.row.proposed_grade ?? "general");
  const [reason, setReason] = useState("");
  const submit = () => {
    onSubmit({ grade, reason: reason.trim() });
    onClose();
  };
  return (
    <Dialog title={t("incident.judge")} verb={t("incident.judge")} disabled={!reason.trim()} onClose={onClose} onSubmit={submit}>
      <Field label={t("incident.grade")} hint={detail.grade_basis}>
        <Select value={grade} onChange={setGrade} options={GRADES.map((value) => ({ value, label: word("grade", value) }))} />
      </Field>
      <Field label={t("reason")}>
        <Input.TextArea autoFocus rows={3} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Field>
    </Dialog>
  );
}
