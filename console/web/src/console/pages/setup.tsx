// First run: the three administrators, each with a password that works once.

import { Button, Input } from "antd";
import { useState, type FormEvent } from "react";
import * as calls from "../../api/calls";
import type { SetupAccount, SetupResult } from "../../api/types";
import { Code } from "../components/values";
import { errorText } from "../core/notices";
import { usePreferences, useText, useWord } from "../core/preferences";
import { Gate, GateError, GateField } from "./gate";

const ROLES = ["sysadmin", "secadmin", "auditor"] as const;
type Accounts = Record<(typeof ROLES)[number], SetupAccount>;

const NONE: Accounts = {
  sysadmin: { username: "", display_name: "" },
  secadmin: { username: "", display_name: "" },
  auditor: { username: "", display_name: "" },
};

/** The wizard; shown only while the server has no account. */
export function SetupPage({ onDone }: { onDone: () => void }) {
  const t = useText();
  const { locale } = usePreferences();
  const [code, setCode] = useState("");
  const [accounts, setAccounts] = useState(NONE);
  const [result, setResult] = useState<SetupResult | null>(null);
  const [error, setError] = useState<string | null>(null);
  if (result) return <SetupDone result={result} onDone={onDone} />;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      setResult(await calls.setup.run({ setup_code: code.trim(), ...accounts }));
    } catch (cause) {
      setError(errorText(cause, locale));
    }
  };
  const change = (role: keyof Accounts, account: SetupAccount) => setAccounts({ ...accounts, [role]: account });
  return (
    <Gate wide title={t("setup.title")} hint={t("setup.hint")} onSubmit={(event) => void submit(event)}>
      <GateField label={t("setup.code")} hint={t("setup.code.hint")}>
        <Input value={code} onChange={(event) => setCode(event.target.value)} autoComplete="off" data-testid="setup-code" />
      </GateField>
      {ROLES.map((role) => (
        <AccountFields key={role} role={role} account={accounts[role]} onChange={(account) => change(role, account)} />
      ))}
      <GateError text={error} />
      <Button type="primary" size="large" htmlType="submit" block data-testid="setup-submit">
        {t("setup.submit")}
      </Button>
    </Gate>
  );
}

function AccountFields({
  role,
  account,
  onChange,
}: {
  role: string;
  account: SetupAccount;
  onChange: (account: SetupAccount) => void;
}) {
  const t = useText();
  const word = useWord();
  return (
    <fieldset className="gate-row">
      <legend>{word("role", role)}</legend>
      <GateField label={t("login.username")}>
        <Input value={account.username} onChange={(event) => onChange({ ...account, username: event.target.value })} data-testid={`setup-${role}`} />
      </GateField>
      <GateField label={t("users.display_name")}>
        <Input value={account.display_name} onChange={(event) => onChange({ ...account, display_name: event.target.value })} data-testid={`setup-${role}-name`} />
      </GateField>
    </fieldset>
  );
}

function SetupDone({ result, onDone }: { result: SetupResult; onDone: () => void }) {
  const t = useText();
  const word = useWord();
  return (
    <Gate
      wide
      title={t("setup.done")}
      hint={t("setup.done.hint")}
      onSubmit={(event) => {
        event.preventDefault();
        onDone();
      }}
    >
      <dl className="passwords">
        {result.accounts.map(({ user, one_time_password }) => (
          <div key={user.id} data-testid={`password-${user.roles[0]}`}>
            <dt>{`${word("role", user.roles[0])} ${user.username}`}</dt>
            <dd>
              <Code text={one_time_password} />
            </dd>
          </div>
        ))}
      </dl>
      <Button type="primary" size="large" htmlType="submit" block data-testid="setup-to-login">
        {t("setup.to_login")}
      </Button>
    </Gate>
  );
}
