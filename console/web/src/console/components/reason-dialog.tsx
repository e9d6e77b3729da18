// Asks for the words that a verb needs.

import { Input } from "antd";
import { useState } from "react";
import { useText } from "../core/preferences";
import { Dialog, Field } from "./dialog";

interface ReasonDialogProps {
  title: string;
  verb: string;
  label?: string;
  hint?: string;
  optional?: boolean;
  danger?: boolean;
  onClose: () => void;
  onSubmit: (text: string) => void;
}

/** A dialog with one text. */
export function ReasonDialog({ title, verb, label, hint, optional = false, danger = false, onClose, onSubmit }: ReasonDialogProps) {
  const t = useText();
  const [text, setText] = useState("");
  const submit = () => {
    onSubmit(text.trim());
    onClose();
  };
  return (
    <Dialog
      title={title}
      verb={verb}
      danger={danger}
      disabled={!optional && text.trim() === ""}
      onClose={onClose}
      onSubmit={submit}
    >
      {hint && <p className="quiet">{hint}</p>}
      <Field label={label ?? t("reason")}>
        <Input.TextArea
          autoFocus
          rows={3}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.target.value)}
          data-testid="reason"
        />
      </Field>
    </Dialog>
  );
}
