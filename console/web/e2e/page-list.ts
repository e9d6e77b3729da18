// Every page there is: who opens it where, and what stands on it when it is complete.

import type { Role } from "../src/api/types";

export interface Shown {
  name: string;
  role: Role | null;
  path: string;
  /** What stands on the page when it is complete. */
  ready: string;
  phone?: boolean;
}

const id = (number: number): string => number.toString(16).padStart(32, "0");

export const PAGES: Shown[] = [
  { name: "login", role: null, path: "/", ready: "[data-testid=login]" },
  { name: "desk", role: "analyst", path: "/desk", ready: ".tiles" },
  { name: "alerts", role: "analyst", path: "/alerts", ready: "[data-testid=alert-row]" },
  { name: "alert", role: "analyst", path: `/alerts/${id(2)}`, ready: "[data-testid=payload]" },
  { name: "incidents", role: "analyst", path: "/incidents", ready: "[data-testid=incidents]" },
  { name: "incident", role: "analyst", path: `/incidents/${id(900)}`, ready: ".timeline" },
  { name: "incident-graph", role: "analyst", path: `/incidents/${id(900)}?tab=graph`, ready: ".graph" },
  { name: "incident-attack", role: "analyst", path: `/incidents/${id(900)}?tab=attack`, ready: "[data-testid=attack]" },
  { name: "incident-report", role: "analyst", path: `/incidents/${id(900)}?tab=report`, ready: "[data-testid=report-docx]" },
  { name: "tasks", role: "analyst", path: "/tasks", ready: "[data-testid=tasks]" },
  { name: "task", role: "analyst", path: "/tasks/3", ready: "[data-testid=task-detail]" },
  { name: "search", role: "analyst", path: "/search?q=event.dataset:fengsui.http", ready: "[data-testid=events] details" },
  { name: "retro-hunt", role: "analyst", path: "/search?mode=retro", ready: "[data-testid=retro-hits] details" },
  { name: "sensors", role: "analyst", path: "/sensors", ready: "[data-testid=sensors]" },
  { name: "data", role: "steward", path: "/data", ready: "[data-testid=findings]" },
  { name: "finding", role: "steward", path: `/data/${id(700)}`, ready: "[data-testid=samples]" },
  { name: "handover", role: "analyst", path: "/handover", ready: "[data-testid=handover-take]" },
  { name: "rules", role: "analyst", path: "/rules", ready: "[data-testid=rules]" },
  { name: "indicators", role: "analyst", path: "/indicators", ready: "[data-testid=indicators]" },
  { name: "drill", role: "analyst", path: "/drills/1", ready: "[data-testid=drill-scores]" },
  { name: "suppressions", role: "analyst", path: "/suppressions", ready: "[data-testid=suppressions]" },
  { name: "entity", role: "analyst", path: "/entities?kind=address&value=203.0.113.21", ready: ".graph" },
  { name: "catalogue", role: "steward", path: "/catalogue", ready: "[data-testid=assets]" },
  { name: "policies", role: "steward", path: "/policies", ready: "[data-testid=masking-after]" },
  { name: "shares", role: "steward", path: "/shares", ready: "[data-testid=shares]" },
  { name: "share", role: "steward", path: "/shares/1", ready: "[data-testid=share-detail]" },
  { name: "flows", role: "steward", path: "/flows", ready: ".sankey" },
  { name: "traces", role: "steward", path: "/traces", ready: "[data-testid=trace]" },
  { name: "account", role: "analyst", path: "/account", ready: "[data-testid=key-add]" },
  { name: "nodes", role: "sysadmin", path: "/nodes", ready: "[data-testid=nodes]" },
  { name: "campaigns", role: "analyst", path: "/supervision?tab=campaigns", ready: "[data-testid=campaigns]" },
  { name: "campaign", role: "analyst", path: "/supervision/1?tab=campaigns", ready: "[data-testid=inspection-findings]" },
  { name: "compliance", role: "analyst", path: "/supervision?tab=compliance", ready: "[data-testid=controls]" },
  { name: "scorecards", role: "analyst", path: "/supervision?tab=scorecards", ready: "[data-testid=scorecards]" },
  { name: "warnings", role: "leader", path: "/warnings/2", ready: "[data-testid=warned-units]" },
  { name: "warning-decide", role: "leader", path: "/warnings/3", ready: "[data-testid=warning-approve]" },
  { name: "evidence-requests", role: "leader", path: "/evidence-requests", ready: "[data-testid=evidence-requests]" },
  { name: "evidence-below", role: "analyst", path: `/alerts/${id(3)}`, ready: "[data-testid=playbook]" },
  { name: "regulations", role: "analyst", path: "/regulations", ready: "[data-testid=regulations]" },
  { name: "regulation", role: "analyst", path: "/regulations/4", ready: "[data-testid=regulation-signatures]" },
  { name: "regulation-units", role: "leader", path: "/regulations?view=units", ready: "[data-testid=regulation-units]" },
  { name: "plans", role: "analyst", path: "/readiness", ready: "[data-testid=plans]" },
  { name: "plan", role: "analyst", path: "/readiness/1?tab=plans", ready: "[data-testid=plan-detail]" },
  { name: "activation", role: "analyst", path: "/readiness/a2?tab=plans", ready: "[data-testid=activation]" },
  { name: "roster", role: "analyst", path: "/readiness?tab=roster", ready: "[data-testid=duty-shifts]" },
  { name: "people", role: "leader", path: "/readiness?tab=people", ready: "[data-testid=duty-people]" },
  { name: "contact-drill", role: "analyst", path: "/readiness/1?tab=drills", ready: "[data-testid=call]" },
  { name: "trainings", role: "analyst", path: "/readiness?tab=trainings", ready: "[data-testid=trainings]" },
  { name: "systems", role: "analyst", path: "/supervision?tab=systems", ready: "[data-testid=systems]" },
  { name: "appeals", role: "analyst", path: "/supervision?tab=appeals", ready: "[data-testid=talk]" },
  { name: "bulletin", role: "analyst", path: "/supervision?tab=bulletin", ready: "[data-testid=bulletin]" },
  { name: "users", role: "sysadmin", path: "/users", ready: "[data-testid=users]" },
  { name: "settings", role: "sysadmin", path: "/settings", ready: "[data-testid=setting-operator]" },
  { name: "settings-approve", role: "secadmin", path: "/settings", ready: "[data-testid=proposals]" },
  { name: "settings-versions", role: "sysadmin", path: "/settings?tab=versions", ready: "[data-testid=setting-versions]" },
  { name: "settings-file", role: "auditor", path: "/settings?tab=fixed", ready: "[data-testid=settings-fixed]" },
  { name: "channels", role: "sysadmin", path: "/channels", ready: "[data-testid=rules]" },
  { name: "channels-log", role: "sysadmin", path: "/channels?tab=log", ready: "[data-testid=messages]" },
  { name: "capabilities", role: "secadmin", path: "/capabilities", ready: "[data-testid=capability-keys]" },
  { name: "audit", role: "auditor", path: "/audit", ready: "[data-testid=audit]" },
  { name: "phone-list", role: "county_officer", path: "/m", ready: "[data-testid=task-card]", phone: true },
  { name: "phone-sign", role: "county_officer", path: "/m#/task/1", ready: "[data-testid=sign]", phone: true },
  { name: "phone-work", role: "county_officer", path: "/m#/task/2", ready: "[data-testid=submit]", phone: true },
  { name: "phone-check", role: "county_officer", path: "/m#/check/1", ready: "[data-testid=check]", phone: true },
  { name: "phone-policy", role: "county_officer", path: "/m#/policy/4", ready: "[data-testid=policy-sign]", phone: true },
  { name: "screen", role: "analyst", path: "/screen", ready: ".trend canvas" },
  { name: "wartime", role: "analyst", path: "/screen#wartime", ready: "[data-testid=wartime]" },
];
