// Every change of a setting, newest first, with its way back.

import { useState } from "react";
import * as calls from "../../api/calls";
import type { SettingVersion, SettingsView } from "../../api/types";
import { ReasonDialog } from "../components/reason-dialog";
import { Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { useSettingChange } from "./change";
import { useSettingTexts } from "./text";

const TONES: Record<string, "good" | "warn" | "bad"> = { in_force: "good", proposed: "warn", refused: "bad" };

/** The table. */
export function VersionsTable({ view }: { view: SettingsView }) {
  const { s } = useSettingTexts();
  const columns = useColumns(view);
  if (view.versions.length === 0) return <Empty title={s("versions.empty")} hint={s("versions.empty.hint")} />;
  return <Table label={s("tab.versions")} testId="setting-versions" columns={columns} rows={view.versions} rowKey={(row) => row.id} />;
}

function useColumns(view: SettingsView): Column<SettingVersion>[] {
  const t = useText();
  const { s, word, nameOf, valueOf, afterOf } = useSettingTexts();
  return [
    { key: "at", title: t("column.time"), width: 128, cell: (row) => <Time at={row.written_at} /> },
    { key: "name", title: s("col.setting"), width: 168, cell: (row) => nameOf(row.name) },
    {
      key: "change",
      title: s("col.change"),
      cell: (row) => (
        <>
          {valueOf(row.name, row.before)} → <strong>{afterOf(row)}</strong>
          {row.restored_from && <span className="quiet"> {s("restored_from", { n: row.restored_from })}</span>}
        </>
      ),
    },
    { key: "state", title: t("column.state"), width: 96, cell: (row) => <Chip tone={TONES[row.state] ?? "plain"}>{word(`state.${row.state}`)}</Chip> },
    { key: "author", title: s("col.author"), width: 104, cell: (row) => <Outside text={row.author} /> },
    { key: "reason", title: t("reason"), cell: (row) => <Outside text={row.reason} /> },
    {
      key: "decision",
      title: s("col.decision"),
      cell: (row) =>
        row.decided_by && (
          <>
            <Outside text={row.decided_by} /> <span className="quiet"><Outside text={row.decision} /></span>
          </>
        ),
    },
    { key: "verbs", title: "", width: 96, cell: (row) => <Restore row={row} view={view} /> },
  ];
}

function Restore({ row, view }: { row: SettingVersion; view: SettingsView }) {
  const { s, nameOf, valueOf, afterOf } = useSettingTexts();
  const may = useMay();
  const notices = useNotices();
  const [asking, setAsking] = useState(false);
  const change = useSettingChange((next) => notices.done(s(next.versions[0]?.state === "proposed" ? "proposed" : "saved")));
  const setting = view.items.find((item) => item.name === row.name);
  const wanted = row.value ?? setting?.file_value;
  if (row.state !== "replaced" || !setting || wanted === setting.value || !may("setting.write")) return null;
  return (
    <>
      <button type="button" className="link" onClick={() => setAsking(true)} data-testid="setting-restore">
        {s("restore")}
      </button>
      {asking && (
        <ReasonDialog
          title={s("restore")}
          verb={s("restore")}
          hint={s("restore.hint", { name: nameOf(row.name), before: valueOf(row.name, setting.value), after: afterOf(row) })}
          onClose={() => setAsking(false)}
          onSubmit={(reason) => change.mutate(() => calls.settings.restore(row.id, reason))}
        />
      )}
    </>
  );
}
