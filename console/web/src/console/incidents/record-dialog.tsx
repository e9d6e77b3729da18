// Says that what a legal clock asks for was done: which way the report went, to whom and when.

import { Input } from "antd";
import { useState } from "react";
import type { ClockDone, ClockRecord, ClockView, ReportChannel } from "../../api/types";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useChoice, useText, useWord } from "../core/preferences";

const CHANNELS: readonly ReportChannel[] = ["platform", "hotline", "website", "email", "fax", "phone", "document", "other"];

interface RecordDialogProps {
  clock: ClockView;
  onClose: () => void;
  onSubmit: (done: ClockDone) => void;
}

/** The dialog. */
export function RecordDialog({ clock, onClose, onSubmit }: RecordDialogProps) {
  const t = useText();
  const word = useWord();
  const choose = useChoice();
  const [opened] = useState(() => localInput(new Date()));
  const [channel, setChannel] = useState<ReportChannel>("platform");
  const [recipient, setRecipient] = useState("");
  const [at, setAt] = useState(opened);
  const [note, setNote] = useState("");
  const submit = () => {
    // Whoever leaves the time alone means now, to the second.
    const stated = at === opened ? {} : { done_at: new Date(at).toISOString() };
    onSubmit({ channel, recipient: recipient.trim(), note: note.trim(), ...stated });
    onClose();
  };
  return (
    <Dialog title={choose(clock.title_zh, clock.title_en)} verb={t("report.done")} disabled={recipient.trim() === "" || at === ""} onClose={onClose} onSubmit={submit}>
      <p className="quiet">{t("report.record.hint")}</p>
      <Field label={t("report.channel")}>
        <Select value={channel} options={CHANNELS.map((value) => ({ value, label: word("report_channel", value) }))} onChange={setChannel} data-testid="record-channel" />
      </Field>
      <Field label={t("report.recipient")}>
        <Input autoFocus maxLength={200} value={recipient} placeholder={t("report.recipient.placeholder")} onChange={(event) => setRecipient(event.target.value)} data-testid="record-recipient" />
      </Field>
      <Field label={t("report.done_at")}>
        <Input type="datetime-local" max={opened} value={at} onChange={(event) => setAt(event.target.value)} />
      </Field>
      <Field label={t("report.note")}>
        <Input.TextArea rows={2} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      </Field>
    </Dialog>
  );
}

/** What was written down, on one line. */
export function RecordLine({ record }: { record: ClockRecord }) {
  const t = useText();
  const word = useWord();
  return (
    <p data-testid="clock-record">
      <Time at={record.done_at} /> {word("report_channel", record.channel)} → <Outside text={record.recipient} />
      {record.note && (
        <>
          {" · "}
          <Outside text={record.note} />
        </>
      )}{" "}
      <span className="quiet">
        {t("report.recorded", { name: record.recorded_by })} <Time at={record.recorded_at} />
      </span>
    </p>
  );
}
