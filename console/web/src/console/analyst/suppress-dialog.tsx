// Keeps alerts out of the queue: the conditions, what they would have caught, until when and why.

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Checkbox, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { AlertRow, SuppressionMade, SuppressionMatch } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Chip, Outside, SeverityMark, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useChoice, useText } from "../core/preferences";

const DAY_MS = 86_400_000;
const TERMS = [1, 7, 30, 90] as const;

/** The conditions an alert offers. */
type Part = "rule_id" | "source_ip" | "destination_ip";

interface SuppressDialogProps {
  row: AlertRow;
  onClose: () => void;
  onDone: (made: SuppressionMade) => void;
}

/** The dialog, filled in from an alert. */
export function SuppressDialog({ row, onClose, onDone }: SuppressDialogProps) {
  const t = useText();
  const choose = useChoice();
  const client = useQueryClient();
  const notices = useNotices();
  const title = choose(row.title_zh, row.title_en);
  const [parts, setParts] = useState<Part[]>(row.source_ip ? ["rule_id", "source_ip"] : ["rule_id"]);
  const [days, setDays] = useState<number>(7);
  const [reason, setReason] = useState("");
  const [closeOpen, setCloseOpen] = useState(true);
  const matches: SuppressionMatch = Object.fromEntries(parts.map((part) => [part, row[part]]));
  const create = useMutation({
    mutationFn: () =>
      calls.suppressions.create({
        title,
        matches,
        reason: reason.trim(),
        expires_at: new Date(Date.now() + days * DAY_MS).toISOString(),
        close_open: closeOpen,
      }),
    onSuccess: (made) => {
      for (const key of ["suppressions", "alert", "overview", "rules"]) void client.invalidateQueries({ queryKey: [key] });
      onDone(made);
    },
    onError: notices.failed,
  });
  const options = (["rule_id", "source_ip", "destination_ip"] as const).flatMap((part) => {
    const value = row[part];
    return value ? [{ value: part, label: `${t(`suppress.${part}`)} ${value}` }] : [];
  });
  return (
    <Dialog
      title={t("suppress.title")}
      verb={t("suppress.submit")}
      busy={create.isPending}
      disabled={parts.length === 0 || !reason.trim()}
      onClose={onClose}
      onSubmit={() => create.mutate()}
    >
      <Field label={t("suppress.matches")} hint={t("suppress.matches.hint")}>
        <Checkbox.Group className="role-choices" value={parts} options={options} onChange={setParts} />
      </Field>
      {parts.length > 0 && <Preview matches={matches} />}
      <div className="field-row">
        <Field label={t("suppress.term")}>
          <Select value={days} onChange={setDays} options={TERMS.map((value) => ({ value, label: t("suppress.days", { n: value }) }))} />
        </Field>
        <Field label={t("suppress.open")}>
          <Checkbox checked={closeOpen} onChange={(event) => setCloseOpen(event.target.checked)}>
            {t("suppress.close_open")}
          </Checkbox>
        </Field>
      </div>
      <Field label={t("reason")} hint={t("suppress.reason.hint")}>
        <Input.TextArea
          autoFocus
          rows={2}
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          data-testid="suppress-reason"
        />
      </Field>
    </Dialog>
  );
}

function Preview({ matches }: { matches: SuppressionMatch }) {
  const t = useText();
  const choose = useChoice();
  const query = useQuery({
    queryKey: ["suppression-preview", matches],
    queryFn: () => calls.suppressions.preview(matches),
    placeholderData: keepPreviousData,
  });
  const preview = query.data;
  return (
    <div className="preview" data-testid="suppress-preview" aria-live="polite">
      <p>
        {preview ? t("suppress.preview", { n: preview.matching, open: preview.open }) : t("state.loading")}
        {preview && preview.serious > 0 && <Chip tone="bad">{t("suppress.serious", { n: preview.serious })}</Chip>}
      </p>
      <ul className="lines">
        {preview?.sample.slice(0, 4).map((row) => (
          <li key={row.id}>
            <SeverityMark severity={row.severity} />
            <Time at={row.time} />
            <span className="line-title">
              <Outside text={choose(row.title_zh, row.title_en)} />
            </span>
            <span className="mono quiet">{row.source_ip}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
