// A unit's own check: every item is met, has a gap (with words), or does not apply.

import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { AnswerResult, CampaignDetail, ItemAnswer } from "../../api/types";
import { Dialog } from "../components/dialog";
import { Outside } from "../components/values";
import { Select } from "../components/select";
import { useText } from "../core/preferences";
import { useSession } from "../core/session";
import { useCampaignChange } from "./campaign";

const RESULTS: readonly AnswerResult[] = ["met", "gap", "not_applicable"];

/** The dialog. */
export function AnswersDialog({ detail, onClose }: { detail: CampaignDetail; onClose: () => void }) {
  const t = useText();
  const unit = useSession().unit.code;
  const given = detail.inspections.find((inspection) => inspection.unit.code === unit)?.answers ?? [];
  const [answers, setAnswers] = useState<ReadonlyMap<number, ItemAnswer>>(() => new Map(given.map((answer) => [answer.item, answer])));
  const change = useCampaignChange(detail.row.id, t("done.campaign_answered"));
  const set = (item: number, part: Partial<ItemAnswer>) =>
    setAnswers((old) => new Map(old).set(item, { item, result: "met", note: "", ...old.get(item), ...part }));
  const complete = detail.items.every((item) => {
    const answer = answers.get(item.index);
    return answer !== undefined && (answer.result !== "gap" || (answer.note ?? "").trim() !== "");
  });
  const submit = () =>
    change.mutate(() => calls.campaigns.answer(detail.row.id, [...answers.values()]), { onSuccess: onClose });
  return (
    <Dialog title={t("campaign.answer")} verb={t("send")} width={720} busy={change.isPending} disabled={!complete} onClose={onClose} onSubmit={submit}>
      <p className="quiet">{t("campaign.answer.hint")}</p>
      {detail.items.map((item) => (
        <fieldset key={item.index} className="check-item">
          <legend>
            <Outside text={item.text} />
          </legend>
          <Select<AnswerResult>
            aria-label={item.text}
            placeholder={t("campaign.answer.choose")}
            {...(answers.has(item.index) ? { value: answers.get(item.index)?.result ?? "met" } : {})}
            options={RESULTS.map((value) => ({ value, label: t(`answer.${value}`) }))}
            onChange={(result) => set(item.index, { result })}
          />
          <Input
            aria-label={t("campaign.answer.note")}
            placeholder={t(answers.get(item.index)?.result === "gap" ? "campaign.answer.gap" : "campaign.answer.note")}
            value={answers.get(item.index)?.note ?? ""}
            disabled={!answers.has(item.index)}
            onChange={(event) => set(item.index, { note: event.target.value })}
          />
        </fieldset>
      ))}
    </Dialog>
  );
}
