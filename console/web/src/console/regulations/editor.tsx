// Publishes a policy, or another version of one: text, file, from when it holds, who has to sign until when.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { NewRegulationFile, RegulationCategory, RegulationDetail, RegulationKind, UnitView } from "../../api/types";
import { encodeBase64 } from "../../lib/bytes";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { FileField } from "../components/file-field";
import { Segments } from "../components/layout";
import { Failure, SkeletonRows } from "../components/states";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useSession } from "../core/session";
import { later } from "../supervision/order-dialogs";

const CATEGORIES: readonly RegulationCategory[] = ["governance", "emergency", "operations", "education", "supervision"];
const KINDS: readonly RegulationKind[] = ["regime", "rule", "procedure"];
const DAY_MS = 86_400_000;
/** Largest file and longest text that the server takes. */
const FILE_BYTES = 512 * 1024;
const TEXT_CHARACTERS = 60_000;

interface EditorProps {
  /** The policy that gets another version; none for a new one. */
  revised?: RegulationDetail;
  onClose: () => void;
  onDone: (id: string) => void;
}

/** Asks for the units first, so that the form has its choices when it appears. */
export function RegulationEditor(props: EditorProps) {
  const t = useText();
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  if (units.data) return <Form {...props} units={units.data.items} />;
  return (
    <Dialog title={t("regulations.publish")} verb={t("regulations.publish.verb")} disabled onClose={props.onClose} onSubmit={props.onClose}>
      {units.error ? <Failure error={units.error} /> : <SkeletonRows rows={4} />}
    </Dialog>
  );
}

function useDraft(revised: RegulationDetail | undefined) {
  const [draft, setDraft] = useState(() => ({
    category: revised?.row.category ?? "governance",
    kind: revised?.row.kind ?? "regime",
    title: revised?.row.title ?? "",
    text: revised?.text.text ?? "",
    changes: "",
    effective: later(7 * DAY_MS),
    signBy: later(14 * DAY_MS),
    units: revised?.units.map((unit) => unit.unit.code) ?? [],
    file: null as File | null,
  }));
  const set = (part: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...part }));
  return { draft, set };
}

type Draft = ReturnType<typeof useDraft>["draft"];

function Form({ revised, units, onClose, onDone }: EditorProps & { units: UnitView[] }) {
  const t = useText();
  const { draft, set } = useDraft(revised);
  const publish = usePublish(revised, onClose, onDone);
  const tooLarge = (draft.file?.size ?? 0) > FILE_BYTES;
  const ready = [draft.title, draft.text, draft.effective, draft.signBy].every((text) => text.trim() !== "") && draft.units.length > 0 && !tooLarge;
  return (
    <Dialog
      title={revised ? t("regulations.revise.title", { n: revised.row.version + 1 }) : t("regulations.publish")}
      verb={t("regulations.publish.verb")}
      width={760}
      busy={publish.isPending}
      disabled={!ready}
      onClose={onClose}
      onSubmit={() => publish.mutate(draft)}
    >
      {!revised && <Sort draft={draft} set={set} />}
      <Field label={t("campaign.title")}>
        <Input autoFocus={!revised} maxLength={200} value={draft.title} onChange={(event) => set({ title: event.target.value })} data-testid="regulation-title" />
      </Field>
      <Field label={t("regulations.text")} hint={t("regulations.text.hint")}>
        <Input.TextArea rows={10} maxLength={TEXT_CHARACTERS} value={draft.text} onChange={(event) => set({ text: event.target.value })} data-testid="regulation-draft" />
      </Field>
      {revised && (
        <Field label={t("regulations.changes")}>
          <Input.TextArea rows={2} maxLength={2000} value={draft.changes} onChange={(event) => set({ changes: event.target.value })} />
        </Field>
      )}
      <FileField
        label={t("regulations.file")}
        hint={tooLarge ? t("regulations.file.too_large") : t("regulations.file.hint")}
        accept=".pdf,.txt,.md,.png,.jpg,.jpeg"
        file={draft.file}
        onChange={(file) => set({ file })}
      />
      <div className="field-pair">
        <Field label={t("regulations.effective")}>
          <Input type="datetime-local" value={draft.effective} onChange={(event) => set({ effective: event.target.value })} />
        </Field>
        <Field label={t("regulations.sign_by")}>
          <Input type="datetime-local" min={localInput(new Date())} value={draft.signBy} onChange={(event) => set({ signBy: event.target.value })} />
        </Field>
      </div>
      <Signers units={units} chosen={draft.units} onChange={(chosen) => set({ units: chosen })} />
      <p className="quiet">{t(revised ? "regulations.revise.effect" : "regulations.publish.effect", { n: draft.units.length })}</p>
    </Dialog>
  );
}

function Sort({ draft, set }: { draft: Draft; set: (part: Partial<Draft>) => void }) {
  const t = useText();
  const word = useWord();
  const options = <T extends string>(set_: string, values: readonly T[]) => values.map((value) => ({ value, label: word(set_, value) }));
  return (
    <div className="field-pair">
      <div className="field">
        <span className="field-label">{t("regulations.category")}</span>
        <Segments label={t("regulations.category")} value={draft.category} options={options("regulation_category", CATEGORIES)} onChange={(category) => set({ category })} />
      </div>
      <div className="field">
        <span className="field-label">{t("regulations.kind")}</span>
        <Segments label={t("regulations.kind")} value={draft.kind} options={options("regulation_kind", KINDS)} onChange={(kind) => set({ kind })} />
      </div>
    </div>
  );
}

/** The units that sign: all below at one press, or one by one. */
function Signers({ units, chosen, onChange }: { units: UnitView[]; chosen: string[]; onChange: (chosen: string[]) => void }) {
  const t = useText();
  const own = useSession().unit.code;
  const others = units.filter((unit) => unit.code !== own);
  const all = others.filter((unit) => unit.tier !== "province" && unit.code.length === 6).map((unit) => unit.code);
  return (
    <Field
      label={t("regulations.units")}
      hint={
        all.length > 1 && (
          <Button size="small" type="link" onClick={() => onChange(all)} data-testid="all-signers">
            {t("regulations.all_units", { n: all.length })}
          </Button>
        )
      }
    >
      <Select
        mode="multiple"
        maxTagCount={6}
        data-testid="regulation-signers"
        value={chosen}
        options={others.map((unit) => ({ value: unit.code, label: unit.name }))}
        placeholder={t("dispatch.units.placeholder")}
        onChange={onChange}
      />
    </Field>
  );
}

async function encoded(file: File | null): Promise<NewRegulationFile | null> {
  return file && { name: file.name, content_base64: encodeBase64(new Uint8Array(await file.arrayBuffer())) };
}

function usePublish(revised: RegulationDetail | undefined, onClose: () => void, onDone: (id: string) => void) {
  const t = useText();
  const notices = useNotices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (draft: Draft) => {
      const content = {
        title: draft.title.trim(),
        text: draft.text.trim(),
        changes: draft.changes.trim(),
        effective_at: new Date(draft.effective).toISOString(),
        sign_by: new Date(draft.signBy).toISOString(),
        units: draft.units,
        file: await encoded(draft.file),
      };
      if (revised) return calls.regulations.revise(revised.row.id, content);
      return calls.regulations.create({ category: draft.category, kind: draft.kind, content });
    },
    onSuccess: ({ row }) => {
      notices.done(t("regulations.published", { n: row.coverage.due }));
      void client.invalidateQueries({ queryKey: ["regulations"] });
      onClose();
      onDone(row.id);
    },
    onError: notices.failed,
  });
}
