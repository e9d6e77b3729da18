// The change of password that a one-time password asks for.

import { Button, Input } from "antd";
import { useState, type FormEvent } from "react";
import * as calls from "../../api/calls";
import type { SessionView } from "../../api/types";
import { errorText } from "../core/notices";
import { usePreferences, useText } from "../core/preferences";
import { useSetSession } from "../core/session";
import { Gate, GateError, GateField } from "./gate";

/** Old and new password; the rules are the server's and are told by it when broken. */
export function PasswordPage({ session }: { session: SessionView }) {
  const t = useText();
  const { locale } = usePreferences();
  const setSession = useSetSession();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (next !== again) {
      setError(t("password.differ"));
      return;
    }
    try {
      setSession(await calls.session.changePassword({ old_password: old, new_password: next }));
    } catch (cause) {
      setError(errorText(cause, locale));
    }
  };
  const fields = [
    { label: t("password.old"), value: old, set: setOld, id: "old-password", complete: "current-password" },
    { label: t("password.new"), value: next, set: setNext, id: "new-password", complete: "new-password" },
    { label: t("password.again"), value: again, set: setAgain, id: "new-password-again", complete: "new-password" },
  ];
  return (
    <Gate
      title={t("password.title")}
      hint={t("password.hint", { name: session.user.display_name })}
      onSubmit={(event) => void submit(event)}
    >
      {fields.map((field) => (
        <GateField key={field.id} label={field.label} {...(field.id === "new-password" ? { hint: t("password.rule") } : {})}>
          <Input.Password
            size="large"
            value={field.value}
            autoComplete={field.complete}
            onChange={(event) => field.set(event.target.value)}
            data-testid={field.id}
          />
        </GateField>
      ))}
      <GateError text={error} />
      <Button type="primary" size="large" htmlType="submit" block data-testid="change-password">
        {t("password.submit")}
      </Button>
    </Gate>
  );
}
