// Readiness (值守应急): plans and their activations, who is on duty, who answers, drills of calls, trainings.

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useParams, useSearchParams } from "wouter";
import * as calls from "../../api/calls";
import { PageHead } from "../components/layout";
import { useText } from "../core/preferences";
import { useMay, useSession } from "../core/session";
import { ContactDrills } from "./contact-drills";
import { People } from "./people";
import { Plans } from "./plans";
import { Roster } from "./roster";
import { useReadinessTexts } from "./text";
import { Trainings } from "./trainings";
import "../../styles/readiness.css";

const TABS = ["plans", "roster", "people", "drills", "trainings"] as const;

/** A part of readiness. */
export type ReadinessTab = (typeof TABS)[number];

/** The page. */
export function ReadinessPage() {
  const { id } = useParams<{ id?: string }>();
  const tab = useTab();
  return (
    <div className="page page-full">
      {tab === "plans" && <Plans chosen={id} />}
      {tab === "roster" && <Roster />}
      {tab === "people" && <People />}
      {tab === "drills" && <ContactDrills chosen={id} />}
      {tab === "trainings" && <Trainings />}
    </div>
  );
}

function useTab(): ReadinessTab {
  const [search] = useSearchParams();
  return TABS.find((tab) => tab === search.get("tab")) ?? "plans";
}

/** Title, tabs and actions of a part. */
export function ReadinessHead({ note, children }: { note?: ReactNode; children?: ReactNode }) {
  const t = useText();
  const r = useReadinessTexts();
  const here = useTab();
  const may = useMay();
  const tabs = TABS.filter((tab) => tab === "plans" || may("duty.read")).map((tab) => ({ path: `/readiness?tab=${tab}`, title: r(`tab.${tab}`), here: tab === here }));
  return (
    <PageHead title={here === "plans" ? t("nav.readiness") : r(`tab.${here}`)} note={note} tabs={tabs}>
      {children}
    </PageHead>
  );
}

/** The divisions of the country within reach, and the own unit to begin with. */
export function useDivisions(): { own: string; options: { value: string; label: string }[] } {
  const { unit } = useSession();
  const query = useQuery({ queryKey: ["units"], queryFn: calls.units, staleTime: Infinity });
  return { own: unit.code, options: (query.data?.items ?? []).map(({ code, name }) => ({ value: code, label: name })) };
}
