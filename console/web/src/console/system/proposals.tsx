// Changes that wait for the security administrator.

import { useState } from "react";
import * as calls from "../../api/calls";
import type { SettingVersion, SettingsView } from "../../api/types";
import { Card } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useSettingChange } from "./change";
import { useSettingTexts } from "./text";

/** The card; nothing when the account decides none of them. */
export function Proposals({ view }: { view: SettingsView }) {
  const { s, nameOf, valueOf, afterOf } = useSettingTexts();
  const notices = useNotices();
  const [deciding, setDeciding] = useState<{ version: SettingVersion; approve: boolean } | null>(null);
  const change = useSettingChange(() => notices.done(s("decided")));
  const open = view.versions.filter((version) => version.may_decide);
  if (open.length === 0) return null;
  const words = (version: SettingVersion) => ({
    name: nameOf(version.name),
    before: valueOf(version.name, version.before),
    after: afterOf(version),
  });
  return (
    <Card title={s("proposals")}>
      <ul className="setting-changes" data-testid="proposals">
        {open.map((version) => (
          <li key={version.id}>
            <span>{nameOf(version.name)}</span>
            <span>
              {words(version).before} → <strong>{words(version).after}</strong>
            </span>
            <span className="quiet">
              <Outside text={version.author} /> <Time at={version.written_at} /> <Outside text={version.reason} />
            </span>
            <span className="row-verbs">
              <button type="button" className="link" onClick={() => setDeciding({ version, approve: true })} data-testid="proposal-approve">
                {s("approve")}
              </button>
              <button type="button" className="link" onClick={() => setDeciding({ version, approve: false })} data-testid="proposal-refuse">
                {s("refuse")}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {deciding && (
        <ReasonDialog
          title={s(deciding.approve ? "approve" : "refuse")}
          verb={s(deciding.approve ? "approve" : "refuse")}
          hint={s("decide.hint", words(deciding.version))}
          danger={!deciding.approve}
          onClose={() => setDeciding(null)}
          onSubmit={(reason) => change.mutate(() => calls.settings.decide(deciding.version.id, { approve: deciding.approve, reason }))}
        />
      )}
    </Card>
  );
}
