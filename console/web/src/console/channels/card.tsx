// One channel: what it is, how it goes, what goes by it.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { Link } from "wouter";
import { channels, type ChannelRow, type ChannelTested, type SubscriptionRow } from "../../api/channels";
import { Dialog, Field } from "../components/dialog";
import { Chip, Outside } from "../components/values";
import { useNotices } from "../core/notices";
import { useActing } from "../readiness/acting";
import { RuleDialog } from "./rule-dialog";
import { sendsToPhones, useChannelTexts } from "./text";

interface CardProps {
  row: ChannelRow;
  onEdit: () => void;
}

/** The channel. */
export function ChannelCard({ row, onEdit }: CardProps) {
  const c = useChannelTexts();
  const [open, setOpen] = useState<"test" | "rule" | null>(null);
  const { quiet_from = "", quiet_to = "" } = row.options;
  return (
    <section className="card channel" data-testid="channel" data-id={row.id}>
      <header className="channel-head">
        <h2>
          <Outside text={row.name} />
        </h2>
        <Chip>{c(`kind.${row.kind}`)}</Chip>
        {!row.enabled && <Chip tone="warn">{c("disabled")}</Chip>}
        {row.plain && <Chip tone="warn">{c("plain")}</Chip>}
        {quiet_from && <Chip>{c("quiet.shown", { from: quiet_from, to: quiet_to })}</Chip>}
        <span className="channel-host mono quiet">{row.host}</span>
        <span className="channel-unit quiet">{row.unit.name}</span>
        {row.may_change && (
          <span className="channel-verbs">
            <Button size="small" onClick={() => setOpen("test")} data-testid="channel-test">
              {c("test")}
            </Button>
            <Button size="small" onClick={onEdit} data-testid="channel-edit">
              {c("edit")}
            </Button>
          </span>
        )}
      </header>
      {!row.host_allowed && (
        <p className="channel-fault" role="note">
          {c("host.refused")}
          <Link href="/settings">{c("host.settings")}</Link>
        </p>
      )}
      <Counts row={row} />
      <div className="channel-rules-head">
        <h3>{c("rules")}</h3>
        {row.may_change && (
          <Button size="small" onClick={() => setOpen("rule")} data-testid="rule-new">
            {c("rule.new")}
          </Button>
        )}
      </div>
      {row.subscriptions.length === 0 ? <p className="quiet">{c("rules.empty")}</p> : <Rules row={row} />}
      {open === "test" && <TestDialog row={row} onClose={() => setOpen(null)} />}
      {open === "rule" && <RuleDialog row={row} onClose={() => setOpen(null)} />}
    </section>
  );
}

/** Numbers that lead to the messages behind them. */
function Counts({ row }: { row: ChannelRow }) {
  const c = useChannelTexts();
  const counts = [
    ["waiting", row.waiting],
    ["sent", row.sent],
    ["failed", row.failed],
  ] as const;
  return (
    <div className="channel-counts">
      {counts.map(([name, number]) => (
        <Link key={name} href={`/channels?tab=log&channel=${row.id}&state=${name}`} className={name === "failed" && number > 0 ? "channel-count bad" : "channel-count"}>
          <b>{number.toLocaleString("en-US")}</b>
          {c(name)}
        </Link>
      ))}
    </div>
  );
}

function Rules({ row }: { row: ChannelRow }) {
  const c = useChannelTexts();
  const { act, busy } = useActing("channels");
  const whom = (rule: SubscriptionRow) =>
    rule.targets.length === 0 ? c("targets.none") : rule.targets.map((target) => c(`target.${target}`)).join("、");
  return (
    <ul className="channel-rules" data-testid="rules">
      {row.subscriptions.map((rule) => (
        <li key={rule.id}>
          <span className="channel-rule-event">{c(`event.${rule.event}`)}</span>
          <span className="channel-rule-marks">
            {rule.minutes > 0 && <Chip>{c("minutes.shown", { n: rule.minutes })}</Chip>}
            {rule.urgent && <Chip tone="warn">{c("urgent.short")}</Chip>}
          </span>
          <span>{rule.unit.name}</span>
          <span>{whom(rule)}</span>
          {row.may_change && (
            <Button
              size="small"
              type="text"
              disabled={busy}
              aria-label={`${c("rule.remove")} ${c(`event.${rule.event}`)}`}
              onClick={() => act(() => channels.unsubscribe(rule.id), c("rule.removed"))}
            >
              {c("rule.remove")}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function TestDialog({ row, onClose }: { row: ChannelRow; onClose: () => void }) {
  const c = useChannelTexts();
  const [phone, setPhone] = useState("");
  const client = useQueryClient();
  const notices = useNotices();
  // How it went stands in the dialog: a notice beside it would call a test that failed done.
  const test = useMutation({
    mutationFn: () => channels.test(row.id, phone.trim()),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["channels"] }),
    onError: notices.failed,
  });
  const asks = sendsToPhones(row);
  return (
    <Dialog title={c("test")} verb={c("test.verb")} busy={test.isPending} disabled={asks && phone.trim() === ""} onClose={onClose} onSubmit={() => test.mutate()}>
      <p className="quiet">{c("test.hint", { name: row.name })}</p>
      {asks && (
        <Field label={c("test.phone")}>
          <Input autoFocus inputMode="tel" maxLength={20} value={phone} onChange={(event) => setPhone(event.target.value)} data-testid="test-phone" />
        </Field>
      )}
      {test.data && <Outcome tested={test.data} />}
    </Dialog>
  );
}

/** How a test went, with the other side's words. */
function Outcome({ tested }: { tested: ChannelTested }) {
  const c = useChannelTexts();
  const fault = tested.fault ? c(`fault.${tested.fault}`) : "";
  return (
    <div className={tested.sent ? "channel-outcome good" : "channel-outcome bad"} role="status" data-testid="test-outcome">
      <p>{tested.sent ? c("test.sent", { millis: tested.millis }) : c("test.failed", { fault })}</p>
      {tested.detail && (
        <p className="quiet">
          {c("detail")}：<code><Outside text={tested.detail} /></code>
        </p>
      )}
    </div>
  );
}
