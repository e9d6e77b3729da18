// Nodes above and below: whether they are heard of, what waits for them, and whether they are what they were.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { NodeCode, NodeRow } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { PageHead } from "../components/layout";
import { ReasonDialog } from "../components/reason-dialog";
import { Answer, Empty } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Fact, Outside, Time, TrustMark } from "../components/values";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay } from "../core/session";

/** The page. */
export function NodesPage() {
  const t = useText();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const [code, setCode] = useState<NodeCode | null>(null);
  const columns = useColumns();
  const query = useQuery({ queryKey: ["nodes"], queryFn: calls.nodes.list, refetchInterval: 15_000 });
  return (
    <div className="page page-full">
      <PageHead title={t("nav.nodes")} note={query.data && t("nodes.total", { n: query.data.items.length })}>
        {may("node.code") && (
          <Button type="primary" size="small" onClick={() => setAsking(true)} data-testid="node-code">
            {t("nodes.code")}
          </Button>
        )}
      </PageHead>
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("nodes.empty")} hint={t("nodes.empty.hint")} />
          ) : (
            <Table label={t("nav.nodes")} testId="nodes" columns={columns} rows={items} rowKey={(row) => `${row.relation} ${row.id}`} />
          )
        }
      </Answer>
      {asking && (
        <CodeDialog
          onClose={() => setAsking(false)}
          onMade={(made) => {
            setAsking(false);
            setCode(made);
          }}
        />
      )}
      {code && <MadeDialog code={code} onClose={() => setCode(null)} />}
    </div>
  );
}

function useColumns(): Column<NodeRow>[] {
  const t = useText();
  const word = useWord();
  const seconds = (row: NodeRow): string => (row.clock_skew_ms == null ? "—" : (row.clock_skew_ms / 1000).toFixed(1));
  return [
    { key: "trust", title: t("nodes.trust"), width: 96, cell: (row) => <TrustMark trust={row.trust} /> },
    {
      key: "state",
      title: t("column.state"),
      width: 88,
      cell: (row) => <Chip tone={row.state === "active" ? "good" : row.state === "pending" ? "warn" : "bad"}>{word("node_state", row.state)}</Chip>,
    },
    { key: "id", title: t("nodes.name"), width: 144, cell: (row) => <span className="mono"><Outside text={row.id} /></span> },
    { key: "relation", title: t("nodes.relation"), width: 80, cell: (row) => word("node_relation", row.relation) },
    { key: "role", title: t("nodes.role"), width: 96, cell: (row) => word("node_role", row.role) },
    { key: "contact", title: t("nodes.contact"), width: 132, cell: (row) => <Time at={row.last_contact} /> },
    { key: "skew", title: t("nodes.skew"), numeric: true, width: 88, cell: seconds },
    { key: "waiting", title: t("nodes.waiting"), numeric: true, width: 80, cell: (row) => row.waiting.toLocaleString("en-US") },
    { key: "received", title: t("nodes.received"), numeric: true, width: 88, cell: (row) => row.received.toLocaleString("en-US") },
    {
      key: "refused",
      title: t("nodes.refused"),
      numeric: true,
      width: 72,
      cell: (row) => (row.refused > 0 ? <Chip tone="bad">{row.refused}</Chip> : 0),
    },
    { key: "measurement", title: t("nodes.measurement"), width: 152, cell: (row) => row.measurement && <Code text={row.measurement} limit={12} /> },
    { key: "fingerprint", title: t("nodes.fingerprint"), cell: (row) => <Code text={row.fingerprint} limit={20} /> },
    { key: "verbs", title: "", width: 104, cell: (row) => <NodeVerbs row={row} /> },
  ];
}

function NodeVerbs({ row }: { row: NodeRow }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const [dialog, setDialog] = useState<"approve" | "revoke" | null>(null);
  const act = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["nodes"] }),
    onError: notices.failed,
  });
  if (!may("node.approve") || row.relation !== "child" || row.state === "revoked") return null;
  return (
    <span className="row-verbs">
      {row.state === "pending" && (
        <button type="button" className="link" onClick={() => setDialog("approve")} data-testid="node-approve">
          {t("nodes.approve")}
        </button>
      )}
      <button type="button" className="link" onClick={() => setDialog("revoke")}>
        {t("nodes.revoke")}
      </button>
      {dialog === "approve" && (
        <ReasonDialog
          title={t("nodes.approve")}
          verb={t("nodes.approve")}
          label={t("nodes.fingerprint")}
          hint={t("nodes.approve.hint", { name: row.id })}
          onClose={() => setDialog(null)}
          onSubmit={(fingerprint) => act.mutate(() => calls.nodes.approve(row.id, fingerprint))}
        />
      )}
      {dialog === "revoke" && (
        <ReasonDialog
          danger
          title={t("nodes.revoke")}
          verb={t("nodes.revoke")}
          hint={t("nodes.revoke.hint", { name: row.id })}
          onClose={() => setDialog(null)}
          onSubmit={(reason) => act.mutate(() => calls.nodes.revoke(row.id, reason))}
        />
      )}
    </span>
  );
}

function CodeDialog({ onClose, onMade }: { onClose: () => void; onMade: (code: NodeCode) => void }) {
  const t = useText();
  const word = useWord();
  const notices = useNotices();
  const [node, setNode] = useState("");
  const [role, setRole] = useState("console");
  const make = useMutation({
    mutationFn: () => calls.nodes.code({ node: node.trim(), role }),
    onSuccess: onMade,
    onError: notices.failed,
  });
  return (
    <Dialog title={t("nodes.code")} verb={t("nodes.code.submit")} busy={make.isPending} disabled={!node.trim()} onClose={onClose} onSubmit={() => make.mutate()}>
      <Field label={t("nodes.name")} hint={t("nodes.name.hint")}>
        <Input autoFocus value={node} maxLength={40} onChange={(event) => setNode(event.target.value)} data-testid="node-name" />
      </Field>
      <Field label={t("nodes.role")}>
        <Select value={role} onChange={setRole} options={["console", "sensor"].map((value) => ({ value, label: word("node_role", value) }))} />
      </Field>
    </Dialog>
  );
}

function MadeDialog({ code, onClose }: { code: NodeCode; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t("nodes.made")} verb={t("users.secret.noted")} onClose={onClose} onSubmit={onClose}>
      <p>{t("nodes.made.hint", { name: code.node })}</p>
      <p className="secret" data-testid="node-made">
        <Code text={code.code} />
      </p>
      <dl className="facts">
        <Fact label={t("nodes.own")}>
          <Code text={code.fingerprint} limit={28} />
        </Fact>
        <Fact label={t("suppressions.expires")}>
          <Time at={code.expires_at} />
        </Fact>
      </dl>
    </Dialog>
  );
}
