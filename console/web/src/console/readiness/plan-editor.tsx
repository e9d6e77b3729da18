// Writes a plan: from a template, or anew; a line for each step.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import { plans, type PlanRow, type PlanTemplate } from "../../api/readiness";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { lacking, stepsOf, textOf } from "./steps";
import { useReadinessTexts } from "./text";

interface PlanEditorProps {
  plan?: PlanRow;
  templates: readonly PlanTemplate[];
  onClose: () => void;
  onDone: (plan: PlanRow) => void;
}

/** The dialog. */
export function PlanEditor({ plan, templates, onClose, onDone }: PlanEditorProps) {
  const r = useReadinessTexts();
  const notices = useNotices();
  const client = useQueryClient();
  const [title, setTitle] = useState(plan?.title ?? "");
  const [scenario, setScenario] = useState(plan?.scenario ?? "");
  const [text, setText] = useState(plan ? textOf(plan.steps) : "");
  const [template, setTemplate] = useState<number>();
  const steps = stepsOf(text);
  const fault = lacking(steps);
  const take = (index: number) => {
    const from = templates[index];
    if (!from) return;
    setTemplate(index);
    setTitle(from.title);
    setScenario(from.scenario);
    setText(textOf(from.steps));
  };
  const send = useMutation({
    mutationFn: () => {
      const body = { title: title.trim(), scenario: scenario.trim(), steps };
      return plan ? plans.revise(plan.id, body) : plans.create(body);
    },
    onSuccess: (made) => {
      notices.done(r("plan.saved"));
      void client.invalidateQueries({ queryKey: ["plans"] });
      onClose();
      onDone(made);
    },
    onError: notices.failed,
  });
  const ready = title.trim() !== "" && scenario.trim() !== "" && steps.length > 0 && fault === 0;
  return (
    <Dialog title={plan ? r("revise") : r("plan.new")} verb={r("plan.save")} width={720} busy={send.isPending} disabled={!ready} onClose={onClose} onSubmit={() => send.mutate()}>
      {templates.length > 0 && (
        <Field label={r("template")} hint={r("template.hint")}>
          <Select {...(template === undefined ? {} : { value: template })} placeholder={r("template.none")} options={templates.map((one, index) => ({ value: index, label: one.title }))} onChange={take} data-testid="plan-template" />
        </Field>
      )}
      <Field label={r("plan.title")}>
        <Input autoFocus maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} data-testid="plan-title" />
      </Field>
      <Field label={r("plan.scenario")}>
        <Input maxLength={200} value={scenario} onChange={(event) => setScenario(event.target.value)} />
      </Field>
      <Field label={r("plan.steps")} hint={fault > 0 ? <span className="readiness-fault">{r("steps.fault", { n: fault })}</span> : r("steps.hint", { n: steps.length })}>
        <Input.TextArea rows={10} value={text} onChange={(event) => setText(event.target.value)} data-testid="plan-steps" />
      </Field>
    </Dialog>
  );
}
