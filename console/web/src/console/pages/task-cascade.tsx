// A task between the tiers: its parts below, urging, dividing, handing on.

import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import type { TaskDetail } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Part } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Countdown, Outside } from "../components/values";
import { Select } from "../components/select";
import { useText } from "../core/preferences";
import { TaskStateChip } from "./tasks";

const DONE = ["verified", "closed", "cancelled"];

/** The task above and the parts below, with how far they are. */
export function CascadePart({ detail }: { detail: TaskDetail }) {
  const t = useText();
  const { parent, children } = detail;
  if (!parent && children.length === 0) return null;
  const done = children.filter((child) => DONE.includes(child.state)).length;
  return (
    <Part title={children.length > 0 ? t("cascade.children", { done, n: children.length }) : t("cascade.parent")}>
      {parent && (
        <p>
          <span className="quiet">{`${t("cascade.parent")}：`}</span>
          <Link href={`/tasks/${parent.id}?state=all`}>{`${parent.number} ${parent.unit.name}`}</Link>
        </p>
      )}
      <ul className="lines" data-testid="task-children">
        {children.map((child) => (
          <li key={child.id}>
            <span className="mono">{child.number}</span>
            <Link href={`/tasks/${child.id}?state=all`} className="line-title">
              {child.unit.name}
            </Link>
            <TaskStateChip row={child} />
            <Countdown dueAt={child.due_at} done={Boolean(child.submitted_at)} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

interface VerbsProps {
  detail: TaskDetail;
  change: (act: () => Promise<TaskDetail>) => void;
}

/** The verbs of whoever oversees the task. */
export function CascadeVerbs({ detail, change }: VerbsProps) {
  const t = useText();
  const [dialog, setDialog] = useState<"urge" | "divide" | "forward" | null>(null);
  const { id, unit } = detail.row;
  const may = (verb: string) => detail.allowed.includes(verb);
  const close = () => setDialog(null);
  return (
    <>
      {may("divide") && (
        <Button type="primary" onClick={() => setDialog("divide")} data-testid="task-divide">
          {t("cascade.divide")}
        </Button>
      )}
      {may("forward") && <Button onClick={() => setDialog("forward")}>{t("cascade.forward")}</Button>}
      {may("urge") && (
        <Button onClick={() => setDialog("urge")} data-testid="task-urge">
          {detail.urged_times > 0 ? t("cascade.urge.again", { n: detail.urged_times }) : t("cascade.urge")}
        </Button>
      )}
      {dialog === "urge" && (
        <ReasonDialog
          title={t("cascade.urge")}
          verb={t("cascade.urge")}
          label={t("cascade.urge.text")}
          hint={t("cascade.urge.hint", { unit: unit.name })}
          onClose={close}
          onSubmit={(text) => change(() => calls.tasks.urge(id, text))}
        />
      )}
      {dialog === "divide" && <UnitsDialog detail={detail} many onClose={close} change={change} />}
      {dialog === "forward" && <UnitsDialog detail={detail} many={false} onClose={close} change={change} />}
    </>
  );
}

function UnitsDialog({ detail, many, onClose, change }: VerbsProps & { many: boolean; onClose: () => void }) {
  const t = useText();
  const { id, unit } = detail.row;
  const [codes, setCodes] = useState<string[]>([]);
  const [words, setWords] = useState("");
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  const own = units.data?.items.find((item) => item.code === unit.code);
  const below = (units.data?.items ?? []).filter((item) => own && item.path.startsWith(own.path) && item.code !== own.code);
  const send = () => {
    const [first] = codes;
    if (many) change(() => calls.tasks.divide(id, { units: codes, instructions: words.trim() }));
    else if (first) change(() => calls.tasks.forward(id, { unit: first, reason: words.trim() }));
    onClose();
  };
  const common = { autoFocus: true, "data-testid": "cascade-units", options: below.map((item) => ({ value: item.code, label: item.name })) };
  const title = many ? t("cascade.divide") : t("cascade.forward");
  return (
    <Dialog
      title={title}
      verb={title}
      disabled={codes.length === 0 || (!many && !words.trim())}
      onClose={onClose}
      onSubmit={send}
    >
      <p className="quiet">
        {many ? t("cascade.divide.hint") : t("cascade.forward.hint")} <Outside text={detail.row.title} />
      </p>
      <Field label={t("dispatch.units")}>
        {many ? (
          <Select mode="multiple" value={codes} onChange={setCodes} {...common} />
        ) : (
          <Select showSearch {...(codes[0] === undefined ? {} : { value: codes[0] })} onChange={(code) => setCodes([code])} {...common} />
        )}
      </Field>
      <Field label={many ? t("cascade.instructions") : t("reason")}>
        <Input.TextArea rows={3} value={words} maxLength={2000} onChange={(event) => setWords(event.target.value)} />
      </Field>
    </Dialog>
  );
}
