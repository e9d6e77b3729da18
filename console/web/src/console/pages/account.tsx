// The own account: password, one-time codes with their QR code, recovery codes, SM2 keys.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { QRCodeSVG } from "@rc-component/qrcode";
import { Button, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { Factors, SignedChallenge, TotpEnrolment } from "../../api/types";
import { ChallengeSigner } from "../components/challenge";
import { Dialog, Field } from "../components/dialog";
import { Card, PageHead } from "../components/layout";
import { Answer } from "../components/states";
import { Chip, Code, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useSession, useSetSession } from "../core/session";

/** The page. */
export function AccountPage() {
  const t = useText();
  const session = useSession();
  return (
    <div className="page">
      <PageHead title={t("account.title")} note={session.user.username} />
      <div className="columns">
        <div className="column-main">
          <FactorCards />
        </div>
        <div className="column-side">
          <OwnPassword />
        </div>
      </div>
    </div>
  );
}

/** One-time codes and keys, each in a card. */
export function FactorCards() {
  const query = useQuery({ queryKey: ["factors"], queryFn: calls.session.factors });
  return (
    <Answer query={query} rows={6}>
      {(factors) => (
        <>
          <TotpCard factors={factors} />
          <KeysCard factors={factors} />
        </>
      )}
    </Answer>
  );
}

/** What asks for the password before it is done. */
type Asked = "enrol" | "remove" | "recovery" | { key: string };

function TotpCard({ factors }: { factors: Factors }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const refresh = () => void client.invalidateQueries({ queryKey: ["factors"] });
  const run = async (password: string) => {
    try {
      if (asked === "enrol") setEnrolment(await calls.session.enrolTotp(password));
      if (asked === "remove") await calls.session.removeTotp(password);
      if (asked === "recovery") setCodes((await calls.session.renewRecovery(password)).codes);
      setAsked(null);
      refresh();
    } catch (error) {
      notices.failed(error);
    }
  };
  return (
    <Card
      title={t("account.totp")}
      extra={<Chip tone={factors.totp_since ? "good" : "warn"}>{factors.totp_since ? t("account.on") : t("account.off")}</Chip>}
    >
      <p className="quiet">{t("account.totp.hint")}</p>
      {factors.totp_since && (
        <p>
          {t("account.since")} <Time at={factors.totp_since} /> · {t("account.recovery_left", { n: factors.recovery_left })}
        </p>
      )}
      <div className="verbs">
        {!factors.totp_since && (
          <Button type="primary" onClick={() => setAsked("enrol")} data-testid="totp-enrol">
            {t("account.totp.enrol")}
          </Button>
        )}
        {factors.totp_since && <Button onClick={() => setAsked("recovery")}>{t("account.recovery.renew")}</Button>}
        {factors.totp_since && (
          <Button danger onClick={() => setAsked("remove")}>
            {t("account.totp.remove")}
          </Button>
        )}
      </div>
      {asked && <PasswordDialog onClose={() => setAsked(null)} onSubmit={(password) => void run(password)} />}
      {enrolment && (
        <EnrolDialog
          enrolment={enrolment}
          onClose={() => setEnrolment(null)}
          onDone={(made) => {
            setEnrolment(null);
            setCodes(made);
            refresh();
            void client.invalidateQueries({ queryKey: ["session"] });
          }}
        />
      )}
      {codes && <CodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </Card>
  );
}

function PasswordDialog({ onClose, onSubmit }: { onClose: () => void; onSubmit: (password: string) => void }) {
  const t = useText();
  const [password, setPassword] = useState("");
  return (
    <Dialog
      title={t("account.prove")}
      verb={t("account.continue")}
      width={400}
      disabled={!password}
      onClose={onClose}
      onSubmit={() => onSubmit(password)}
    >
      <Field label={t("password.old")}>
        <Input.Password
          autoFocus
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          data-testid="prove-password"
        />
      </Field>
    </Dialog>
  );
}

interface EnrolProps {
  enrolment: TotpEnrolment;
  onClose: () => void;
  onDone: (codes: readonly string[]) => void;
}

function EnrolDialog({ enrolment, onClose, onDone }: EnrolProps) {
  const t = useText();
  const notices = useNotices();
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: () => calls.session.confirmTotp(code.trim()),
    onSuccess: (made) => onDone(made.codes),
    onError: notices.failed,
  });
  return (
    <Dialog
      title={t("account.totp.enrol")}
      verb={t("account.totp.confirm")}
      busy={confirm.isPending}
      disabled={code.trim().length !== 6}
      onClose={onClose}
      onSubmit={() => confirm.mutate()}
    >
      <div className="enrol">
        <QRCodeSVG className="qr-code" value={enrolment.uri} size={176} level="M" marginSize={4} title={t("account.totp.enrol")} />
        <div>
          <ol className="enrol-steps">
            <li>{t("account.totp.step1")}</li>
            <li>{t("account.totp.step2")}</li>
            <li>{t("account.totp.step3")}</li>
          </ol>
          <p className="quiet">{t("account.totp.typed")}</p>
          <Code text={enrolment.secret} limit={32} />
        </div>
      </div>
      <Field label={t("factor.code")}>
        <Input
          autoFocus
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={6}
          value={code}
          onChange={(event) => setCode(event.target.value)}
          data-testid="totp-code"
        />
      </Field>
    </Dialog>
  );
}

function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t("account.recovery")} verb={t("users.secret.noted")} onClose={onClose} onSubmit={onClose}>
      <p>{t("account.recovery.hint")}</p>
      <ul className="recovery-codes" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code} className="mono">
            {code.replace(/(.{4})(?=.)/g, "$1-")}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function KeysCard({ factors }: { factors: Factors }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const take = (next: Factors) => {
    client.setQueryData(["factors"], next);
    void client.invalidateQueries({ queryKey: ["session"] });
    setAdding(false);
    setRemoving(null);
  };
  return (
    <Card title={t("account.keys")} extra={<span className="quiet">{t("account.keys.count", { n: factors.keys.length })}</span>}>
      <p className="quiet">{t("account.keys.hint")}</p>
      <ul className="lines">
        {factors.keys.map((key) => (
          <li key={key.id}>
            <span className="line-title">
              <Outside text={key.name} />
            </span>
            <Code text={key.key_id} limit={16} />
            <Time at={key.used_at ?? key.created_at} />
            <button type="button" className="link" onClick={() => setRemoving(key.id)}>
              {t("delete")}
            </button>
          </li>
        ))}
      </ul>
      <div className="verbs">
        <Button onClick={() => setAdding(true)} data-testid="key-add">
          {t("account.keys.add")}
        </Button>
      </div>
      {adding && <KeyDialog onClose={() => setAdding(false)} onDone={take} />}
      {removing && (
        <PasswordDialog
          onClose={() => setRemoving(null)}
          onSubmit={(password) => void calls.session.removeKey(removing, password).then(take).catch(notices.failed)}
        />
      )}
    </Card>
  );
}

function KeyDialog({ onClose, onDone }: { onClose: () => void; onDone: (factors: Factors) => void }) {
  const t = useText();
  const notices = useNotices();
  const [name, setName] = useState("");
  const [pem, setPem] = useState("");
  const [password, setPassword] = useState("");
  const [proof, setProof] = useState<SignedChallenge | null>(null);
  const add = useMutation({
    mutationFn: (signed: SignedChallenge) => calls.session.addKey({ name: name.trim(), public_key: pem, proof: signed, password }),
    onSuccess: onDone,
    onError: notices.failed,
  });
  return (
    <Dialog
      title={t("account.keys.add")}
      verb={t("save")}
      busy={add.isPending}
      disabled={!name.trim() || !pem.trim() || !password || !proof}
      onClose={onClose}
      onSubmit={() => proof && add.mutate(proof)}
    >
      <Field label={t("account.keys.name")}>
        <Input autoFocus value={name} maxLength={60} onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field label={t("account.keys.public")}>
        <Input.TextArea
          rows={4}
          className="mono"
          value={pem}
          placeholder="-----BEGIN PUBLIC KEY-----"
          onChange={(event) => setPem(event.target.value)}
        />
      </Field>
      <ChallengeSigner onChange={setProof} />
      <Field label={t("password.old")}>
        <Input.Password autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
      </Field>
    </Dialog>
  );
}

function OwnPassword() {
  const t = useText();
  const notices = useNotices();
  const setSession = useSetSession();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: () => calls.session.changePassword({ old_password: old, new_password: next }),
    onSuccess: (session) => {
      setSession(session);
      notices.done(t("account.password.done"));
      for (const clear of [setOld, setNext, setAgain]) clear("");
    },
    onError: notices.failed,
  });
  const differ = again !== "" && next !== again;
  return (
    <Card title={t("account.password")}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field label={t("password.old")}>
          <Input.Password autoComplete="current-password" value={old} onChange={(event) => setOld(event.target.value)} />
        </Field>
        <Field label={t("password.new")} hint={t("password.rule")}>
          <Input.Password autoComplete="new-password" value={next} onChange={(event) => setNext(event.target.value)} />
        </Field>
        <Field label={t("password.again")} hint={differ ? t("password.differ") : undefined}>
          <Input.Password autoComplete="new-password" value={again} onChange={(event) => setAgain(event.target.value)} />
        </Field>
        <Button htmlType="submit" disabled={!old || !next || next !== again} loading={change.isPending}>
          {t("account.password.submit")}
        </Button>
      </form>
    </Card>
  );
}
