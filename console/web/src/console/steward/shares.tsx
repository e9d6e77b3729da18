// Shares: a request with its file, the decision of a second person, the masked and marked copy, its downloads.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import * as calls from "../../api/calls";
import type { ShareRow } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { FileField } from "../components/file-field";
import { DetailHead, PageHead, Part, Split } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Fact, Outside, Time } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

/** The list with the detail beside it. */
export function SharesPage() {
  const t = useText();
  const may = useMay();
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState(false);
  const columns = useColumns();
  const query = useQuery({ queryKey: ["shares"], queryFn: calls.shares.list });
  const chosen = query.data?.items.find((row) => row.id === id);
  return (
    <div className="page page-full">
      <PageHead title={t("nav.shares")}>
        {may("share.request") && (
          <Button type="primary" size="small" onClick={() => setAsking(true)} data-testid="share-new">
            {t("shares.new")}
          </Button>
        )}
      </PageHead>
      <Split
        onClose={() => navigate("/shares", { replace: true })}
        detail={chosen && <Share row={chosen} />}
        list={
          <Answer query={query}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={t("shares.empty")} hint={t("shares.empty.hint")} />
              ) : (
                <Table
                  label={t("nav.shares")}
                  testId="shares"
                  columns={columns}
                  rows={items}
                  rowKey={(row) => row.id}
                  chosen={id ?? null}
                  onChoose={(next) => navigate(`/shares/${next}`, { replace: true })}
                />
              )
            }
          </Answer>
        }
      />
      {asking && <NewShare onClose={() => setAsking(false)} />}
    </div>
  );
}

function ShareState({ row }: { row: ShareRow }) {
  const word = useWord();
  const tone = { requested: "warn", approved: "accent", rejected: "bad", released: "good" }[row.state] as "warn" | undefined;
  return <Chip tone={tone ?? "plain"}>{word("share_state", row.state)}</Chip>;
}

function useColumns(): Column<ShareRow>[] {
  const t = useText();
  return [
    { key: "state", title: t("column.state"), width: 96, cell: (row) => <ShareState row={row} /> },
    { key: "number", optional: true, title: t("column.number"), width: 112, cell: (row) => <span className="mono">{row.number}</span> },
    { key: "title", title: t("column.title"), cell: (row) => <Outside text={row.title} /> },
    { key: "recipient", title: t("shares.recipient"), cell: (row) => <Outside text={row.recipient} /> },
    { key: "policy", optional: true, title: t("masking.policy"), width: 144, cell: (row) => <span className="mono">{row.policy}</span> },
    { key: "requester", optional: true, title: t("shares.requester"), width: 112, cell: (row) => <Outside text={row.requester} /> },
    { key: "created", title: t("shares.created"), width: 132, cell: (row) => <Time at={row.created_at} /> },
  ];
}

function Share({ row }: { row: ShareRow }) {
  const t = useText();
  return (
    <article data-testid="share-detail" data-state={row.state}>
      <DetailHead
        title={row.title}
        marks={
          <>
            <ShareState row={row} />
            <span className="mono">{row.number}</span>
            <span>{row.unit.name}</span>
          </>
        }
      />
      <ShareVerbs row={row} />
      <Part title={t("shares.facts")}>
        <dl className="facts">
          <Fact label={t("shares.recipient")}>
            <Outside text={row.recipient} />
          </Fact>
          <Fact label={t("shares.purpose")}>
            <Outside text={row.purpose} />
          </Fact>
          <Fact label={t("shares.basis")}>
            <Outside text={row.legal_basis} />
          </Fact>
          <Fact label={t("shares.file")}>
            <Outside text={row.file_name} />
          </Fact>
          <Fact label={t("masking.policy")}>{row.policy}</Fact>
        </dl>
      </Part>
      <Part title={t("shares.course")}>
        <ul className="lines">
          <li>
            <Time at={row.created_at} />
            <span className="line-title">{t("shares.asked_by", { name: row.requester })}</span>
          </li>
          {row.decided_by && (
            <li>
              <Time at={row.decided_at} />
              <span className="line-title">
                {t(row.state === "rejected" ? "shares.rejected_by" : "shares.approved_by", { name: row.decided_by })}
                {"："}
                <Outside text={row.reason} />
              </span>
            </li>
          )}
          {row.released_at && (
            <li>
              <Time at={row.released_at} />
              <span className="line-title">{t("shares.released", { n: row.copy_rows ?? 0, entry: row.ledger_sequence ?? 0 })}</span>
            </li>
          )}
        </ul>
      </Part>
      {row.copy_sm3 && (
        <Part title={t("shares.copy")}>
          <dl className="facts">
            <Fact label="SM3">
              <Code text={row.copy_sm3} limit={28} />
            </Fact>
            <Fact label={t("shares.downloads")}>{row.downloads}</Fact>
          </dl>
        </Part>
      )}
    </article>
  );
}

function ShareVerbs({ row }: { row: ShareRow }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [deciding, setDeciding] = useState<boolean | null>(null);
  const act = useMutation({
    mutationFn: (work: () => Promise<{ items: ShareRow[] }>) => work(),
    onSuccess: (next) => {
      client.setQueryData(["shares"], next);
      void client.invalidateQueries({ queryKey: ["flows"] });
    },
    onError: notices.failed,
  });
  const may = (verb: string) => row.allowed.includes(verb);
  if (row.allowed.length === 0) return null;
  return (
    <div className="verbs">
      {may("decide") && (
        <>
          <Button type="primary" onClick={() => setDeciding(true)} data-testid="share-approve">
            {t("shares.approve")}
          </Button>
          <Button danger onClick={() => setDeciding(false)}>
            {t("shares.reject")}
          </Button>
        </>
      )}
      {may("release") && (
        <Button type="primary" loading={act.isPending} onClick={() => act.mutate(() => calls.shares.release(row.id))} data-testid="share-release">
          {t("shares.release")}
        </Button>
      )}
      {may("download") && (
        <a
          className="button"
          href={calls.shares.copyAddress(row.id)}
          download
          data-testid="share-download"
          onClick={() => window.setTimeout(() => void client.invalidateQueries({ queryKey: ["shares"] }), 1500)}
        >
          {t("shares.download")}
        </a>
      )}
      {deciding !== null && (
        <ReasonDialog
          title={deciding ? t("shares.approve") : t("shares.reject")}
          verb={deciding ? t("shares.approve") : t("shares.reject")}
          hint={t("shares.decide.hint", { name: row.recipient })}
          danger={!deciding}
          onClose={() => setDeciding(null)}
          onSubmit={(reason) => act.mutate(() => calls.shares.decide(row.id, { approve: deciding, reason }))}
        />
      )}
    </div>
  );
}

function NewShare({ onClose }: { onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const [file, setFile] = useState<File | null>(null);
  const [fields, setFields] = useState({ title: "", purpose: "", legal_basis: "", recipient: "", recipient_role: "", policy: "share-standard" });
  const policies = useQuery({ queryKey: ["masking"], queryFn: calls.masking.policies });
  const inForce = (policies.data?.items ?? []).filter((policy) => policy.state === "approved" || policy.state === "builtin");
  const send = useMutation({
    mutationFn: (original: File) => calls.shares.create(fields, original),
    onSuccess: (next) => {
      client.setQueryData(["shares"], next);
      notices.done(t("shares.asked"));
      onClose();
    },
    onError: notices.failed,
  });
  const set = (name: keyof typeof fields) => (value: string) => setFields({ ...fields, [name]: value });
  const complete = file !== null && [fields.title, fields.purpose, fields.legal_basis, fields.recipient].every((text) => text.trim() !== "");
  const input = (name: "title" | "purpose" | "legal_basis" | "recipient" | "recipient_role", hint?: string) => (
    <Field label={t(`shares.${name}`)} {...(hint ? { hint } : {})}>
      <Input value={fields[name]} maxLength={200} onChange={(event) => set(name)(event.target.value)} data-testid={`share-${name}`} />
    </Field>
  );
  return (
    <Dialog
      title={t("shares.new")}
      verb={t("shares.submit")}
      busy={send.isPending}
      disabled={!complete}
      onClose={onClose}
      onSubmit={() => file && send.mutate(file)}
    >
      <FileField label={t("shares.file")} hint={t("shares.file.hint")} accept=".csv,.tsv,.jsonl,.xlsx" file={file} onChange={setFile} />
      {input("title")}
      <div className="field-row">
        {input("recipient")}
        {input("recipient_role", t("shares.recipient_role.hint"))}
      </div>
      {input("purpose")}
      {input("legal_basis", t("shares.legal_basis.hint"))}
      <Field label={t("masking.policy")}>
        <Select
          value={fields.policy}
          onChange={set("policy")}
          options={[...new Map(inForce.map((policy) => [policy.name, policy])).values()].map((policy) => ({ value: policy.name, label: policy.title_zh }))}
        />
      </Field>
    </Dialog>
  );
}
