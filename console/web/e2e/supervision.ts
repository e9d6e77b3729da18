// Answers of the supervision pages.

import { reportedLike } from "./warnings";
import type { Bulletin, CampaignDetail, CampaignRow, ComplianceView, ControlView, ScorecardRow, Scorecards } from "../src/api/types";

const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

const PROVINCE = { code: "620000", name: "甘肃省" };
const YUZHONG = { code: "620123", name: "榆中县" };
const YONGDENG = { code: "620121", name: "永登县" };

const ROW: CampaignRow = {
  id: "1",
  number: "D2026-0001",
  title: "重要时期网络安全督查",
  issuer: PROVINCE,
  created_at: at(-48),
  due_at: at(72),
  closed_at: null,
  units: 2,
  answered: 1,
  findings: 2,
  rectified: 1,
};

const DETAIL: CampaignDetail = {
  row: ROW,
  basis: "网络安全工作责任制实施办法",
  items: [
    { index: 0, text: "身份鉴别：身份唯一、口令复杂并定期更换，失败锁定和超时退出", basis: "网络安全等级保护三级 8.1.4.1" },
    { index: 1, text: "应急预案管理：有统一框架和专项预案，定期培训演练并修订", basis: "网络安全等级保护三级 8.1.10.13" },
    { index: 2, text: "值班电话24小时畅通", basis: "" },
  ],
  inspections: [
    {
      unit: YUZHONG,
      answers: [
        { item: 0, result: "gap", note: "两台主机口令未定期更换" },
        { item: 1, result: "met", note: "" },
        { item: 2, result: "not_applicable", note: "" },
      ],
      answered_at: at(-3),
      answered_by: "榆中县联络员",
      overdue: false,
    },
    { unit: YONGDENG, answers: [], answered_at: null, answered_by: "", overdue: true },
  ],
  findings: [
    { id: "1", unit: YUZHONG, item: 0, text: "两台主机口令未定期更换<img src=x onerror=alert(1)>", source: "self", state: "rectified", task_id: "3", task_number: "R2026-000003", task_state: "closed" },
    { id: "2", unit: YONGDENG, item: 1, text: "应急预案两年未演练", source: "inspector", state: "open", task_id: null, task_number: null, task_state: null },
  ],
  allowed: ["answer", "find", "order", "close"],
};

const control = (id: string, area: string, title: string, state: ControlView["state"]): ControlView => ({
  id,
  area,
  title,
  check: "身份唯一、口令复杂并定期更换，失败锁定和超时退出，防窃听，两种以上鉴别且一种用密码技术",
  state,
  evidence: state === "met" ? "口令策略截图 2026-11" : "",
  updated_at: state ? at(-20) : null,
  updated_by: state ? "值班人员" : "",
});

const COMPLIANCE: ComplianceView = {
  unit: PROVINCE,
  catalogues: [
    {
      name: "mlps3",
      title_zh: "网络安全等级保护三级",
      title_en: "Multi-level protection, level 3",
      source: "GB/T 22239-2019 第8.1条",
      counts: { total: 5, met: 2, partly: 1, unmet: 1, not_applicable: 0 },
      controls: [
        control("8.1.4.1", "安全计算环境", "身份鉴别", "met"),
        control("8.1.4.2", "安全计算环境", "访问控制", "met"),
        control("8.1.4.3", "安全计算环境", "安全审计", "partly"),
        control("8.1.4.9", "安全计算环境", "数据备份恢复", "unmet"),
        control("8.1.5.4", "安全管理中心", "集中管控", null),
      ],
    },
  ],
  units: { mlps3: [{ unit: YUZHONG, counts: { total: 5, met: 4, partly: 0, unmet: 1, not_applicable: 0 } }] },
};

const score = (unit: ScorecardRow["unit"], rank: number | null): ScorecardRow => ({
  unit,
  tasks: rank ? 12 : 0,
  signed_in_time: rank ? 12 - rank : 0,
  median_sign_minutes: rank ? 18 * rank : null,
  median_finish_minutes: rank ? 640 : null,
  finished_in_time: rank ? 11 - rank : 0,
  overdue: rank ?? 0,
  inspections: rank ? 1 : 0,
  inspections_in_time: rank === 1 ? 1 : 0,
  training_expected: rank ? 120 : 0,
  training_attended: rank ? 96 : 0,
  calls: rank ? 4 : 0,
  calls_reached: rank ? 3 : 0,
  controls: rank ? 71 : 0,
  controls_met: rank ? 60 : 0,
  score: rank ? 98.2 - rank * 6 : null,
  rank,
});

const SCORECARDS: Scorecards = {
  from: at(-720),
  to: at(0),
  parts: [
    { name: "signed_in_time", title_zh: "按时签收", title_en: "Signed in time", weight: 30 },
    { name: "finished_in_time", title_zh: "按时办结", title_en: "Finished in time", weight: 40 },
  ],
  items: [score(YUZHONG, 1), score(YONGDENG, 2), score({ code: "620102", name: "城关区" }, null)],
};

const BULLETIN: Bulletin = {
  period: "daily",
  unit: PROVINCE,
  from: at(-24),
  to: at(0),
  figures: ["alerts", "alerts_high", "incidents", "tasks_issued", "tasks_finished", "findings"].map((name, index) => ({
    name,
    value: [1204, 61, 3, 9, 7, 2][index] ?? 0,
    before: [1310, 44, 3, 4, 8, 0][index] ?? 0,
  })),
  incidents: [{ number: "2026-000001", title: "县政务服务网遭 SQL 注入并外传数据", grade: "较大", state: "open", unit: YUZHONG }],
  busiest: [
    { unit: YUZHONG, count: 812 },
    { unit: YONGDENG, count: 77 },
  ],
  overdue: [],
};

/** What the pages ask for, and the answers. */
export const SUPERVISION: [RegExp, () => unknown][] = [
  [/^campaigns$/, () => ({ items: [ROW] })],
  [/^campaigns\/1$/, () => DETAIL],
  [/^compliance$/, () => COMPLIANCE],
  [/^scorecards$/, () => SCORECARDS],
  [/^scorecards\/reported$/, () => ({ items: reportedLike(score(YUZHONG, 1)) })],
  [/^bulletin$/, () => BULLETIN],
];
