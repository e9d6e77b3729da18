// Head of a supervision page: the tabs an account may use, the title of the chosen one, its actions.

import type { ReactNode } from "react";
import { PageHead } from "../components/layout";
import { useText } from "../core/preferences";
import { useMay } from "../core/session";

const TABS = [
  { value: "campaigns", permission: "campaign.read" },
  { value: "compliance", permission: "compliance.read" },
  { value: "systems", permission: "compliance.read" },
  { value: "scorecards", permission: "scorecard.read" },
  { value: "appeals", permission: "appeal.read" },
  { value: "bulletin", permission: "bulletin.read" },
] as const;

/** One kind of supervision. */
export type SupervisionTab = (typeof TABS)[number]["value"];

/** What the account may see. */
export function useSupervisionTabs(): readonly SupervisionTab[] {
  const may = useMay();
  return TABS.filter((tab) => may(tab.permission)).map(({ value }) => value);
}

/** The head with the actions of the tab. */
export function SupervisionHead({ tab, note, children }: { tab: SupervisionTab; note?: ReactNode; children?: ReactNode }) {
  const t = useText();
  const tabs = useSupervisionTabs().map((value) => ({
    path: `/supervision?tab=${value}`,
    title: t(`supervision.${value}`),
    here: value === tab,
  }));
  return (
    <PageHead title={t(`supervision.title.${tab}`)} note={note} tabs={tabs}>
      {children}
    </PageHead>
  );
}
