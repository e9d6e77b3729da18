// The pages of the console in the order of the rail. A page appears when the account has its permission.

import { lazy, type ComponentType, type ReactNode } from "react";
import type { IconName } from "../components/icons";
import type { TextKey } from "./preferences";

/** One page. */
export interface Page {
  path: string;
  title: TextKey;
  icon: IconName;
  permission: string;
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
    component: load("DeskPage", () => import("../pages/desk")),
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
    component: load("TasksPage", () => import("../pages/tasks")),
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
    path: "/data",
    title: "nav.data",
    icon: "data",
    permission: "finding.read",
    component: load("DataPage", () => import("../pages/data")),
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
    component: load("UsersPage", () => import("../pages/users")),
  },
];

/** Where an account lands: the first page it may use. */
export function homeOf(may: (permission: string) => boolean): string {
  return PAGES.find((page) => may(page.permission))?.path ?? "/none";
}
