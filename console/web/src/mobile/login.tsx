/** @jsxImportSource preact */
// Login and the change of a one-time password.

import { useEffect, useState } from "preact/hooks";
import * as calls from "../api/calls";
import { ApiError } from "../api/client";
import type { SessionView } from "../api/types";
import { visibleText } from "../lib/text";
import mark from "../styles/favicon.svg";
import { Field } from "./parts";
import { errorText, t } from "./text";

interface GateProps {
  title: string;
  hint: string;
  verb: string;
  testId: string;
  fields: { id: string; label: string; type: string; complete: string }[];
  onSubmit: (values: Record<string, string>) => Promise<void>;
}

function Gate({ title, hint, verb, testId, fields, onSubmit }: GateProps) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [error, setError] = useState("");
  const [platform, setPlatform] = useState({ name: "", notice: "" });
  useEffect(() => {
    // Without an answer the page goes on without a name.
    calls.platform().then(setPlatform, () => undefined);
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit(values).catch((cause: unknown) => setError(typeof cause === "string" ? cause : errorText(cause)));
  };
  return (
    <main class="gate">
      <form onSubmit={submit}>
        <img src={mark} alt="" width={40} height={40} />
        {platform.name && <p>{visibleText(platform.name)}</p>}
        <h1>{title}</h1>
        <p class="quiet">{hint}</p>
        {platform.notice && <p class="gate-notice">{visibleText(platform.notice)}</p>}
        {fields.map((field) => (
          <Field key={field.id} label={field.label}>
            <input
              type={field.type}
              autocomplete={field.complete as "username"}
              data-testid={field.id}
              value={values[field.id] ?? ""}
              onInput={(event) => setValues({ ...values, [field.id]: event.currentTarget.value })}
            />
          </Field>
        ))}
        <p class="error" role="alert">
          {error}
        </p>
        <button type="submit" class="primary" data-testid={testId}>
          {verb}
        </button>
      </form>
    </main>
  );
}

interface DoneProps {
  onDone: (session: SessionView) => void;
}

/** Name and password, and a code when the account has a second factor. */
export function LoginPage({ onDone }: DoneProps) {
  const [asksCode, setAsksCode] = useState(false);
  const code = { id: "code", label: t("code"), type: "text", complete: "one-time-code" };
  return (
    <Gate
      title={t("title")}
      hint={t("login.hint")}
      verb={t("login")}
      testId="login"
      fields={[
        { id: "username", label: t("username"), type: "text", complete: "username" },
        { id: "password", label: t("password"), type: "password", complete: "current-password" },
        ...(asksCode ? [code] : []),
      ]}
      onSubmit={async (values) => {
        const username = (values["username"] ?? "").trim();
        const second = asksCode ? { code: (values["code"] ?? "").trim() } : {};
        try {
          onDone(await calls.session.login({ username, password: values["password"] ?? "", ...second }));
        } catch (cause) {
          if (cause instanceof ApiError && cause.detail.code === "second_factor_required") setAsksCode(true);
          throw cause;
        }
      }}
    />
  );
}

/** The change that a one-time password asks for. */
export function PasswordPage({ onDone }: DoneProps) {
  return (
    <Gate
      title={t("password.new")}
      hint={t("password.hint")}
      verb={t("password.submit")}
      testId="change-password"
      fields={[
        { id: "old-password", label: t("password.old"), type: "password", complete: "current-password" },
        { id: "new-password", label: t("password.new"), type: "password", complete: "new-password" },
        { id: "new-password-again", label: t("password.again"), type: "password", complete: "new-password" },
      ]}
      onSubmit={async (values) => {
        const next = values["new-password"] ?? "";
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- the gate shows a text as it is
        if (next !== values["new-password-again"]) throw t("password.differ");
        onDone(await calls.session.changePassword({ old_password: values["old-password"] ?? "", new_password: next }));
      }}
    />
  );
}
