// Login.

import { Button, Input } from "antd";
import { useState, type FormEvent } from "react";
import * as calls from "../../api/calls";
import { errorText } from "../core/notices";
import { usePreferences, useText } from "../core/preferences";
import { useSetSession } from "../core/session";
import { Gate, GateError, GateField } from "./gate";

/** Name and password. */
export function LoginPage() {
  const t = useText();
  const { locale } = usePreferences();
  const setSession = useSetSession();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      setSession(await calls.session.login({ username: username.trim(), password }));
    } catch (cause) {
      setError(errorText(cause, locale));
      setBusy(false);
    }
  };
  return (
    <Gate title={t("login.title")} hint={t("login.hint")} onSubmit={(event) => void submit(event)}>
      <GateField label={t("login.username")}>
        <Input
          size="large"
          name="username"
          autoComplete="username"
          autoFocus
          value={username}
          onChange={(event) => setUsername(event.target.value)}
          data-testid="username"
        />
      </GateField>
      <GateField label={t("login.password")}>
        <Input.Password
          size="large"
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          data-testid="password"
        />
      </GateField>
      <GateError text={error} />
      <Button type="primary" size="large" htmlType="submit" block loading={busy} data-testid="login">
        {t("login.submit")}
      </Button>
    </Gate>
  );
}
