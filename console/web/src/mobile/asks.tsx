/** @jsxImportSource preact */
// What an officer may ask of the issuer: more time, help.

import { useState } from "preact/hooks";
import * as calls from "../api/calls";
import type { TaskDetail } from "../api/types";
import { localInput, shortTime } from "../lib/time";
import { Field } from "./parts";
import type { Run } from "./task";
import { t, word } from "./text";

/** Hours that are filled in for a later deadline. */
const MORE_HOURS = 24;

interface AsksProps {
  detail: TaskDetail;
  run: Run;
}

/** Buttons for what may be asked, and the form of the one that was pressed. */
export function Asks({ detail, run }: AsksProps) {
  const [open, setOpen] = useState<"extension" | "help" | null>(null);
  const may = (verb: string) => detail.allowed.includes(verb);
  const close = () => setOpen(null);
  return (
    <section>
      {detail.extension && (
        <p class="quiet">
          {t("extension.state", { state: word("extension", detail.extension.state) })} {shortTime(detail.extension.requested_until)}
        </p>
      )}
      {open === null && (
        <p class="foot-verbs">
          {may("extension") && (
            <button type="button" onClick={() => setOpen("extension")}>
              {t("extension")}
            </button>
          )}
          {may("help") && (
            <button type="button" onClick={() => setOpen("help")}>
              {t("help")}
            </button>
          )}
        </p>
      )}
      {open === "extension" && <ExtensionForm detail={detail} run={run} onClose={close} />}
      {open === "help" && <HelpForm detail={detail} run={run} onClose={close} />}
    </section>
  );
}

/** A deadline that is later than the present one and than now. */
function laterThan(dueAt: string): Date {
  return new Date(Math.max(Date.now(), Date.parse(dueAt)) + MORE_HOURS * 3_600_000);
}

function ExtensionForm({ detail, run, onClose }: AsksProps & { onClose: () => void }) {
  const [until, setUntil] = useState(() => localInput(laterThan(detail.row.due_at)));
  const [reason, setReason] = useState("");
  const send = async () => {
    const body = { until: new Date(until).toISOString(), reason: reason.trim() };
    if (await run(() => calls.tasks.extend(detail.row.id, body))) onClose();
  };
  return (
    <div class="ask">
      <Field label={t("extension.until")}>
        <input type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
      </Field>
      <Field label={t("extension.reason")}>
        <textarea rows={2} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </Field>
      <AskVerbs disabled={!reason.trim() || !until} onSend={() => void send()} onClose={onClose} />
    </div>
  );
}

function HelpForm({ detail, run, onClose }: AsksProps & { onClose: () => void }) {
  const [text, setText] = useState("");
  const send = async () => {
    if (await run(() => calls.tasks.help(detail.row.id, text.trim()))) onClose();
  };
  return (
    <div class="ask">
      <Field label={t("help.text")}>
        <textarea rows={2} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </Field>
      <AskVerbs disabled={!text.trim()} onSend={() => void send()} onClose={onClose} />
    </div>
  );
}

function AskVerbs({ disabled, onSend, onClose }: { disabled: boolean; onSend: () => void; onClose: () => void }) {
  return (
    <p class="foot-verbs">
      <button type="button" onClick={onClose}>
        {t("cancel")}
      </button>
      <button type="button" class="primary" disabled={disabled} onClick={onSend}>
        {t("send")}
      </button>
    </p>
  );
}
