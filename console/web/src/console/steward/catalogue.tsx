// The catalogue of data assets: what there is, of which grade, who answers for it.

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { AssetBody, AssetRow, DataGradeWord } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { PageHead } from "../components/layout";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay, useSession } from "../core/session";
import { DataGrade } from "../pages/data";

const KINDS = ["database", "file", "interface", "stream"] as const;
/** Every grade, the lowest first. */
export const GRADES: readonly DataGradeWord[] = ["level1", "level2", "level3", "level4", "important", "core"];

/** The page. */
export function CataloguePage() {
  const t = useText();
  const may = useMay();
  const session = useSession();
  const [search, setSearch] = useSearchParams();
  const q = search.get("q") ?? "";
  const [editing, setEditing] = useState<{ id: string | null; asset: AssetBody } | null>(null);
  const query = useQuery({ queryKey: ["assets", q], queryFn: () => calls.assets.list({ q }), placeholderData: keepPreviousData });
  const columns = useColumns();
  const fresh: AssetBody = {
    name: "",
    kind: "database",
    location: "",
    custodian: "",
    grade: "level2",
    types: [],
    description: "",
    unit: session.unit.code,
    finding_id: null,
  };
  const edit = (id: string) => {
    const row = query.data?.items.find((item) => item.id === id);
    if (row && may("asset.write")) setEditing({ id, asset: row.asset });
  };
  return (
    <div className="page page-full">
      <PageHead title={t("nav.catalogue")} note={query.data && t("assets.total", { n: query.data.items.length })}>
        <Input.Search
          size="small"
          allowClear
          defaultValue={q}
          placeholder={t("assets.search")}
          aria-label={t("assets.search")}
          style={{ width: 220 }}
          onSearch={(text) => setSearch(text.trim() ? { q: text.trim() } : {}, { replace: true })}
        />
        {may("asset.write") && (
          <Button type="primary" size="small" onClick={() => setEditing({ id: null, asset: fresh })} data-testid="asset-new">
            {t("assets.new")}
          </Button>
        )}
      </PageHead>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("assets.empty")} hint={t("assets.empty.hint")} />
          ) : (
            <Table label={t("nav.catalogue")} testId="assets" columns={columns} rows={items} rowKey={(row) => row.id} onChoose={edit} />
          )
        }
      </Answer>
      {editing && <AssetDialog id={editing.id} asset={editing.asset} onClose={() => setEditing(null)} />}
    </div>
  );
}

function useColumns(): Column<AssetRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "grade", title: t("finding.grade"), width: 104, cell: (row) => <DataGrade grade={row.asset.grade} /> },
    { key: "name", title: t("assets.name"), cell: (row) => <Outside text={row.asset.name} /> },
    { key: "kind", title: t("finding.place.kind"), width: 88, cell: (row) => word("asset_kind", row.asset.kind) },
    { key: "location", title: t("assets.location"), cell: (row) => <span className="mono"><Outside text={row.asset.location} /></span> },
    { key: "types", title: t("finding.types"), cell: (row) => row.types_zh.join("、") },
    { key: "unit", title: t("column.unit"), width: 128, cell: (row) => row.unit.name },
    { key: "custodian", title: t("assets.custodian"), width: 112, cell: (row) => <Outside text={row.asset.custodian} /> },
    { key: "updated", title: t("assets.updated"), width: 132, cell: (row) => <Time at={row.updated_at} /> },
  ];
}

/** The form of an asset; used by the review queue as well. */
export function AssetDialog({ id, asset, onClose }: { id: string | null; asset: AssetBody; onClose: () => void }) {
  const t = useText();
  const word = useWord();
  const client = useQueryClient();
  const notices = useNotices();
  const [body, setBody] = useState(asset);
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  const set = (change: Partial<AssetBody>) => setBody({ ...body, ...change });
  const done = (text: string) => {
    void client.invalidateQueries({ queryKey: ["assets"] });
    notices.done(text);
    onClose();
  };
  const save = useMutation({
    mutationFn: () => (id === null ? calls.assets.create(body) : calls.assets.change(id, body)),
    onSuccess: () => done(t("assets.saved")),
    onError: notices.failed,
  });
  const retire = useMutation({
    mutationFn: () => calls.assets.retire(id ?? ""),
    onSuccess: () => done(t("assets.retired")),
    onError: notices.failed,
  });
  return (
    <Dialog
      title={id === null ? t("assets.new") : t("assets.change")}
      verb={t("save")}
      busy={save.isPending}
      disabled={!body.name.trim() || !body.location.trim() || !body.custodian.trim()}
      onClose={onClose}
      onSubmit={() => save.mutate()}
    >
      <Field label={t("assets.name")}>
        <Input autoFocus value={body.name} maxLength={200} onChange={(event) => set({ name: event.target.value })} data-testid="asset-name" />
      </Field>
      <div className="field-row">
        <Field label={t("finding.place.kind")}>
          <Select value={body.kind} onChange={(kind) => set({ kind })} options={KINDS.map((value) => ({ value, label: word("asset_kind", value) }))} />
        </Field>
        <Field label={t("finding.grade")}>
          <Select value={body.grade} onChange={(grade) => set({ grade })} options={GRADES.map((value) => ({ value, label: word("data_grade", value) }))} />
        </Field>
      </div>
      <Field label={t("assets.location")} hint={t("assets.location.hint")}>
        <Input value={body.location} maxLength={200} onChange={(event) => set({ location: event.target.value })} data-testid="asset-location" />
      </Field>
      <div className="field-row">
        <Field label={t("column.unit")}>
          <Select
            showSearch
            value={body.unit}
            onChange={(unit) => set({ unit })}
            options={(units.data?.items ?? []).map((unit) => ({ value: unit.code, label: `${unit.name} ${unit.code}` }))}
          />
        </Field>
        <Field label={t("assets.custodian")}>
          <Input value={body.custodian} maxLength={60} onChange={(event) => set({ custodian: event.target.value })} data-testid="asset-custodian" />
        </Field>
      </div>
      <Field label={t("assets.description")}>
        <Input.TextArea rows={2} value={body.description} onChange={(event) => set({ description: event.target.value })} />
      </Field>
      {id !== null && (
        <div>
          <Button danger size="small" loading={retire.isPending} onClick={() => retire.mutate()}>
            {t("assets.retire")}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
