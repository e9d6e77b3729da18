// Warnings, notifications and requests for evidence, as a server would answer.

import type { EvidenceRequestRow, NotificationRow, ReportedScorecard, ScorecardRow, WarningRow } from "../src/api/types";
import { ago, ahead, ALERTS, UNITS, YUZHONG } from "./fixtures-base";

const [PROVINCE] = UNITS;
const unit = (index: number) => ({ code: UNITS[index]?.code ?? "", name: UNITS[index]?.name ?? "" });

function warning(id: number, level: WarningRow["level"], title: string, more: Partial<WarningRow>): WarningRow {
  return {
    id: String(id),
    number: `W2026-000${id}`,
    level,
    title,
    reason: "国家网络与信息安全信息通报中心通报，省内已发现利用行为",
    measures: "一、排查受影响系统，24小时内完成加固。\n二、值班人员保持电话畅通。\n三、发现异常立即报告。",
    state: "in_force",
    unit: { code: PROVINCE?.code ?? "620000", name: PROVINCE?.name ?? "" },
    created_by: "值班人员",
    created_at: ago(300),
    in_force_at: ago(240),
    valid_until: ahead(2880),
    units: [1, 2].map((index) => ({ unit: unit(index), received_by: index === 1 ? "李主任" : null, received_at: index === 1 ? ago(200) : null })),
    unit_count: 2,
    receipts: 1,
    is_for_me: false,
    wanted: null,
    allowed: ["change"],
    history: [
      { time: ago(200), actor: "lanzhou", action: "receive", detail: unit(1).name },
      { time: ago(240), actor: "leader", action: "issue", detail: "issue: 情况属实" },
      { time: ago(300), actor: "analyst", action: "propose", detail: "orange: 国家通报" },
    ],
    ...more,
  };
}

const WARNINGS: WarningRow[] = [
  warning(3, "red", "某电子公文系统高危漏洞被大规模利用", {
    state: "proposed",
    in_force_at: null,
    receipts: 0,
    allowed: ["decide"],
    wanted: { what: "issue", by: "值班人员", reason: "已有三个市州失陷" },
  }),
  warning(2, "orange", "某电子公文系统高危漏洞被利用", { is_for_me: true, allowed: ["change", "receive"] }),
  warning(1, "blue", "国庆期间网站篡改风险", { state: "expired", allowed: [], valid_until: ago(60) }),
];

const NOTIFICATIONS: NotificationRow[] = (
  [
    ["warning", "2", "某电子公文系统高危漏洞被利用", "orange", 2880],
    ["task_submitted", "4", "处置：政务服务网注入", null, null],
    ["clock", "1", "向保护工作部门报告", null, 35],
    ["evidence", "r1", "核实是否为同一攻击者", null, null],
    ["task_due", "2", "核查办公终端外联", null, 90],
  ] as const
).map(([kind, object, title, level, due], index) => ({
  name: `${kind}/${object}`,
  kind,
  object,
  title,
  at: ago(index * 41 + 3),
  due_at: due === null ? null : ahead(due),
  level,
  read: index > 2,
}));

const REQUESTS: EvidenceRequestRow[] = (["open", "delivered", "refused", "approved"] as const).map((state, index) => ({
  id: `r${index + 1}`,
  side: index === 0 ? "owed" : "asked",
  alert_id: ALERTS[index]?.id ?? "",
  unit: YUZHONG,
  node: index === 0 ? "620000" : "620123",
  reason: ["核实是否为同一攻击者", "研判数据是否外流", "抽查处置质量", "核对载荷"][index] ?? "",
  asked_by: "值班人员",
  asked_at: ago(index * 300 + 20),
  state,
  decided_by: index === 0 ? "" : "榆中县值班",
  decided_at: index === 0 ? null : ago(index * 300),
  decision: ["", "同意", "报文含个人信息，请先说明用途", "同意"][index] ?? "",
  sm3: index === 1 ? "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" : "",
  bytes: index === 1 ? 182_442 : 0,
}));

const REPORTED = (row: ScorecardRow): ReportedScorecard[] =>
  ["620100", "620900"].map((node, index) => ({ node, from: ago(43_200), to: ago(8), row: { ...row, unit: unit(index + 1), score: 92.1 - index * 7.5 } }));

/** What the pages ask for, and the answers. */
export const WARNED: [RegExp, (id: string, url: URL) => unknown][] = [
  [/^warnings$/, (_, url) => ({ items: WARNINGS.filter((row) => url.searchParams.get("current") !== "true" || row.state === "in_force") })],
  [/^notifications$/, () => ({ items: NOTIFICATIONS, unread: 3 })],
  [/^notifications\/read$/, () => ({ items: NOTIFICATIONS.map((row) => ({ ...row, read: true })), unread: 0 })],
  [/^evidence-requests$/, () => ({ items: REQUESTS })],
];

/** Scorecards that nodes below report, made like one that was counted here. */
export const reportedLike = REPORTED;
