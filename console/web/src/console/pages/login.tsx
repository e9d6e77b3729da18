// Login: name and password, then the second factor of accounts that have one.

import { Button, Input } from "antd";
import { useState, type FormEvent } from "react";
import * as calls from "../../api/calls";
import { ApiError } from "../../api/client";
import type { SignedChallenge } from "../../api/types";
import { ChallengeSigner } from "../components/challenge";
import { errorText } from "../core/notices";
import { usePreferences, useText } from "../core/preferences";
import { useSetSession } from "../core/session";
import { Gate, GateError, GateField, GateNotice } from "./gate";

type Step = "password" | "code" | "key";

/** Name and password, and what the account asks for beside them. */
export function LoginPage() {
  const t = useText();
  const { locale } = usePreferences();
  const setSession = useSetSession();
  const [step, setStep] = useState<Step>("password");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [signed, setSigned] = useState<SignedChallenge | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const factor = step === "code" ? { code: code.trim() } : step === "key" && signed ? { signed } : {};
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      setSession(await calls.session.login({ username: username.trim(), password, ...factor }));
    } catch (cause) {
      if (step === "password" && cause instanceof ApiError && cause.detail.code === "second_factor_required") setStep("code");
      else setError(errorText(cause, locale));
      setBusy(false);
    }
  };
  return (
    <Gate
      title={step === "password" ? t("login.title") : t("factor.title")}
      hint={step === "password" ? t("login.hint") : t("factor.hint", { name: username.trim() })}
      onSubmit={(event) => void submit(event)}
    >
      {step === "password" && (
        <>
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
        </>
      )}
      {step === "code" && (
        <GateField label={t("factor.code")} hint={t("factor.code.hint")}>
          <Input
            size="large"
            name="code"
            autoComplete="one-time-code"
            autoFocus
            value={code}
            onChange={(event) => setCode(event.target.value)}
            data-testid="code"
          />
        </GateField>
      )}
      {step === "key" && <ChallengeSigner onChange={setSigned} />}
      {step === "password" && <GateNotice />}
      <GateError text={error} />
      <Button
        type="primary"
        size="large"
        htmlType="submit"
        block
        loading={busy}
        disabled={step === "key" && !signed}
        data-testid="login"
      >
        {t("login.submit")}
      </Button>
      {step !== "password" && (
        <button type="button" className="link" onClick={() => setStep(step === "code" ? "key" : "code")} data-testid="factor-switch">
          {step === "code" ? t("factor.use_key") : t("factor.use_code")}
        </button>
      )}
    </Gate>
  );
}
