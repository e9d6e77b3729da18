// Closing alerts: what they were, why, and how many it is about.

import { Input } from "antd";
import { useState } from "react";
import type { AlertRow, Disposition } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useText, useWord } from "../core/preferences";
import type { ClosingWords } from "./actions";

const DISPOSITIONS: readonly Disposition[] = ["false_positive", "benign", "duplicate", "true_positive"];

interface CloseDialogProps {
  rows: readonly AlertRow[];
  onClose: () => void;
  onSubmit: (words: ClosingWords) => void;
}

/** The dialog. */
export function CloseDialog({ rows, onClose, onSubmit }: CloseDialogProps) {
  const t = useText();
  const word = useWord();
  const [disposition, setDisposition] = useState<Disposition>("false_positive");
  const [reason, setReason] = useState("");
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const submit = () => {
    onSubmit({ disposition, reason: reason.trim() });
    onClose();
  };
  return (
    <Dialog title={t("close_alerts.title", { n: count })} verb={t("verb.close")} onClose={onClose} onSubmit={submit}>
      <Field label={t("close_alerts.disposition")}>
        <Select
          value={disposition}
          onChange={setDisposition}
          options={DISPOSITIONS.map((value) => ({ value, label: word("disposition", value) }))}
        />
      </Field>
      <Field label={t("reason")} hint={t("close_alerts.hint")}>
        <Input
          autoFocus
          value={reason}
          maxLength={2000}
          onChange={(event) => setReason(event.target.value)}
          onPressEnter={submit}
          data-testid="reason"
        />
      </Field>
    </Dialog>
  );
}
