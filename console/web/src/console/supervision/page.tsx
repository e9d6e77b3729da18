// Supervision: inspection campaigns, compliance with controls, scorecards of units, bulletins.

import { useLocation, useParams, useSearchParams } from "wouter";
import { PageHead, Segments } from "../components/layout";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";
import { BulletinView } from "./bulletin";
import { Campaigns } from "./campaigns";
import { ComplianceWorkspace } from "./compliance";
import { ScorecardsView } from "./scorecards";

const TABS = [
  { value: "campaigns", permission: "campaign.read" },
  { value: "compliance", permission: "compliance.read" },
  { value: "scorecards", permission: "scorecard.read" },
  { value: "bulletin", permission: "bulletin.read" },
] as const;

/** One tab for each kind of supervision that the account may see. */
export function SupervisionPage() {
  const t = useText();
  const may = useMay();
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  const [search] = useSearchParams();
  const tabs = TABS.filter((tab) => may(tab.permission));
  const chosen = tabs.find((tab) => tab.value === search.get("tab"))?.value ?? tabs[0]?.value;
  return (
    <div className="page page-full">
      <PageHead title={t("nav.supervision")}>
        <Segments
          label={t("nav.supervision")}
          value={chosen ?? "campaigns"}
          options={tabs.map(({ value }) => ({ value, label: t(`supervision.${value}`) }))}
          onChange={(tab) => navigate(`/supervision?tab=${tab}`, { replace: true })}
        />
      </PageHead>
      {chosen === "campaigns" && <Campaigns chosen={id ?? null} />}
      {chosen === "compliance" && <ComplianceWorkspace />}
      {chosen === "scorecards" && <ScorecardsView />}
      {chosen === "bulletin" && <BulletinView />}
    </div>
  );
}
