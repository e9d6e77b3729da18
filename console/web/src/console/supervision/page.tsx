// Supervision: inspection campaigns, compliance with controls, scorecards of units, bulletins.

import { lazy, Suspense } from "react";
import { useParams, useSearchParams } from "wouter";
import { SkeletonRows } from "../components/states";
import { BulletinView } from "./bulletin";
import { Campaigns } from "./campaigns";
import { ComplianceWorkspace } from "./compliance";
import { useSupervisionTabs } from "./head";
import { ScorecardsView } from "./scorecards";

const SystemsView = lazy(async () => ({ default: (await import("../readiness/systems")).SystemsView }));
const AppealsView = lazy(async () => ({ default: (await import("../readiness/appeals")).AppealsView }));

/** One tab for each kind of supervision that the account may see. */
export function SupervisionPage() {
  const { id } = useParams<{ id?: string }>();
  const [search] = useSearchParams();
  const tabs = useSupervisionTabs();
  const chosen = tabs.find((tab) => tab === search.get("tab")) ?? tabs[0];
  return (
    <div className="page page-full">
      {chosen === "campaigns" && <Campaigns chosen={id ?? null} />}
      {chosen === "compliance" && <ComplianceWorkspace />}
      {chosen === "scorecards" && <ScorecardsView />}
      {chosen === "systems" && (
        <Suspense fallback={<SkeletonRows />}>
          <SystemsView />
        </Suspense>
      )}
      {chosen === "appeals" && (
        <Suspense fallback={<SkeletonRows />}>
          <AppealsView />
        </Suspense>
      )}
      {chosen === "bulletin" && <BulletinView />}
    </div>
  );
}
