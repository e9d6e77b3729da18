// A rule: which event of which units goes by the channel to whom.

import { Checkbox, Input } from "antd";
import { useState } from "react";
import { channels, type ChannelRow, type NotifyEvent, type NotifyTarget } from "../../api/channels";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useActing } from "../readiness/acting";
import { useDivisions } from "../readiness/page";
import { EVENTS, sendsToPhones, useChannelTexts, waits } from "./text";

const TARGETS: readonly NotifyTarget[] = ["on_duty", "liaison", "responsible", "backup", "leader"];
/** Minutes to begin with. */
const MINUTES = "30";

/** The dialog. */
export function RuleDialog({ row, onClose }: { row: ChannelRow; onClose: () => void }) {
  const c = useChannelTexts();
  const { options } = useDivisions();
  const { act, busy } = useActing("channels", onClose);
  const [event, setEvent] = useState<NotifyEvent>("task_new");
  const [unit, setUnit] = useState(row.unit.code);
  const [targets, setTargets] = useState<NotifyTarget[]>([]);
  const [minutes, setMinutes] = useState(MINUTES);
  const [urgent, setUrgent] = useState(false);
  const asks = sendsToPhones(row);
  const choose = (next: NotifyEvent) => {
    setEvent(next);
    // Whoever is to sign did not: the deputy is whom this is for.
    if (next === "task_unsigned" && row.kind !== "mail" && targets.length === 0) setTargets(["backup"]);
  };
  const wait = Number(minutes);
  const wrong = waits(event) && !(Number.isInteger(wait) && wait >= 5 && wait <= 1440);
  const body = { event, unit, targets, minutes: waits(event) ? wait : 0, urgent };
  const submit = () => act(() => channels.subscribe(row.id, body), c("rule.saved"));
  return (
    <Dialog title={c("rule.new")} verb={c("rule.save")} busy={busy} disabled={wrong || (asks && targets.length === 0)} onClose={onClose} onSubmit={submit}>
      <Field label={c("event")}>
        <Select autoFocus value={event} options={EVENTS.map((value) => ({ value, label: c(`event.${value}`) }))} onChange={choose} data-testid="rule-event" />
      </Field>
      {waits(event) && (
        <Field label={c("minutes")} hint={c("minutes.hint")}>
          <Input inputMode="numeric" suffix={c("minutes.unit")} value={minutes} status={wrong ? "error" : ""} onChange={(change) => setMinutes(change.target.value)} data-testid="rule-minutes" />
        </Field>
      )}
      <Field label={c("scope")} hint={c("scope.hint")}>
        <Select showSearch value={unit} options={options} onChange={setUnit} />
      </Field>
      {row.kind !== "mail" && (
        <div className="field" role="group" aria-label={c("targets")}>
          <span className="field-label">{c("targets")}</span>
          <span className="channel-targets">
            {TARGETS.map((target) => (
              <Checkbox
                key={target}
                checked={targets.includes(target)}
                onChange={({ target: box }) => setTargets(box.checked ? [...targets, target] : targets.filter((one) => one !== target))}
                data-testid={`target-${target}`}
              >
                {c(`target.${target}`)}
              </Checkbox>
            ))}
          </span>
          <small>{targets.length === 0 && !asks ? c("targets.none") : c("targets.hint")}</small>
        </div>
      )}
      <Checkbox checked={urgent} onChange={({ target }) => setUrgent(target.checked)}>
        {c("urgent")}
      </Checkbox>
    </Dialog>
  );
}
