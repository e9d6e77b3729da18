// Answers of a server that is not there, so that every page can be looked at and checked without one.

import type { Page } from "@playwright/test";
import type { FindingRow, Role } from "../src/api/types";
import { ago, ahead, YUZHONG, alertRow, ALERTS, INCIDENT, taskRow, TASKS, FINDINGS, SENSORS, list, UNITS, sessionView, alertDetail, INCIDENT_DETAIL, taskDetail, findingDetail, wave, OVERVIEW, POSTURE, EVENTS } from "./fixtures-base";
import { DRILL, INDICATORS, INDICATOR_LISTS, RECORDINGS, NODES, SUPPRESSIONS, HANDOVERS, ENTITY, RULES, ASSETS, POLICIES, SHARES, FLOWS, TRACES, FACTORS } from "./fixtures-work";
import { EARLIER, HUNT, REPORT } from "./retro";
import { READINESS } from "./readiness";
import { SUPERVISION } from "./supervision";
import { REGULATIONS } from "./regulations";
import { KEYS, MADE } from "./capabilities";
import { CHANNELS, MESSAGES, TESTED } from "./channels";
import { settingsView } from "./settings";
import { WARNED } from "./warnings";

const AUDIT = ["session.login", "alert.act.acknowledge", "incident.write.create", "task.issue.dispatch", "task.work.sign", "task.work.submit", "task.issue.verify"].map((action, index) => ({
  sequence: 7 - index,
  time: ago(index * 4),
  actor: index > 3 ? "yuzhong" : "analyst",
  unit: "620000",
  action,
  object: index ? `task/${index}` : "session",
  outcome: index === 5 ? "denied" : "success",
  detail: "",
  address: "127.0.0.1",
  hash: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
}));

const USERS = (["analyst", "steward", "county_officer", "auditor"] as Role[]).map((role, index) => ({
  id: String(index + 10),
  username: role,
  display_name: "值班人员",
  roles: [role],
  unit: YUZHONG,
  state: index === 3 ? "locked" : "active",
  must_change_password: index === 1,
  second_factor: index === 0,
  created_at: ago(2000),
  last_login_at: index ? ago(90) : null,
}));

type Answer = (id: string, url: URL, method: string) => unknown;

const ANSWERS: [RegExp, Answer][] = [
  ...SUPERVISION,
  ...WARNED,
  ...REGULATIONS,
  ...READINESS,
  [/^overview$/, () => OVERVIEW],
  [/^posture$/, () => POSTURE],
  [/^units$/, () => ({ items: UNITS })],
  [/^sensors$/, () => ({ items: SENSORS })],
  [/^alerts$/, () => list(ALERTS)],
  [/^alerts\/actions$/, () => ({ changed: 1, undo_token: "u" })],
  [/^alerts\/(\w+)$/, (id) => alertDetail(ALERTS.find((row) => row.id === id) ?? alertRow(0))],
  [/^incidents$/, (_, __, method) => (method === "POST" ? INCIDENT_DETAIL : list([INCIDENT]))],
  [/^incidents\/\w+\/tasks$/, () => ({ tasks: TASKS.slice(0, 1) })],
  [/^incidents\/(\w+)$/, () => INCIDENT_DETAIL],
  [/^tasks$/, () => list(TASKS)],
  [/^tasks\/(\w+)/, (id) => taskDetail(TASKS.find((row) => row.id === id) ?? taskRow(id, "new", 60))],
  [/^findings$/, () => list(FINDINGS)],
  [/^findings\/(\w+)$/, (id) => findingDetail(FINDINGS.find((row) => row.id === id) ?? (FINDINGS[0] as FindingRow))],
  [/^events$/, () => ({ items: EVENTS, total: 20_412, took_ms: 7, next_cursor: null })],
  [/^events\/histogram$/, () => ({ buckets: Array.from({ length: 60 }, (_, index) => ({ time: ago((60 - index) * 24), count: wave(index) * 30 })) })],
  [/^events\/top$/, () => ({ items: [{ term: "203.0.113.21", count: 812 }, { term: "10.62.1.12", count: 90 }] })],
  [/^events\/retro-hunts$/, (_, __, method) => (method === "GET" ? { items: [HUNT, ...EARLIER] } : HUNT)],
  [/^events\/retro-hunts\/(\w+)$/, (id) => ({ ...(EARLIER.find((hunt) => hunt.id === id) ?? HUNT), report: { ...REPORT, hits: 77 } })],
  [/^capability-keys$/, (_, __, method) => (method === "GET" ? { items: KEYS } : MADE)],
  [/^capability-keys\/(\w+)\/revoke$/, () => KEYS[0]],
  [/^channels$/, (_, __, method) => (method === "GET" ? { items: CHANNELS, hosts: ["oapi.dingtalk.com", "sms.gansu.gov.cn:8443"] } : CHANNELS[0])],
  [/^channels\/\w+\/test$/, () => TESTED],
  [/^channels\/(\w+)/, (id) => CHANNELS.find((row) => row.id === id)],
  [/^messages$/, (_, url) => list(MESSAGES.filter((row) => [null, "all", row.state].includes(url.searchParams.get("state"))))],
  [/^messages\//, () => MESSAGES[3]],
  [/^audit$/, () => list(AUDIT)],
  [/^audit\/verify$/, () => ({ ok: true, checked: 7, first_bad: null })],
  [/^users$/, () => list(USERS)],
  [/^masking\/policies$/, () => POLICIES],
  [/^platform$/, () => ({ name: "甘肃省数字政府网络安全平台", notice: "本系统仅限授权人员使用，操作全程留痕。\n值班电话 0931-0000000" })],
  [/^setup$/, () => ({ needed: false })],
  [/^suppressions$/, () => ({ items: SUPPRESSIONS })],
  [/^suppressions\/preview$/, () => ({ matching: 204, open: 18, serious: 1, sample: ALERTS.slice(0, 4) })],
  [/^views$/, () => ({ items: [] })],
  [/^handovers$/, () => ({ items: HANDOVERS })],
  [/^handovers\/numbers$/, () => HANDOVERS[0]?.numbers],
  [/^nodes$/, () => list(NODES)],
  [/^drills$/, () => ({ items: [DRILL.row] })],
  [/^drills\/recordings$/, () => ({ items: RECORDINGS })],
  [/^drills\/\w+$/, () => DRILL],
  [/^indicators$/, () => list(INDICATORS)],
  [/^indicators\/lists$/, () => ({ items: INDICATOR_LISTS })],
  [/^entities$/, () => ENTITY],
  [/^rules$/, () => ({ items: RULES })],
  [/^assets$/, () => ({ items: ASSETS })],
  [/^masking\/preview$/, () => ({ before: "", after: "申请人马**，身份证号620417********3382", functions: [{ column: null, data_type: "cn_resident_id", data_type_zh: "居民身份证号", function: "保格式加密", count: 1 }] })],
  [/^shares$/, () => ({ items: SHARES })],
  [/^flows$/, () => ({ items: FLOWS })],
  [/^traces$/, () => ({ items: TRACES })],
  [/^session\/factors$/, () => FACTORS],
  [/^session\/challenge$/, () => ({ challenge: "fengsui-login.1.x.y", expires_at: ahead(5) })],
];

/** Answers the interface's calls on this page as for somebody with the role; nobody is logged in without one. */
/** Answers as a server would; `change` has the last word on what it says, but for who is logged in. */
export async function serveFixtures(page: Page, role: Role | null, change: (answer: unknown) => unknown = (answer) => answer): Promise<void> {
  await page.route("**/api/v1/**", async (route) => {
    const url = new URL(route.request().url());
    const path = url.pathname.replace("/api/v1/", "");
    if (path === "stream") return route.abort();
    if (path === "session") {
      const refused = { error: { code: "unauthenticated", message_zh: "请先登录", message_en: "log in first", field: null } };
      return role ? route.fulfill({ json: sessionView(role) }) : route.fulfill({ status: 401, json: refused });
    }
    if (path.startsWith("settings")) return route.fulfill({ json: change(settingsView(role === "secadmin")) });
    for (const [pattern, answer] of ANSWERS) {
      const match = pattern.exec(path);
      if (match) return route.fulfill({ json: change(answer(match[1] ?? "", url, route.request().method())) });
    }
    return route.fulfill({ status: 404, json: { error: { code: "not_found", message_zh: "没有找到", message_en: "not found", field: null } } });
  });
}
