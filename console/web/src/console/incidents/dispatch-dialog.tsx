// Dispatching response tasks: units are proposed from the assets, the deadline comes from the grade.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { IncidentDetail, Priority, UnitView } from "../../api/types";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Failure, SkeletonRows } from "../components/states";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, type TextKey } from "../core/preferences";

const STEP_KEYS: readonly TextKey[] = ["dispatch.step1", "dispatch.step2", "dispatch.step3"];

interface DispatchProps {
  incident: string;
  onClose: () => void;
  onDone: () => void;
}

/** Asks for incident and units first, so that the form is filled in when it appears. */
export function DispatchDialog(props: DispatchProps) {
  const t = useText();
  const incident = useQuery({ queryKey: ["incident", props.incident], queryFn: () => calls.incidents.read(props.incident) });
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  if (incident.data && units.data) return <Form {...props} detail={incident.data} units={units.data.items} />;
  const failed = incident.error ?? units.error;
  return (
    <Dialog title={t("dispatch.title")} verb={t("dispatch.submit")} disabled onClose={props.onClose} onSubmit={props.onClose}>
      {failed ? <Failure error={failed} /> : <SkeletonRows rows={4} />}
    </Dialog>
  );
}

/** Units by tier: counties first, since that is where machines stand. */
function unitOptions(units: readonly UnitView[]) {
  const names = new Map(units.map((unit) => [unit.code, unit.name]));
  return units
    .filter((unit) => unit.tier !== "province")
    .map((unit) => ({
      value: unit.code,
      label: unit.tier === "county" && unit.parent ? `${names.get(unit.parent) ?? ""} ${unit.name}` : unit.name,
    }));
}

function Form({ incident, detail, units, onClose, onDone }: DispatchProps & { detail: IncidentDetail; units: UnitView[] }) {
  const t = useText();
  const form = useDispatchForm(detail);
  const send = useSend(incident, form.body, () => {
    onClose();
    onDone();
  });
  return (
    <Dialog
      title={t("dispatch.title")}
      verb={t("dispatch.submit")}
      width={640}
      busy={send.isPending}
      disabled={form.units.length === 0 || form.title.trim() === ""}
      onClose={onClose}
      onSubmit={() => send.mutate()}
    >
      <Field label={t("dispatch.units")} hint={detail.suggested_units.length > 0 ? t("dispatch.units.hint") : undefined}>
        <Select
          mode="multiple"
          autoFocus
          data-testid="dispatch-units"
          value={form.units}
          options={unitOptions(units)}
          placeholder={t("dispatch.units.placeholder")}
          onChange={form.setUnits}
        />
      </Field>
      <Field label={t("task.title")}>
        <Input value={form.title} maxLength={200} onChange={(event) => form.setTitle(event.target.value)} />
      </Field>
      <Field label={t("task.instructions")}>
        <Input.TextArea rows={3} value={form.instructions} onChange={(event) => form.setInstructions(event.target.value)} />
      </Field>
      <Field label={t("task.steps")} hint={t("task.steps.hint")}>
        <Input.TextArea rows={3} value={form.steps} onChange={(event) => form.setSteps(event.target.value)} />
      </Field>
      <div className="field-row">
        <Field label={t("task.priority")}>
          <Select
            value={form.priority}
            onChange={form.setPriority}
            options={[
              { value: "normal", label: t("priority.normal") },
              { value: "urgent", label: t("priority.urgent") },
            ]}
          />
        </Field>
        <Field label={t("task.due")} hint={t("task.due.hint")}>
          <Input
            type="datetime-local"
            min={localInput(new Date())}
            value={form.due}
            onChange={(event) => form.setDue(event.target.value)}
          />
        </Field>
      </div>
      <p className="quiet">{t("dispatch.effect", { n: form.units.length })}</p>
    </Dialog>
  );
}

function useDispatchForm(detail: IncidentDetail) {
  const t = useText();
  const [units, setUnits] = useState(() => detail.suggested_units.map((unit) => unit.code));
  const [title, setTitle] = useState(() => t("dispatch.task_title", { title: detail.row.title }).slice(0, 200));
  const [instructions, setInstructions] = useState(() => instructionsFor(detail, t("dispatch.instructions")));
  const [steps, setSteps] = useState(() => STEP_KEYS.map((key) => t(key)).join("\n"));
  const [priority, setPriority] = useState<Priority>("normal");
  const [due, setDue] = useState("");
  const body = {
    units,
    title: title.trim(),
    instructions: instructions.trim(),
    steps: steps.split("\n").flatMap((line) => line.trim() || []),
    priority,
    ...(due ? { due_at: new Date(due).toISOString() } : {}),
  };
  return { units, setUnits, title, setTitle, instructions, setInstructions, steps, setSteps, priority, setPriority, due, setDue, body };
}

function instructionsFor(detail: IncidentDetail, opening: string): string {
  const names = detail.entities.filter((entity) => entity.role === "target").map((entity) => entity.asset ?? entity.value);
  return names.length > 0 ? `${opening}\n${[...new Set(names)].slice(0, 5).join("、")}` : opening;
}

function useSend(incident: string, body: Parameters<typeof calls.incidents.dispatch>[1], onDone: () => void) {
  const t = useText();
  const notices = useNotices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => calls.incidents.dispatch(incident, body),
    onSuccess: ({ tasks }) => {
      notices.done(t("done.dispatch", { n: tasks.length }));
      for (const key of ["incident", "tasks", "overview"]) void client.invalidateQueries({ queryKey: [key] });
      onDone();
    },
    onError: notices.failed,
  });
}
