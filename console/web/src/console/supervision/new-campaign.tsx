// Issues a campaign: units in one choice, items from the catalogues of controls or in own words.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { CatalogueView, UnitView } from "../../api/types";
import { localInput } from "../../lib/time";
import { Dialog, Field } from "../components/dialog";
import { Failure, SkeletonRows } from "../components/states";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useChoice, useText } from "../core/preferences";
import { useSession } from "../core/session";
import { later } from "./order-dialogs";

const TWO_WEEKS_MS = 14 * 86_400_000;

interface NewCampaignProps {
  onClose: () => void;
  onDone: (id: string) => void;
}

/** Asks for units and controls first, so that the form has its choices when it appears. */
export function NewCampaignDialog(props: NewCampaignProps) {
  const t = useText();
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  const controls = useQuery({ queryKey: ["compliance", ""], queryFn: () => calls.compliance.read("") });
  if (units.data && controls.data) {
    return <Form {...props} units={units.data.items} catalogues={controls.data.catalogues} />;
  }
  const failed = units.error ?? controls.error;
  return (
    <Dialog title={t("campaign.issue")} verb={t("campaign.issue.verb")} disabled onClose={props.onClose} onSubmit={props.onClose}>
      {failed ? <Failure error={failed} /> : <SkeletonRows rows={4} />}
    </Dialog>
  );
}

function useControlOptions(catalogues: readonly CatalogueView[]) {
  const choose = useChoice();
  return catalogues.flatMap((catalogue) =>
    catalogue.controls.map((control) => ({
      value: `${catalogue.name}/${control.id}`,
      label: `${control.id} ${control.title} · ${choose(catalogue.title_zh, catalogue.title_en)}`,
    })),
  );
}

function Form({ units, catalogues, onClose, onDone }: NewCampaignProps & { units: UnitView[]; catalogues: CatalogueView[] }) {
  const t = useText();
  const own = useSession().unit.code;
  const counties = units.filter((unit) => unit.tier === "county").map((unit) => unit.code);
  const [title, setTitle] = useState("");
  const [basis, setBasis] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [controls, setControls] = useState<string[]>([]);
  const [items, setItems] = useState("");
  const [due, setDue] = useState(() => later(TWO_WEEKS_MS));
  const own_items = items.split("\n").flatMap((line) => line.trim() || []);
  const ready = title.trim() !== "" && chosen.length > 0 && controls.length + own_items.length > 0 && due !== "";
  const send = useIssue(onClose, onDone);
  const submit = () =>
    send.mutate({ title: title.trim(), basis: basis.trim(), units: chosen, controls, items: own_items, due_at: new Date(due).toISOString() });
  return (
    <Dialog title={t("campaign.issue")} verb={t("campaign.issue.verb")} width={640} busy={send.isPending} disabled={!ready} onClose={onClose} onSubmit={submit}>
      <Field label={t("campaign.title")}>
        <Input autoFocus maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} data-testid="campaign-title" />
      </Field>
      <Field label={t("campaign.basis")}>
        <Input value={basis} placeholder={t("campaign.basis.hint")} onChange={(event) => setBasis(event.target.value)} />
      </Field>
      <Field label={t("dispatch.units")} hint={<Button size="small" type="link" onClick={() => setChosen(counties)} data-testid="all-counties">{t("campaign.all_counties", { n: counties.length })}</Button>}>
        <Select
          mode="multiple"
          maxTagCount={6}
          value={chosen}
          options={units.filter((unit) => unit.code !== own).map((unit) => ({ value: unit.code, label: unit.name }))}
          placeholder={t("dispatch.units.placeholder")}
          onChange={setChosen}
        />
      </Field>
      <Field label={t("campaign.controls")}>
        <Select
          mode="multiple"
          maxTagCount={4}
          value={controls}
          options={useControlOptions(catalogues)}
          placeholder={t("campaign.controls.hint")}
          onChange={setControls}
        />
      </Field>
      <Field label={t("campaign.own_items")} hint={t("campaign.own_items.hint")}>
        <Input.TextArea rows={3} value={items} onChange={(event) => setItems(event.target.value)} data-testid="campaign-items" />
      </Field>
      <Field label={t("campaign.due")}>
        <Input type="datetime-local" min={localInput(new Date())} value={due} onChange={(event) => setDue(event.target.value)} />
      </Field>
      <p className="quiet">{t("campaign.issue.effect", { n: chosen.length, items: controls.length + own_items.length })}</p>
    </Dialog>
  );
}

function useIssue(onClose: () => void, onDone: (id: string) => void) {
  const t = useText();
  const notices = useNotices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: calls.campaigns.create,
    onSuccess: ({ row }) => {
      notices.done(t("done.campaign_issued", { n: row.units }));
      void client.invalidateQueries({ queryKey: ["campaigns"] });
      onClose();
      onDone(row.id);
    },
    onError: notices.failed,
  });
}
