// Warnings in force that concern the own unit, over every page, until they are lifted; with the receipt that is owed.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import { Outside, Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { LevelMark } from "./level";

/** Nothing while no warning concerns the unit. */
export function WarningBar() {
  const t = useText();
  const client = useQueryClient();
  const notices = useNotices();
  const query = useQuery({ queryKey: ["warnings", "current"], queryFn: () => calls.warnings.list(true), refetchInterval: 60_000 });
  const receive = useMutation({
    mutationFn: calls.warnings.receive,
    onSuccess: () => {
      notices.done(t("warnings.received"));
      void client.invalidateQueries({ queryKey: ["warnings"] });
      void client.invalidateQueries({ queryKey: ["notifications"] });
    },
    onError: notices.failed,
  });
  const mine = query.data?.items.filter((row) => row.is_for_me) ?? [];
  if (mine.length === 0) return null;
  return (
    <ul className="warning-bar" aria-label={t("nav.warnings")} data-testid="warning-bar">
      {mine.map((row) => (
        <li key={row.id} className={`warning-line level-line-${row.level}`}>
          <LevelMark level={row.level} />
          <Link href={`/warnings/${row.id}`} className="plain-link warning-title">
            <Outside text={row.title} />
          </Link>
          <span className="quiet">
            {t("warnings.until")} <Time at={row.valid_until} />
          </span>
          {row.allowed.includes("receive") && (
            <button type="button" className="button button-small" disabled={receive.isPending} onClick={() => receive.mutate(row.id)} data-testid="warning-receive">
              {t("warnings.receive")}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
