// What will change, and why: before the settings are saved.

import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { SettingView } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Chip } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useSettingChange } from "./change";
import { needsConsent, useSettingTexts } from "./text";

interface SaveProps {
  changes: readonly { setting: SettingView; value: string }[];
  onClose: () => void;
  onSaved: () => void;
}

/** The dialog. */
export function SaveDialog({ changes, onClose, onSaved }: SaveProps) {
  const t = useText();
  const { s, nameOf, valueOf } = useSettingTexts();
  const notices = useNotices();
  const [reason, setReason] = useState("");
  const asks = changes.some(({ setting, value }) => needsConsent(setting, value));
  const change = useSettingChange(() => {
    notices.done(s(asks ? "proposed" : "saved"));
    onSaved();
  });
  const send = () => {
    // A value that is the file's is not kept, so that the file counts again.
    const values = changes.map(({ setting, value }) => [setting.name, value === setting.file_value ? null : value]);
    change.mutate(() => calls.settings.set({ changes: Object.fromEntries(values) as Record<string, string | null>, reason: reason.trim() }));
  };
  return (
    <Dialog
      title={s("save.title")}
      verb={s(asks ? "save.submit" : "save.verb")}
      busy={change.isPending}
      disabled={reason.trim() === ""}
      onClose={onClose}
      onSubmit={send}
    >
      <ul className="setting-changes">
        {changes.map(({ setting, value }) => (
          <li key={setting.name}>
            <span>{nameOf(setting.name)}</span>
            <span>
              {valueOf(setting.name, setting.value)} → <strong>{valueOf(setting.name, value)}</strong>
            </span>
            {needsConsent(setting, value) && <Chip tone="accent">{s("consent")}</Chip>}
          </li>
        ))}
      </ul>
      {asks && <p className="quiet">{s("save.hint")}</p>}
      <Field label={t("reason")}>
        <Input.TextArea autoFocus rows={2} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} data-testid="reason" />
      </Field>
    </Dialog>
  );
}
