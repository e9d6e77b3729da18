// The pages of the console in the order of the rail. A page appears when the account has its permission.

import { lazy, type ComponentType, type ReactNode } from "react";
import type { IconName } from "../components/icons";
import type { TextKey } from "./preferences";

/** One page. */
export interface Page {
  path: string;
  title: TextKey;
  icon: IconName;
  /** Null when every account has it; such pages are not in the rail. */
  permission: string | null;
  /** Pages of one section share an entry of the rail and a row of tabs. */
  section?: TextKey;
  /** Reached from other pages only. */
  hidden?: boolean;
  component: ComponentType;
}

const load = <N extends string>(name: N, module: () => Promise<Record<N, () => ReactNode>>): ComponentType =>
  lazy<() => ReactNode>(async () => ({ default: (await module())[name] }));

/** Every page. */
export const PAGES: readonly Page[] = [
  {
    path: "/desk",
    title: "nav.desk",
    icon: "desk",
    permission: "alert.read",
    section: "nav.desk",
    component: load("DeskPage", () => import("../pages/desk")),
  },
  {
    path: "/handover",
    title: "nav.handover",
    icon: "desk",
    permission: "handover.read",
    section: "nav.desk",
    component: load("HandoverPage", () => import("../analyst/handover")),
  },
  {
    path: "/alerts",
    title: "nav.alerts",
    icon: "alert",
    permission: "alert.read",
    component: load("AlertsPage", () => import("../alerts/page")),
  },
  {
    path: "/incidents",
    title: "nav.incidents",
    icon: "incident",
    permission: "incident.read",
    component: load("IncidentsPage", () => import("../incidents/page")),
  },
  {
    path: "/tasks",
    title: "nav.tasks",
    icon: "task",
    permission: "task.read",
    section: "nav.tasks",
    component: load("TasksPage", () => import("../pages/tasks")),
  },
  {
    path: "/evidence-requests",
    title: "nav.evidence",
    icon: "task",
    permission: "evidence.list",
    section: "nav.tasks",
    component: load("EvidenceRequestsPage", () => import("../pages/evidence-requests")),
  },
  {
    path: "/warnings",
    title: "nav.warnings",
    icon: "bell",
    permission: "warning.read",
    component: load("WarningsPage", () => import("../warnings/page")),
  },
  {
    path: "/search",
    title: "nav.search",
    icon: "search",
    permission: "event.search",
    component: load("SearchPage", () => import("../pages/search")),
  },
  {
    path: "/sensors",
    title: "nav.sensors",
    icon: "asset",
    permission: "sensor.read",
    component: load("SensorsPage", () => import("../pages/sensors")),
  },
  {
    path: "/rules",
    title: "nav.rules.noise",
    icon: "rule",
    permission: "suppression.read",
    section: "nav.rules",
    component: load("RulesPage", () => import("../analyst/rules")),
  },
  {
    path: "/suppressions",
    title: "nav.suppressions",
    icon: "rule",
    permission: "suppression.read",
    section: "nav.rules",
    component: load("SuppressionsPage", () => import("../analyst/suppressions")),
  },
  {
    path: "/indicators",
    title: "nav.indicators",
    icon: "rule",
    permission: "indicator.read",
    section: "nav.rules",
    component: load("IndicatorsPage", () => import("../analyst/indicators")),
  },
  {
    path: "/drills",
    title: "nav.drills",
    icon: "rule",
    permission: "drill.read",
    section: "nav.rules",
    component: load("DrillsPage", () => import("../analyst/drills")),
  },
  {
    path: "/entities",
    title: "nav.entities",
    icon: "asset",
    permission: "alert.read",
    hidden: true,
    component: load("EntityPage", () => import("../analyst/entity")),
  },
  {
    path: "/data",
    title: "nav.data.review",
    icon: "data",
    permission: "finding.read",
    section: "nav.data",
    component: load("DataPage", () => import("../pages/data")),
  },
  {
    path: "/catalogue",
    title: "nav.catalogue",
    icon: "data",
    permission: "asset.read",
    section: "nav.data",
    component: load("CataloguePage", () => import("../steward/catalogue")),
  },
  {
    path: "/policies",
    title: "nav.policies",
    icon: "data",
    permission: "masking.read",
    section: "nav.data",
    component: load("PoliciesPage", () => import("../steward/policies")),
  },
  {
    path: "/shares",
    title: "nav.shares",
    icon: "data",
    permission: "share.read",
    section: "nav.data",
    component: load("SharesPage", () => import("../steward/shares")),
  },
  {
    path: "/flows",
    title: "nav.flows",
    icon: "data",
    permission: "flow.read",
    section: "nav.data",
    component: load("FlowsPage", () => import("../steward/flows")),
  },
  {
    path: "/traces",
    title: "nav.traces",
    icon: "data",
    permission: "trace.read",
    section: "nav.data",
    component: load("TracesPage", () => import("../steward/traces")),
  },
  {
    path: "/nodes",
    title: "nav.nodes",
    icon: "posture",
    permission: "node.read",
    component: load("NodesPage", () => import("../pages/nodes")),
  },
  {
    path: "/supervision",
    title: "nav.supervision",
    icon: "supervision",
    permission: "compliance.read",
    component: load("SupervisionPage", () => import("../supervision/page")),
  },
  {
    path: "/readiness",
    title: "nav.readiness",
    icon: "clock",
    permission: "plan.read",
    component: load("ReadinessPage", () => import("../readiness/page")),
  },
  {
    path: "/regulations",
    title: "nav.regulations",
    icon: "book",
    permission: "regulation.read",
    component: load("RegulationsPage", () => import("../regulations/page")),
  },
  {
    path: "/audit",
    title: "nav.audit",
    icon: "audit",
    permission: "audit.read",
    component: load("AuditPage", () => import("../pages/audit")),
  },
  {
    path: "/users",
    title: "nav.users",
    icon: "system",
    permission: "user.read",
    section: "nav.system",
    component: load("UsersPage", () => import("../pages/users")),
  },
  {
    path: "/settings",
    title: "nav.settings",
    icon: "system",
    permission: "setting.read",
    section: "nav.system",
    component: load("SettingsPage", () => import("../system/settings")),
  },
  {
    path: "/channels",
    title: "nav.channels",
    icon: "system",
    permission: "channel.read",
    section: "nav.system",
    component: load("ChannelsPage", () => import("../channels/page")),
  },
  {
    path: "/capabilities",
    title: "nav.capabilities",
    icon: "system",
    permission: "capability.read",
    section: "nav.system",
    component: load("CapabilitiesPage", () => import("../system/capabilities")),
  },
  {
    path: "/account",
    title: "account.title",
    icon: "system",
    permission: null,
    component: load("AccountPage", () => import("../pages/account")),
  },
];

/** Pages an account may use and finds in the rail, in its order. */
export function listedPages(may: (permission: string) => boolean): readonly Page[] {
  return PAGES.filter((page) => page.permission !== null && !page.hidden && may(page.permission));
}

/** The first page of each section, and every page without one: the entries of the rail. */
export function railOf(may: (permission: string) => boolean): readonly Page[] {
  const seen = new Set<string>();
  return listedPages(may).filter((page) => {
    if (page.section === undefined) return true;
    const known = seen.has(page.section);
    seen.add(page.section);
    return !known;
  });
}

const at = (page: Page, location: string): boolean => location === page.path || location.startsWith(`${page.path}/`);

/** Whether an address belongs to a page or to another one of its section. */
export function isHere(page: Page, location: string): boolean {
  return PAGES.some((other) => (other === page || (page.section !== undefined && other.section === page.section)) && at(other, location));
}

/** The pages of the section an address is in, when an account may use more than one of them. */
export function sectionOf(location: string, may: (permission: string) => boolean): readonly Page[] {
  const section = PAGES.find((page) => at(page, location))?.section;
  const pages = section === undefined ? [] : listedPages(may).filter((page) => page.section === section);
  return pages.length > 1 ? pages : [];
}

/** Where an account lands: the first page it may use. */
export function homeOf(may: (permission: string) => boolean): string {
  return listedPages(may)[0]?.path ?? "/account";
}
