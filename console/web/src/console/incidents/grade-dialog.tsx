// Judging an incident: what is known in numbers proposes a grade with its source, a person decides and says why.

import { Input } from "antd";
import { useState } from "react";
import type { GradeChange, GradeWord, IncidentDetail } from "../../api/types";
import { GRADE_ORDER, MEASURES, reached, SOURCE, type Reached } from "../../lib/grading";
import { GRADES } from "../alerts/incident-dialog";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useChoice, useText, useWord } from "../core/preferences";

interface GradeDialogProps {
  detail: IncidentDetail;
  onClose: () => void;
  onSubmit: (change: GradeChange) => void;
}

/** The dialog; the proposed grade is filled in. */
export function GradeDialog({ detail, onClose, onSubmit }: GradeDialogProps) {
  const t = useText();
  const word = useWord();
  const words = useReachedWords();
  const usual = detail.row.grade ?? detail.row.proposed_grade ?? "general";
  const [values, setValues] = useState<Record<string, number | null>>({});
  const [chosen, setChosen] = useState<GradeWord | null>(null);
  const [written, setWritten] = useState<string | null>(null);
  const hits = reached(values);
  const least = hits[0]?.grade ?? usual;
  const grade = chosen ?? (GRADE_ORDER.indexOf(least) > GRADE_ORDER.indexOf(usual) ? least : usual);
  const reason = written ?? hits.map(words).join("；");
  const submit = () => {
    onSubmit({ grade, reason: reason.trim() });
    onClose();
  };
  return (
    <Dialog title={t("incident.judge")} verb={t("incident.judge")} width={640} disabled={!reason.trim()} onClose={onClose} onSubmit={submit}>
      <Measures values={values} onChange={(name, value) => setValues({ ...values, [name]: value })} />
      <Field label={t("incident.grade")} hint={hits.length > 0 ? t("grading.reached", { n: hits.length }) : detail.grade_basis}>
        <Select value={grade} onChange={setChosen} options={GRADES.map((value) => ({ value, label: word("grade", value) }))} data-testid="grade" />
      </Field>
      <Field label={t("reason")}>
        <Input.TextArea autoFocus rows={3} value={reason} onChange={(event) => setWritten(event.target.value)} data-testid="grade-reason" />
      </Field>
    </Dialog>
  );
}

/** A threshold in words: what, how much, which grade from where on. */
function useReachedWords(): (hit: Reached) => string {
  const t = useText();
  const word = useWord();
  return ({ measure, value, least, grade }) =>
    t("grading.words", { measure: word("measure", measure), value, least, grade: word("grade", grade) });
}

/** What a field of digits holds; letters and signs are not taken. */
function wholeNumber(text: string): number | null {
  const digits = text.replace(/\D/g, "");
  return digits === "" ? null : Number(digits);
}

interface MeasuresProps {
  values: Readonly<Record<string, number | null>>;
  onChange: (name: string, value: number | null) => void;
}

function Measures({ values, onChange }: MeasuresProps) {
  const t = useText();
  const word = useWord();
  const choose = useChoice();
  return (
    <fieldset className="measures">
      <legend>{t("grading.title")}</legend>
      <p className="quiet">{t("grading.hint", { source: choose(SOURCE.zh, SOURCE.en) })}</p>
      <div>
        {MEASURES.map((name) => (
          <label key={name}>
            <span>{word("measure", name)}</span>
            <Input
              size="small"
              inputMode="numeric"
              maxLength={12}
              value={values[name] ?? ""}
              onChange={(event) => onChange(name, wholeNumber(event.target.value))}
              data-testid={`measure-${name}`}
            />
          </label>
        ))}
      </div>
    </fieldset>
  );
}
