// The matrix of roles and actions as the server enforces it.

import { useQuery } from "@tanstack/react-query";
import * as calls from "../../api/calls";
import type { RoleMatrix } from "../../api/types";
import { Answer } from "../components/states";
import { useChoice, useText, useWord } from "../core/preferences";

/** One column per role, one row per action. */
export function RolesTable() {
  const query = useQuery({ queryKey: ["roles"], queryFn: calls.users.roles, staleTime: Infinity });
  return <Answer query={query}>{(matrix) => <Matrix matrix={matrix} />}</Answer>;
}

function Matrix({ matrix }: { matrix: RoleMatrix }) {
  const t = useText();
  const word = useWord();
  const choose = useChoice();
  const actions = [...new Set(matrix.items.flatMap((row) => Object.keys(row.actions)))].sort();
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t("users.roles")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("audit.action")}</th>
            {matrix.items.map((row) => (
              <th key={row.role} scope="col">
                {choose(row.name_zh, row.name_en)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {actions.map((action) => (
            <tr key={action}>
              <th scope="row" className="mono">
                {action}
              </th>
              {matrix.items.map((row) => (
                <td key={row.role}>{word("scope", row.actions[action])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
