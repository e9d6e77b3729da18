// Takes a list of indicators in: a file or pasted text, the name of its list, when it expires, and what was refused.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { IndicatorImported } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { FileField } from "../components/file-field";
import { Outside } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";

const DAYS = [7, 30, 90, 180, 365];

/** A name of a list from the name of a file. */
const nameOf = (file: string): string =>
  file
    .replace(/\.[^.]*$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 40);

/** The dialog; after the import it says what became of the lines. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [list, setList] = useState("");
  const [days, setDays] = useState<number | null>(90);
  const take = useMutation({
    mutationFn: async () => calls.indicators.take({ list: list.trim(), text: file ? await file.text() : text, expires_days: days }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["indicators"] });
      void client.invalidateQueries({ queryKey: ["indicator-lists"] });
    },
    onError: notices.failed,
  });
  if (take.data) return <Outcome done={take.data} onClose={onClose} />;
  const choose = (next: File | null) => {
    setFile(next);
    if (next && list === "") setList(nameOf(next.name));
  };
  return (
    <Dialog
      title={t("indicators.import")}
      verb={t("indicators.import.verb")}
      width={640}
      busy={take.isPending}
      disabled={list.trim().length < 2 || (!file && text.trim() === "")}
      onClose={onClose}
      onSubmit={() => take.mutate()}
    >
      <FileField label={t("indicators.file")} accept=".csv,.json,.txt" hint={t("indicators.file.hint")} file={file} onChange={choose} />
      {!file && (
        <Field label={t("indicators.paste")}>
          <Input.TextArea
            rows={5}
            className="mono"
            value={text}
            placeholder={"domain,bad.example,high,2026-12-31,仿冒登录页\nip,203.0.113.66,critical"}
            onChange={(event) => setText(event.target.value)}
            data-testid="indicators-text"
          />
        </Field>
      )}
      <div className="field-row">
        <Field label={t("indicators.list")} hint={t("indicators.list.hint")}>
          <Input value={list} maxLength={40} onChange={(event) => setList(event.target.value)} data-testid="indicators-list" />
        </Field>
        <Field label={t("indicators.days")} hint={t("indicators.days.hint")}>
          <Select
            value={days ?? 0}
            options={[...DAYS.map((n) => ({ value: n, label: t("indicators.n_days", { n }) })), { value: 0, label: t("indicators.forever") }]}
            onChange={(value) => setDays(value || null)}
          />
        </Field>
      </div>
    </Dialog>
  );
}

function Outcome({ done, onClose }: { done: IndicatorImported; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t("indicators.import")} verb={t("close")} onClose={onClose} onSubmit={onClose}>
      <p data-testid="indicators-outcome">{t("indicators.taken", { list: done.list, taken: done.taken, refused: done.refused })}</p>
      <p className="quiet">{done.in_force ? t("indicators.now") : t("indicators.later")}</p>
      {done.reasons.length > 0 && (
        <ul className="reasons">
          {done.reasons.map((reason, index) => (
            <li key={index}>
              <Outside text={reason} />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
