// What to do about an alert, step by step; a tick is kept with the alert.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { AlertDetail, PlaybookStep } from "../../api/types";
import { Part } from "../components/layout";
import { Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useChoice, useText } from "../core/preferences";
import { useMay } from "../core/session";

/** The playbook of an alert. */
export function PlaybookPart({ detail }: { detail: AlertDetail }) {
  const t = useText();
  const choose = useChoice();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const id = detail.row.id;
  const tick = useMutation({
    mutationFn: (step: PlaybookStep) => calls.alerts.tick(id, { step: step.id, done: !step.done_by }),
    onSuccess: (next) => client.setQueryData(["alert", id], next),
    onError: notices.failed,
  });
  const { playbook } = detail;
  if (!playbook) return null;
  const done = playbook.steps.filter((step) => step.done_by).length;
  return (
    <Part
      title={`${t("playbook")} · ${choose(playbook.title_zh, playbook.title_en)}`}
      extra={<span className="quiet">{t("playbook.done", { n: done, of: playbook.steps.length })}</span>}
    >
      <ol className="playbook" data-testid="playbook">
        {playbook.steps.map((step) => (
          <li key={step.id}>
            <label>
              <input
                type="checkbox"
                checked={Boolean(step.done_by)}
                disabled={!may("alert.act") || tick.isPending}
                onChange={() => tick.mutate(step)}
              />
              <span>{choose(step.text_zh, step.text_en)}</span>
            </label>
            {step.done_by && (
              <span className="quiet">
                {step.done_by} <Time at={step.done_at} />
              </span>
            )}
          </li>
        ))}
      </ol>
    </Part>
  );
}
