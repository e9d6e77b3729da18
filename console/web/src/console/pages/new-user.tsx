// A new account: name, role, unit. The server answers the password that works once.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { OneTimePassword, Role } from "../../api/types";
import { Dialog, Field } from "../components/dialog";
import { Select } from "../components/select";
import { useNotices } from "../core/notices";
import { useText, useWord } from "../core/preferences";
import { useSession } from "../core/session";

const ROLES: readonly Role[] = [
  "analyst",
  "steward",
  "county_officer",
  "coordinator",
  "leader",
  "sysadmin",
  "secadmin",
  "auditor",
];

interface NewUserProps {
  onClose: () => void;
  onCreated: (secret: OneTimePassword) => void;
}

/** The dialog. */
export function NewUserDialog({ onClose, onCreated }: NewUserProps) {
  const t = useText();
  const word = useWord();
  const session = useSession();
  const notices = useNotices();
  const client = useQueryClient();
  const units = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  const [username, setUsername] = useState("");
  const [display_name, setName] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const [unit, setUnit] = useState(session.unit.code);
  const create = useMutation({
    mutationFn: () => calls.users.create({ username: username.trim(), display_name: display_name.trim(), role, unit }),
    onSuccess: (secret) => {
      void client.invalidateQueries({ queryKey: ["users"] });
      onClose();
      onCreated(secret);
    },
    onError: notices.failed,
  });
  return (
    <Dialog
      title={t("users.new")}
      verb={t("users.create")}
      busy={create.isPending}
      disabled={!username.trim() || !display_name.trim()}
      onClose={onClose}
      onSubmit={() => create.mutate()}
    >
      <Field label={t("login.username")} hint={t("users.username.hint")}>
        <Input autoFocus value={username} onChange={(event) => setUsername(event.target.value)} data-testid="user-name" />
      </Field>
      <Field label={t("users.display_name")}>
        <Input value={display_name} onChange={(event) => setName(event.target.value)} data-testid="user-display-name" />
      </Field>
      <Field label={t("users.role")} hint={t("users.role.hint")}>
        <Select value={role} onChange={setRole} options={ROLES.map((value) => ({ value, label: word("role", value) }))} />
      </Field>
      <Field label={t("column.unit")}>
        <Select
          showSearch
          value={unit}
          onChange={setUnit}
          options={(units.data?.items ?? []).map((item) => ({ value: item.code, label: `${item.name} ${item.code}` }))}
        />
      </Field>
    </Dialog>
  );
}
