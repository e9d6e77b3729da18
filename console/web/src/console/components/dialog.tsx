// A dialog: a form over the page; Ctrl+Enter sends it, Escape leaves it, keys below it rest.

import { Button } from "antd";
import type { ReactNode } from "react";
import { useKeys } from "../core/keys";
import { useText } from "../core/preferences";
import { Modal } from "./modal";

interface DialogProps {
  title: string;
  verb: string;
  busy?: boolean;
  disabled?: boolean;
  danger?: boolean;
  width?: number;
  onClose: () => void;
  onSubmit: () => void;
  children: ReactNode;
}

/** The dialog. */
export function Dialog(props: DialogProps) {
  const { title, verb, busy = false, disabled = false, danger = false, width = 560, onClose, onSubmit, children } = props;
  const t = useText();
  const send = () => {
    if (!disabled && !busy) onSubmit();
  };
  useKeys(
    [
      { key: "Ctrl+Enter", label: "key.submit", run: send },
      { key: "Escape", label: "key.close", run: onClose },
    ],
    { modal: true },
  );
  return (
    <Modal
      title={title}
      width={width}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="primary" danger={danger} loading={busy} disabled={disabled} onClick={send} data-testid="dialog-submit">
            {verb} <kbd>Ctrl ↵</kbd>
          </Button>
        </>
      }
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {children}
      </form>
    </Modal>
  );
}

/** A labelled field of a dialog. */
export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <label className="field">
      <span className="field-label">{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}
