// Masking policies: the editor with its live preview, versions, and the decision of the second person.

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useDeferredValue, useState } from "react";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { MaskingPolicies, MaskingPolicyView, MaskingPreview } from "../../api/types";
import { Card, PageHead } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer } from "../components/states";
import { Chip, Outside, Time } from "../components/values";
import { errorText, useNotices } from "../core/notices";
import { usePreferences, useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

const SAMPLE =
  "申请人马文忠，身份证号11010519491231002X，手机13800138000，\n邮箱mawz@example.com，家住兰州市城关区张掖路1号，\n银行卡6222021234567890128。";

const keyOf = (policy: MaskingPolicyView): string => policy.id ?? policy.name;

/** The page. */
export function PoliciesPage() {
  const t = useText();
  const query = useQuery({ queryKey: ["masking"], queryFn: calls.masking.policies });
  return (
    <div className="page">
      <PageHead title={t("nav.policies")} note={t("policies.note")} />
      <Answer query={query}>{(answer) => <Policies answer={answer} />}</Answer>
    </div>
  );
}

function Policies({ answer }: { answer: MaskingPolicies }) {
  const t = useText();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("policy");
  const chosen = answer.items.find((policy) => keyOf(policy) === wanted) ?? answer.items[0];
  return (
    <div className="policy-columns">
      <Card title={t("policies.versions")}>
        <ul className="choices" data-testid="policies">
          {answer.items.map((policy) => (
            <li key={keyOf(policy)}>
              <button
                type="button"
                aria-pressed={policy === chosen}
                onClick={() => setSearch({ policy: keyOf(policy) }, { replace: true })}
              >
                <span className="choice-title">
                  <Outside text={policy.title_zh} />
                </span>
                <PolicyState policy={policy} />
                <span className="quiet mono">{`${policy.name} · ${policy.version}`}</span>
              </button>
            </li>
          ))}
        </ul>
      </Card>
      {chosen && <Editor key={`${keyOf(chosen)} ${chosen.state}`} policy={chosen} answer={answer} />}
    </div>
  );
}

function PolicyState({ policy }: { policy: MaskingPolicyView }) {
  const word = useWord();
  const tone = { approved: "good", submitted: "warn", rejected: "bad" }[policy.state] as "good" | "warn" | "bad" | undefined;
  return <Chip tone={tone ?? "plain"}>{word("policy_state", policy.state)}</Chip>;
}

function Editor({ policy, answer }: { policy: MaskingPolicyView; answer: MaskingPolicies }) {
  const t = useText();
  const may = useMay();
  const [body, setBody] = useState(policy.body);
  const [sample, setSample] = useState(SAMPLE);
  const changed = body !== policy.body;
  return (
    <div className="policy-main">
      <Card
        title={policy.title_zh}
        extra={policy.author && <span className="quiet">{t("policies.by", { name: policy.author })} <Time at={policy.written_at} /></span>}
      >
        {policy.reason && (
          <p className={policy.state === "rejected" ? "banner banner-bad" : "quiet"}>
            {`${policy.decided_by ?? ""}：`}
            <Outside text={policy.reason} />
          </p>
        )}
        <Input.TextArea
          className="mono policy-text"
          rows={16}
          spellCheck={false}
          value={body}
          readOnly={!may("masking.write")}
          aria-label={t("policies.text")}
          onChange={(event) => setBody(event.target.value)}
          data-testid="policy-text"
        />
        <p className="quiet">
          {t("policies.functions")}
          {answer.functions.map((known) => `${known.name} ${known.label}`).join("、")}
        </p>
        <Verbs policy={policy} body={body} changed={changed} />
      </Card>
      {may("masking.preview") && (
        <div className="pair">
          <Card title={t("masking.before")}>
            <Input.TextArea
              rows={8}
              value={sample}
              aria-label={t("masking.before")}
              placeholder={t("masking.hint")}
              onChange={(event) => setSample(event.target.value)}
              data-testid="masking-sample"
            />
          </Card>
          <Card title={t("masking.after")}>
            <LivePreview body={body} sample={sample} />
          </Card>
        </div>
      )}
    </div>
  );
}

function Verbs({ policy, body, changed }: { policy: MaskingPolicyView; body: string; changed: boolean }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const [, setSearch] = useSearchParams();
  const [deciding, setDeciding] = useState<"approve" | "reject" | null>(null);
  const act = useMutation({
    mutationFn: (work: () => Promise<MaskingPolicies>) => work(),
    onSuccess: (next) => client.setQueryData(["masking"], next),
    onError: notices.failed,
  });
  const save = () =>
    act.mutate(async () => {
      const next = await calls.masking.save(body);
      const draft = next.items.find((item) => item.may_write && item.body === body);
      if (draft) setSearch({ policy: keyOf(draft) }, { replace: true });
      return next;
    });
  const { id } = policy;
  return (
    <div className="verbs">
      {may("masking.write") && (
        <Button type={policy.may_write && !changed ? "default" : "primary"} disabled={!changed} loading={act.isPending} onClick={save} data-testid="policy-save">
          {policy.may_write ? t("policies.save") : t("policies.save_new")}
        </Button>
      )}
      {policy.may_write && id && (
        <Button type="primary" disabled={changed} onClick={() => act.mutate(() => calls.masking.submit(id))} data-testid="policy-submit">
          {t("policies.submit")}
        </Button>
      )}
      {policy.may_decide && (
        <>
          <Button type="primary" onClick={() => setDeciding("approve")} data-testid="policy-approve">
            {t("policies.approve")}
          </Button>
          <Button danger onClick={() => setDeciding("reject")}>
            {t("policies.reject")}
          </Button>
        </>
      )}
      {deciding && id && (
        <ReasonDialog
          title={deciding === "approve" ? t("policies.approve") : t("policies.reject")}
          verb={deciding === "approve" ? t("policies.approve") : t("policies.reject")}
          hint={t("policies.decide.hint")}
          danger={deciding === "reject"}
          onClose={() => setDeciding(null)}
          onSubmit={(reason) => act.mutate(() => calls.masking.decide(id, { approve: deciding === "approve", reason }))}
        />
      )}
    </div>
  );
}

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function LivePreview({ body, sample }: { body: string; sample: string }) {
  const t = useText();
  const { locale } = usePreferences();
  const draft = useDeferredValue(body);
  const text = useDeferredValue(sample);
  const query = useQuery<MaskingPreview>({
    queryKey: ["masking-preview", draft, text],
    queryFn: ({ signal }) => settled(signal).then(() => calls.masking.preview({ text, draft })),
    enabled: text.trim() !== "",
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });
  if (query.error) {
    return (
      <p className="banner banner-bad" role="alert" data-testid="policy-error">
        <Outside text={errorText(query.error, locale)} />
      </p>
    );
  }
  if (!query.data) return <p className="quiet">{t("masking.none")}</p>;
  return <After preview={query.data} />;
}

/** Typing settles before the server is asked. */
const SETTLE_MS = 350;
const settled = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = window.setTimeout(resolve, SETTLE_MS);
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      reject(new DOMException("typed on", "AbortError"));
    });
  });

function After({ preview }: { preview: MaskingPreview }) {
  return (
    <>
      <pre className="block" tabIndex={0} data-testid="masking-after">
        <Outside text={shown(preview.after)} />
      </pre>
      <ul className="reasons">
        {preview.functions.map((used, index) => (
          <li key={index}>{`${used.data_type_zh} × ${used.count}：${used.function}`}</li>
        ))}
      </ul>
    </>
  );
}
