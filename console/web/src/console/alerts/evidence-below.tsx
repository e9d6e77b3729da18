// Evidence that lies at a node below: asking for it, and where the request stands.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import * as calls from "../../api/calls";
import { ReasonDialog } from "../components/reason-dialog";
import { Time } from "../components/values";
import { useNotices } from "../core/notices";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { RequestState } from "../pages/evidence-requests";

/** What stands in the place of the evidence of an alert from below. */
export function EvidenceBelow({ alert, unit }: { alert: string; unit: string }) {
  const t = useText();
  const may = useMay();
  const client = useQueryClient();
  const notices = useNotices();
  const [asking, setAsking] = useState(false);
  const query = useQuery({ queryKey: ["evidence-requests"], queryFn: calls.evidence.list, enabled: may("evidence.list") });
  const [last] = query.data?.items.filter((row) => row.alert_id === alert && row.side === "asked") ?? [];
  const ask = useMutation({
    mutationFn: (reason: string) => calls.evidence.ask(alert, reason),
    onSuccess: (next) => {
      client.setQueryData(["evidence-requests"], next);
      notices.done(t("requests.asked"));
    },
    onError: notices.failed,
  });
  const mayAsk = may("evidence.request") && (last === undefined || last.state === "refused");
  return (
    <div className="evidence-below" data-testid="evidence-below">
      <p className="quiet">{t("requests.below", { unit })}</p>
      {last && (
        <p>
          <RequestState row={last} /> <Time at={last.decided_at ?? last.asked_at} /> <Link href={`/evidence-requests?alert=${alert}`}>{t("requests.show")}</Link>
        </p>
      )}
      {mayAsk && (
        <button type="button" className="button button-small" onClick={() => setAsking(true)} data-testid="request-evidence">
          {t("requests.ask")}
        </button>
      )}
      {asking && (
        <ReasonDialog
          title={t("requests.ask")}
          verb={t("requests.ask.verb")}
          hint={t("requests.ask.hint", { unit })}
          onClose={() => setAsking(false)}
          onSubmit={(reason) => ask.mutate(reason)}
        />
      )}
    </div>
  );
}
