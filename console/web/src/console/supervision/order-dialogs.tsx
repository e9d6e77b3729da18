// What the issuer of a campaign does to findings: add one, order them to be put right.

import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { CampaignDetail } from "../../api/types";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useText } from "../core/preferences";
import { useCampaignChange } from "./campaign";

const WEEK_MS = 7 * 86_400_000;

/** The value of a deadline field some time from now. */
export const later = (milliseconds: number): string => localInput(new Date(Date.now() + milliseconds));

/** Adds what an inspector found. */
export function FindingDialog({ detail, onClose }: { detail: CampaignDetail; onClose: () => void }) {
  const t = useText();
  const [unit, setUnit] = useState(detail.inspections[0]?.unit.code ?? "");
  const [item, setItem] = useState(0);
  const [text, setText] = useState("");
  const change = useCampaignChange(detail.row.id, t("done.campaign_found"));
  const submit = () =>
    change.mutate(() => calls.campaigns.find(detail.row.id, { unit, item, text: text.trim() }), { onSuccess: onClose });
  return (
    <Dialog title={t("campaign.find")} verb={t("save")} busy={change.isPending} disabled={text.trim() === ""} onClose={onClose} onSubmit={submit}>
      <Field label={t("column.unit")}>
        <Select
          showSearch
          value={unit}
          options={detail.inspections.map((one) => ({ value: one.unit.code, label: one.unit.name }))}
          onChange={setUnit}
        />
      </Field>
      <Field label={t("campaign.item")}>
        <Select value={item} options={detail.items.map((one) => ({ value: one.index, label: one.text }))} onChange={setItem} />
      </Field>
      <Field label={t("campaign.find.text")}>
        <Input.TextArea autoFocus rows={3} value={text} onChange={(event) => setText(event.target.value)} />
      </Field>
    </Dialog>
  );
}

/** Orders every open finding to be put right. */
export function OrderDialog({ detail, open, onClose }: { detail: CampaignDetail; open: number; onClose: () => void }) {
  const t = useText();
  const [due, setDue] = useState(() => later(WEEK_MS));
  const [instructions, setInstructions] = useState("");
  const change = useCampaignChange(detail.row.id, t("done.campaign_ordered", { n: open }));
  const submit = () => {
    const order = { findings: [], due_at: new Date(due).toISOString(), instructions: instructions.trim() };
    change.mutate(() => calls.campaigns.order(detail.row.id, order), { onSuccess: onClose });
  };
  return (
    <Dialog title={t("campaign.order.title")} verb={t("campaign.order.verb")} busy={change.isPending} disabled={due === ""} onClose={onClose} onSubmit={submit}>
      <p className="quiet">{t("campaign.order.effect", { n: open })}</p>
      <Field label={t("task.due")}>
        <Input type="datetime-local" min={localInput(new Date())} value={due} onChange={(event) => setDue(event.target.value)} />
      </Field>
      <Field label={t("campaign.order.instructions")}>
        <Input.TextArea autoFocus rows={3} value={instructions} onChange={(event) => setInstructions(event.target.value)} />
      </Field>
    </Dialog>
  );
}
