// An activation of a plan: a check list that is worked through, and the dialog that begins one.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import { plans, type ActivationKind, type ActivationRow, type PlanRow, type ResponseLevel } from "../../api/readiness";
import { Dialog, Field } from "../components/dialog";
import { DetailHead, Part, Segments } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Select } from "../components/select";
import { Chip, Fact, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useMay } from "../core/session";
import { useActing } from "./acting";
import { byPhase } from "./steps";
import { useReadinessTexts } from "./text";

const KINDS: readonly ActivationKind[] = ["drill", "real"];
const LEVELS: readonly ResponseLevel[] = ["i", "ii", "iii", "iv"];

/** The check list. */
export function Activation({ row }: { row: ActivationRow }) {
  const r = useReadinessTexts();
  const [ending, setEnding] = useState(false);
  const { act, busy } = useActing("plans");
  const done = row.steps.filter((step) => step.done_at).length;
  return (
    <article data-testid="activation" data-ended={row.ended_at !== null}>
      <DetailHead
        title={row.title}
        marks={
          <>
            <Chip tone={row.kind === "real" ? "bad" : "plain"}>{r(`kind.${row.kind}`)}</Chip>
            <Chip tone="accent">{r("level.n", { level: r(`level.${row.level}`) })}</Chip>
            <span>{row.unit.name}</span>
            {row.ended_at && <Chip tone="good">{r("ended")}</Chip>}
          </>
        }
      />
      {row.may_work && (
        <div className="verbs">
          <Button onClick={() => setEnding(true)} data-testid="activation-end">
            {r("activation.end")}
          </Button>
        </div>
      )}
      <Part title={r("activation.about")}>
        <dl className="facts">
          <Fact label={r("reason")} wide>
            <Outside text={row.reason} />
          </Fact>
          <Fact label={r("started")}>
            <Outside text={row.started_by} /> <Time at={row.started_at} />
          </Fact>
          {row.ended_at && (
            <Fact label={r("ended")}>
              <Time at={row.ended_at} />
            </Fact>
          )}
          {row.incident_id && (
            <Fact label={r("incident")}>
              <Link href={`/incidents/${row.incident_id}`}>{r("incident.open")}</Link>
            </Fact>
          )}
          {row.summary && (
            <Fact label={r("summary")} wide>
              <span className="pre-line">
                <Outside text={row.summary} />
              </span>
            </Fact>
          )}
        </dl>
      </Part>
      <div className="plan-progress" role="progressbar" aria-label={r("done")} aria-valuemin={0} aria-valuemax={row.steps.length} aria-valuenow={done}>
        <span style={{ width: `${row.steps.length === 0 ? 0 : (done / row.steps.length) * 100}%` }} />
      </div>
      {byPhase(row.steps).map(({ phase, steps }, index) => (
        <Part key={index} title={phase}>
          <ul className="plan-checks">
            {steps.map((step) => (
              <li key={step.index}>
                <Checkbox
                  checked={step.done_at !== null}
                  disabled={!row.may_work || busy}
                  onChange={(event) => act(() => plans.tick(row.id, { step: step.index, done: event.target.checked }), r(event.target.checked ? "step.done" : "step.undone"))}
                  data-testid="activation-step"
                >
                  <Outside text={step.text} />
                </Checkbox>
                <span className="quiet">
                  {step.done_at ? (
                    <>
                      <Outside text={step.done_by} /> <Time at={step.done_at} />
                    </>
                  ) : (
                    <Outside text={step.who} />
                  )}
                </span>
              </li>
            ))}
          </ul>
        </Part>
      ))}
      {ending && (
        <ReasonDialog
          title={r("activation.end")}
          verb={r("activation.end")}
          label={r("summary")}
          hint={done < row.steps.length ? r("activation.open", { n: row.steps.length - done }) : ""}
          onClose={() => setEnding(false)}
          onSubmit={(text) => act(() => plans.end(row.id, text), r("activation.ended"))}
        />
      )}
    </article>
  );
}

/** Begins one. */
export function ActivateDialog({ plan, onClose, onDone }: { plan: PlanRow; onClose: () => void; onDone: (made: ActivationRow) => void }) {
  const r = useReadinessTexts();
  const may = useMay();
  const notices = useNotices();
  const client = useQueryClient();
  const [kind, setKind] = useState<ActivationKind>("drill");
  const [level, setLevel] = useState<ResponseLevel>("iii");
  const [reason, setReason] = useState("");
  const [incident, setIncident] = useState("");
  const open = useQuery({ queryKey: ["incidents", "for-plans"], queryFn: () => calls.incidents.list({ state: "open", limit: 100 }), enabled: may("incident.read") });
  const incidents = (open.data?.items ?? []).map((row) => ({ value: row.id, label: `${row.number} ${row.title}` }));
  const send = useMutation({
    mutationFn: () => plans.activate(plan.id, { kind, level, reason: reason.trim(), incident_id: incident || null }),
    onSuccess: (made) => {
      notices.done(r("activated"));
      void client.invalidateQueries({ queryKey: ["plans"] });
      onClose();
      onDone(made);
    },
    onError: notices.failed,
  });
  return (
    <Dialog title={r("activate")} verb={r(kind === "real" ? "activate.real" : "activate.drill")} danger={kind === "real"} busy={send.isPending} disabled={reason.trim() === ""} onClose={onClose} onSubmit={() => send.mutate()}>
      <div className="field">
        <span className="field-label">{r("kind")}</span>
        <Segments label={r("kind")} value={kind} options={KINDS.map((value) => ({ value, label: r(`kind.${value}`) }))} onChange={setKind} />
      </div>
      <div className="field">
        <span className="field-label">{r("level")}</span>
        <Segments label={r("level")} value={level} options={LEVELS.map((value) => ({ value, label: r(`level.${value}`) }))} onChange={setLevel} />
      </div>
      {incidents.length > 0 && (
        <Field label={r("incident")} hint={r("incident.hint")}>
          <Select showSearch value={incident} options={[{ value: "", label: r("incident.none") }, ...incidents]} onChange={setIncident} />
        </Field>
      )}
      <Field label={r("reason")}>
        <Input.TextArea autoFocus rows={3} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} data-testid="reason" />
      </Field>
      <p className="quiet">{r("activate.effect", { n: plan.steps.length })}</p>
    </Dialog>
  );
}
