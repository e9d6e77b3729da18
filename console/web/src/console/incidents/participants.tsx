// Units that take part in a joint case, and the dialog that asks one to.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { IncidentDetail } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Card, Segments } from "../components/layout";
import { Select } from "../components/select";
import { Chip, Time } from "../components/values";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";

interface ParticipantsProps {
  detail: IncidentDetail;
  change: (act: () => Promise<IncidentDetail>) => void;
}

/** The card; nothing for a reader of an incident that is no joint one. */
export function Participants({ detail, change }: ParticipantsProps) {
  const t = useText();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const { participants, row } = detail;
  const manages = may("incident.write") && row.state === "open";
  if (participants.length === 0 && !manages) return null;
  const add = manages && (
    <Button size="small" onClick={() => setAsking(true)} data-testid="participant-add">
      {t("participants.add")}
    </Button>
  );
  return (
    <Card title={t("participants")} extra={add}>
      {participants.length === 0 ? (
        <p className="quiet">{t("participants.none")}</p>
      ) : (
        <ul className="lines" data-testid="participants">
          {participants.map(({ unit, role, added_at }) => (
            <li key={unit.code}>
              <span className="line-title">
                {unit.name} <Chip tone={role === "lead" ? "accent" : "plain"}>{t(`participants.${role}`)}</Chip>
              </span>
              <Time at={added_at} />
              {manages && (
                <button type="button" className="link" onClick={() => change(() => calls.incidents.removeParticipant(row.id, unit.code))}>
                  {t("participants.remove")}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {asking && <AskDialog detail={detail} change={change} onClose={() => setAsking(false)} />}
    </Card>
  );
}

function AskDialog({ detail, change, onClose }: ParticipantsProps & { onClose: () => void }) {
  const t = useText();
  const [unit, setUnit] = useState<string>();
  const [role, setRole] = useState<"lead" | "assist">("assist");
  const units = useQuery({ queryKey: ["units", "all"], queryFn: calls.allUnits, staleTime: Infinity });
  const options = (units.data?.items ?? []).filter(({ code }) => code !== detail.row.unit.code).map(({ code, name }) => ({ value: code, label: name }));
  const submit = () => {
    if (unit) change(() => calls.incidents.participant(detail.row.id, unit, role));
    onClose();
  };
  return (
    <Dialog title={t("participants.add")} verb={t("participants.ask")} disabled={!unit} onClose={onClose} onSubmit={submit}>
      <Field label={t("column.unit")} hint={t("participants.hint")}>
        <Select showSearch autoFocus {...(unit === undefined ? {} : { value: unit })} placeholder={t("dispatch.units.placeholder")} options={options} onChange={setUnit} data-testid="participant-unit" />
      </Field>
      <div className="field">
        <span className="field-label">{t("participants.role")}</span>
        <Segments label={t("participants.role")} value={role} options={(["assist", "lead"] as const).map((value) => ({ value, label: t(`participants.${value}`) }))} onChange={setRole} />
      </div>
    </Dialog>
  );
}
