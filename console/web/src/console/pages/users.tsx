// Accounts: who exists, with which role, and the passwords that work once.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import type { OneTimePassword, Role, UserRow } from "../../api/types";
import { Dialog } from "../components/dialog";
import { PageHead, Segments } from "../components/layout";
import { Answer } from "../components/states";
import { Table, type Column } from "../components/table";
import { Chip, Code, Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useMay, useSession } from "../core/session";
import { NewUserDialog } from "./new-user";
import { RolesTable } from "./roles";

/** Accounts, and the matrix of roles for those who may read it. */
export function UsersPage() {
  const t = useText();
  const may = useMay();
  const [search, setSearch] = useSearchParams();
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<OneTimePassword | null>(null);
  const tab = search.get("tab") === "roles" && may("role.read") ? "roles" : "users";
  return (
    <div className="page page-full">
      <PageHead title={t("nav.users")}>
        {may("role.read") && (
          <Segments
            label={t("nav.users")}
            value={tab}
            options={[
              { value: "users", label: t("users.accounts") },
              { value: "roles", label: t("users.roles") },
            ]}
            onChange={(next) => setSearch({ tab: next }, { replace: true })}
          />
        )}
        {may("user.create") && (
          <Button type="primary" size="small" onClick={() => setAdding(true)} data-testid="user-new">
            {t("users.new")}
          </Button>
        )}
      </PageHead>
      {tab === "roles" ? <RolesTable /> : <Users onSecret={setSecret} />}
      {adding && <NewUserDialog onClose={() => setAdding(false)} onCreated={setSecret} />}
      {secret && <SecretDialog secret={secret} onClose={() => setSecret(null)} />}
    </div>
  );
}

function SecretDialog({ secret, onClose }: { secret: OneTimePassword; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog title={t("users.secret")} verb={t("users.secret.noted")} onClose={onClose} onSubmit={onClose}>
      <p>{t("users.secret.hint", { name: secret.user.username })}</p>
      <p className="secret">
        <Code text={secret.one_time_password} />
      </p>
    </Dialog>
  );
}

function Users({ onSecret }: { onSecret: (secret: OneTimePassword) => void }) {
  const t = useText();
  const query = useQuery({ queryKey: ["users"], queryFn: () => calls.users.list({ limit: 500 }) });
  const columns = useColumns(onSecret);
  return (
    <Answer query={query}>
      {({ items }) => <Table label={t("nav.users")} testId="users" columns={columns} rows={items} rowKey={(row) => row.id} />}
    </Answer>
  );
}

function useColumns(onSecret: (secret: OneTimePassword) => void): Column<UserRow>[] {
  const t = useText();
  const word = useWord();
  return [
    { key: "username", title: t("login.username"), width: 144, cell: (row) => <Outside text={row.username} /> },
    { key: "name", title: t("users.display_name"), cell: (row) => <Outside text={row.display_name} /> },
    { key: "roles", title: t("users.role"), width: 160, cell: (row) => row.roles.map((role) => word("role", role)).join("、") },
    { key: "unit", title: t("column.unit"), width: 144, cell: (row) => row.unit.name },
    {
      key: "state",
      title: t("column.state"),
      width: 176,
      cell: (row) => (
        <>
          <Chip tone={row.state === "active" ? "good" : "warn"}>{word("user_state", row.state)}</Chip>
          {row.must_change_password && <span className="quiet">{t("users.first_login")}</span>}
        </>
      ),
    },
    {
      key: "factor",
      title: t("users.factor"),
      width: 96,
      cell: (row) => <Chip tone={row.second_factor ? "good" : "plain"}>{row.second_factor ? t("users.two_factor") : t("users.one_factor")}</Chip>,
    },
    { key: "login", title: t("users.last_login"), width: 144, cell: (row) => <Time at={row.last_login_at} /> },
    { key: "verbs", title: "", width: 240, cell: (row) => <UserVerbs row={row} onSecret={onSecret} /> },
  ];
}

const BUSINESS: readonly Role[] = ["analyst", "steward", "county_officer", "coordinator", "leader"];

function RolesDialog({ row, onClose, onSubmit }: { row: UserRow; onClose: () => void; onSubmit: (roles: Role[]) => void }) {
  const t = useText();
  const word = useWord();
  const [roles, setRoles] = useState<Role[]>(row.roles);
  return (
    <Dialog
      title={t("users.assign.title", { name: row.username })}
      verb={t("save")}
      width={440}
      disabled={roles.length === 0}
      onClose={onClose}
      onSubmit={() => onSubmit(roles)}
    >
      <Checkbox.Group
        className="role-choices"
        value={roles}
        onChange={setRoles}
        options={BUSINESS.map((role) => ({ value: role, label: word("role", role) }))}
      />
      <p className="quiet">{t("users.assign.hint")}</p>
    </Dialog>
  );
}

function UserVerbs({ row, onSecret }: { row: UserRow; onSecret: (secret: OneTimePassword) => void }) {
  const t = useText();
  const may = useMay();
  const { user } = useSession();
  const notices = useNotices();
  const client = useQueryClient();
  const refresh = () => void client.invalidateQueries({ queryKey: ["users"] });
  const change = useMutation({ mutationFn: (act: () => Promise<unknown>) => act(), onSuccess: refresh, onError: notices.failed });
  const reset = useMutation({
    mutationFn: () => calls.users.resetPassword(row.id),
    onSuccess: (secret) => {
      onSecret(secret);
      refresh();
    },
    onError: notices.failed,
  });
  const [assigning, setAssigning] = useState(false);
  if (row.id === user.id) return <span className="quiet">{t("users.you")}</span>;
  const off = row.state === "disabled" || row.state === "pending";
  const verb = (label: string, act: () => Promise<unknown>, testid?: string) => (
    <button type="button" className="link" onClick={() => change.mutate(act)} data-testid={testid}>
      {label}
    </button>
  );
  return (
    <span className="row-verbs">
      {off && may("user.enable") && verb(t("users.enable"), () => calls.users.enable(row.id), "user-enable")}
      {!off && may("user.disable") && verb(t("users.disable"), () => calls.users.disable(row.id))}
      {may("user.assign") && row.roles.every((role) => BUSINESS.includes(role)) && (
        <button type="button" className="link" onClick={() => setAssigning(true)} data-testid="user-assign">
          {t("users.assign")}
        </button>
      )}
      {assigning && (
        <RolesDialog
          row={row}
          onClose={() => setAssigning(false)}
          onSubmit={(roles) => {
            setAssigning(false);
            change.mutate(() => calls.users.assign(row.id, roles));
          }}
        />
      )}
      {row.second_factor && may("user.forget_factors") && verb(t("users.forget_factors"), () => calls.users.forgetFactors(row.id))}
      {row.state === "locked" && may("user.unlock") && verb(t("users.unlock"), () => calls.users.unlock(row.id))}
      {may("user.reset") && (
        <button type="button" className="link" onClick={() => reset.mutate()}>
          {t("users.reset")}
        </button>
      )}
    </span>
  );
}
