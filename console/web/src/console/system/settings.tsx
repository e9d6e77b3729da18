// The settings of the platform: what is in force, every change with its way back, and what the settings file fixes.

import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { FixedSetting, SettingVersion, SettingsView } from "../../api/types";
import { Card, PageHead, Segments } from "../components/layout";
import { Answer } from "../components/states";
import { useMay } from "../core/session";
import { Proposals } from "./proposals";
import { SaveDialog } from "./save-dialog";
import { SettingLine } from "./setting-line";
import { faultOf, useSettingTexts } from "./text";
import { VersionsTable } from "./versions";

const TABS = ["values", "versions", "fixed"] as const;
const GROUPS = ["platform", "access", "data", "clocks"] as const;

/** The page. */
export function SettingsPage() {
  const { s } = useSettingTexts();
  const [search, setSearch] = useSearchParams();
  const query = useQuery({ queryKey: ["settings"], queryFn: calls.settings.list });
  const tab = TABS.find((name) => name === search.get("tab")) ?? "values";
  return (
    <div className="page page-full">
      <PageHead title={s("title")} note={s("note")}>
        <Segments
          label={s("title")}
          value={tab}
          options={TABS.map((value) => ({ value, label: s(`tab.${value}`) }))}
          onChange={(next) => setSearch({ tab: next }, { replace: true })}
        />
      </PageHead>
      <Answer query={query}>
        {(view) => (
          <>
            {tab === "values" && <Values view={view} />}
            {tab === "versions" && <VersionsTable view={view} />}
            {tab === "fixed" && <Fixed fixed={view.fixed} />}
          </>
        )}
      </Answer>
    </div>
  );
}

/** Values somebody typed and has not saved, by name. */
type Edits = Readonly<Record<string, string>>;

function Values({ view }: { view: SettingsView }) {
  const { s } = useSettingTexts();
  const may = useMay();
  const [edits, setEdits] = useState<Edits>({});
  const [saving, setSaving] = useState(false);
  const edit = (name: string, value: string) => setEdits({ ...edits, [name]: value });
  const changed = view.items.filter((item) => edits[item.name] !== undefined && edits[item.name] !== item.value);
  const wrong = changed.some((item) => faultOf(item, edits[item.name] ?? "") !== null);
  const newest = new Map<string, SettingVersion>();
  for (const version of view.versions) {
    if (["in_force", "proposed"].includes(version.state)) newest.set(`${version.state} ${version.name}`, version);
  }
  return (
    <div className="settings-page">
      <div className="settings-scroll">
        <Proposals view={view} />
        {GROUPS.map((group) => {
          const items = view.items.filter((item) => item.group === group);
          return (
            items.length > 0 && (
              <Card key={group} title={s(`group.${group}`)}>
                {items.map((item) => (
                  <SettingLine
                    key={item.name}
                    setting={item}
                    value={edits[item.name] ?? item.value}
                    made={newest.get(`in_force ${item.name}`)}
                    waiting={newest.get(`proposed ${item.name}`)}
                    onChange={may("setting.write") ? (value) => edit(item.name, value) : undefined}
                  />
                ))}
              </Card>
            )
          );
        })}
      </div>
      {changed.length > 0 && (
        <div className="selection-bar" role="region" aria-label={s("changed", { n: changed.length })} data-testid="settings-bar">
          <span>{s("changed", { n: changed.length })}</span>
          <Button size="small" onClick={() => setEdits({})}>
            {s("discard")}
          </Button>
          <Button size="small" type="primary" disabled={wrong} onClick={() => setSaving(true)} data-testid="settings-save">
            {s("review")}
          </Button>
        </div>
      )}
      {saving && (
        <SaveDialog
          changes={changed.map((setting) => ({ setting, value: (edits[setting.name] ?? "").trim() }))}
          onClose={() => setSaving(false)}
          onSaved={() => {
            setSaving(false);
            setEdits({});
          }}
        />
      )}
    </div>
  );
}

/** What the file says, for reading. */
function Fixed({ fixed }: { fixed: readonly FixedSetting[] }) {
  const { s, word } = useSettingTexts();
  const shown = (value: string) => (value === "" ? s("none") : value === "true" ? s("yes") : value === "false" ? s("no") : value);
  const file = fixed.find((item) => item.name === "file");
  return (
    <div className="settings-scroll">
      <Card title={s("fixed.file")}>
        <p className="quiet">{s("fixed.hint")}</p>
        <table className="facts-table settings-fixed" data-testid="settings-fixed">
          <thead>
            <tr>
              <th scope="col">{s("col.setting")}</th>
              <th scope="col">{s("col.value")}</th>
              <th scope="col">{s("col.key")}</th>
            </tr>
          </thead>
          <tbody>
            {file && <FixedRow title={s("fixed.file.name")} value={file.value || s("fixed.none")} name="" />}
            {fixed.filter((item) => item !== file).map((item) => (
              <FixedRow key={item.name} title={word(`fixed.${item.name}`)} value={shown(item.value)} name={item.name} />
            ))}
          </tbody>
        </table>
      </Card>
    </div>
  );
}

function FixedRow({ title, value, name }: { title: string; value: string; name: string }) {
  return (
    <tr>
      <th scope="row">{title}</th>
      <td className="mono">{value}</td>
      <td className="mono quiet">{name}</td>
    </tr>
  );
}
