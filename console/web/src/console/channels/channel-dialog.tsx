// A channel as an administrator writes it. What is secret is typed and never shown again.

import { Button, Checkbox, Input } from "antd";
import { useState, type ReactNode } from "react";
import { channels, type ChannelContent, type ChannelKind, type ChannelOptions, type ChannelRow } from "../../api/channels";
import { Dialog, Field } from "../components/dialog";
import { Segments } from "../components/layout";
import { Select } from "../components/select";
import { useActing } from "../readiness/acting";
import { ADDRESSES, KINDS, PLACES, TEMPLATE, useChannelTexts } from "./text";

const CONTENTS: readonly ChannelContent[] = ["json", "form", "text"];
const NOTHING: ChannelOptions = {
  content: "json", template: TEMPLATE, header_name: "", expects: "", username: "", sender: "", recipients: [], quiet_from: "", quiet_to: "", per_minute: 20,
};

interface Draft {
  name: string;
  kind: ChannelKind;
  url: string;
  secret: string;
  header: string;
  enabled: boolean;
  recipients: string;
  perMinute: string;
  options: ChannelOptions;
}

const draftOf = (row: ChannelRow | null): Draft => ({
  name: row?.name ?? "",
  kind: row?.kind ?? "dingtalk",
  url: "",
  secret: "",
  header: "",
  enabled: row?.enabled ?? true,
  recipients: (row?.options.recipients ?? []).join("\n"),
  perMinute: String(row?.options.per_minute ?? 20),
  options: { ...NOTHING, ...row?.options },
});

/** What is left empty stays as it is kept. */
const kept = (text: string): string | null => (text.trim() === "" ? null : text.trim());

function bodyOf(draft: Draft) {
  const recipients = draft.kind === "mail" ? draft.recipients.split(/[\s,;，；]+/).filter((text) => text !== "") : [];
  const options = { ...draft.options, recipients, per_minute: Number(draft.perMinute) };
  return { name: draft.name.trim(), kind: draft.kind, url: kept(draft.url), secret: kept(draft.secret), header_value: kept(draft.header), enabled: draft.enabled, options };
}

interface DialogProps {
  row: ChannelRow | null;
  onClose: () => void;
}

/** The dialog. */
export function ChannelDialog({ row, onClose }: DialogProps) {
  const c = useChannelTexts();
  const { act, busy } = useActing("channels", onClose);
  const [draft, setDraft] = useState(() => draftOf(row));
  const [retiring, setRetiring] = useState(false);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const option = (change: Partial<ChannelOptions>) => set({ options: { ...draft.options, ...change } });
  const submit = () => act(() => (row ? channels.revise(row.id, bodyOf(draft)) : channels.create(bodyOf(draft))), c("saved"));
  if (retiring && row) return <RetireDialog row={row} onClose={() => setRetiring(false)} onDone={onClose} />;
  const pace = Number(draft.perMinute);
  const ready = draft.name.trim() !== "" && (row !== null || draft.url.trim() !== "") && Number.isInteger(pace) && pace >= 1 && pace <= 600;
  return (
    <Dialog title={c(row ? "edit" : "new")} verb={c("save")} width={640} busy={busy} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <div className="field-row">
        <Field label={c("name")} hint={c("name.hint")}>
          <Input autoFocus maxLength={200} value={draft.name} onChange={(event) => set({ name: event.target.value })} data-testid="channel-name" />
        </Field>
        <Field label={c("kind")} hint={c(`kind.hint.${draft.kind}`)}>
          <Select disabled={row !== null} value={draft.kind} options={KINDS.map((value) => ({ value, label: c(`kind.${value}`) }))} onChange={(kind) => set({ kind })} data-testid="channel-kind" />
        </Field>
      </div>
      <Field label={c("url")} hint={row ? c("url.kept", { host: row.host }) : draft.kind === "mail" ? c("url.hint.mail") : undefined}>
        <Input className="mono" autoComplete="off" maxLength={2000} placeholder={ADDRESSES[draft.kind]} value={draft.url} onChange={(event) => set({ url: event.target.value })} data-testid="channel-url" />
      </Field>
      {draft.kind === "http" && <Gateway draft={draft} set={set} option={option} kept={row?.has_header ?? false} />}
      {draft.kind === "mail" && <Mail draft={draft} set={set} option={option} />}
      {draft.kind !== "wecom" && (
        <Field label={c(draft.kind === "mail" ? "secret.mail" : draft.kind === "http" ? "secret.http" : "secret")} hint={c(draft.kind === "http" ? "secret.http.hint" : "secret.hint")}>
          <Secret value={draft.secret} kept={row?.has_secret ?? false} onChange={(secret) => set({ secret })} testId="channel-secret" />
        </Field>
      )}
      <Pace draft={draft} set={set} option={option} />
      <div className="channel-last">
        <Checkbox checked={draft.enabled} onChange={({ target }) => set({ enabled: target.checked })}>
          {c("enabled")}
        </Checkbox>
        {row && (
          <Button size="small" type="link" danger onClick={() => setRetiring(true)} data-testid="channel-retire">
            {c("retire")}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

interface PartProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  option: (change: Partial<ChannelOptions>) => void;
}

function Secret({ value, kept, onChange, testId }: { value: string; kept: boolean; onChange: (text: string) => void; testId: string }) {
  const c = useChannelTexts();
  return (
    <Input
      type="password"
      autoComplete="new-password"
      maxLength={2000}
      placeholder={kept ? c("secret.kept") : ""}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      data-testid={testId}
    />
  );
}

function Gateway({ draft, set, option, kept }: PartProps & { kept: boolean }): ReactNode {
  const c = useChannelTexts();
  return (
    <>
      <div className="field">
        <span className="field-label">{c("content")}</span>
        <Segments label={c("content")} value={draft.options.content ?? "json"} options={CONTENTS.map((value) => ({ value, label: c(`content.${value}`) }))} onChange={(content) => option({ content })} />
      </div>
      <Field label={c("template")} hint={c("template.hint", { places: PLACES })}>
        <Input.TextArea className="mono" rows={3} value={draft.options.template} onChange={(event) => option({ template: event.target.value })} data-testid="channel-template" />
      </Field>
      <div className="field-row">
        <Field label={c("header_name")}>
          <Input className="mono" maxLength={60} placeholder="Authorization" value={draft.options.header_name} onChange={(event) => option({ header_name: event.target.value })} />
        </Field>
        <Field label={c("header_value")}>
          <Secret value={draft.header} kept={kept} onChange={(header) => set({ header })} testId="channel-header" />
        </Field>
      </div>
      <Field label={c("expects")} hint={c("expects.hint")}>
        <Input className="mono" maxLength={200} value={draft.options.expects} onChange={(event) => option({ expects: event.target.value })} />
      </Field>
    </>
  );
}

function Mail({ draft, set, option }: PartProps): ReactNode {
  const c = useChannelTexts();
  return (
    <>
      <div className="field-row">
        <Field label={c("sender")}>
          <Input type="email" maxLength={200} value={draft.options.sender} onChange={(event) => option({ sender: event.target.value })} data-testid="channel-sender" />
        </Field>
        <Field label={c("username")}>
          <Input autoComplete="off" maxLength={200} value={draft.options.username} onChange={(event) => option({ username: event.target.value })} />
        </Field>
      </div>
      <Field label={c("recipients")} hint={c("recipients.hint")}>
        <Input.TextArea rows={3} value={draft.recipients} onChange={(event) => set({ recipients: event.target.value })} data-testid="channel-recipients" />
      </Field>
    </>
  );
}

function Pace({ draft, set, option }: PartProps): ReactNode {
  const c = useChannelTexts();
  const { quiet_from, quiet_to } = draft.options;
  return (
    <div className="field-row">
      <div className="field" role="group" aria-label={c("quiet")}>
        <span className="field-label">{c("quiet")}</span>
        <span className="channel-quiet">
          <Input maxLength={5} placeholder="22:00" aria-label={c("quiet")} value={quiet_from} onChange={(event) => option({ quiet_from: event.target.value })} />
          {c("quiet.to")}
          <Input maxLength={5} placeholder="07:00" aria-label={c("quiet.to")} value={quiet_to} onChange={(event) => option({ quiet_to: event.target.value })} />
        </span>
        <small>{c("quiet.hint")}</small>
      </div>
      <Field label={c("per_minute")}>
        <Input inputMode="numeric" suffix={c("per_minute.unit")} value={draft.perMinute} onChange={(event) => set({ perMinute: event.target.value })} />
      </Field>
    </div>
  );
}

function RetireDialog({ row, onClose, onDone }: { row: ChannelRow; onClose: () => void; onDone: () => void }) {
  const c = useChannelTexts();
  const { act, busy } = useActing("channels", onDone);
  return (
    <Dialog title={c("retire")} verb={c("retire")} danger busy={busy} onClose={onClose} onSubmit={() => act(() => channels.retire(row.id), c("retired"))}>
      <p>{c("retire.hint", { name: row.name, n: row.subscriptions.length })}</p>
    </Dialog>
  );
}
