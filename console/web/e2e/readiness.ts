// Readiness, appeals and talks, as a server would answer.

import type { ActivationRow, AppealRow, ContactDrillDetail, ContactDrillRow, DutyPerson, DutyShift, PlanRow, PlanStep, SystemRow, TalkRow, TrainingRow } from "../src/api/readiness";
import type { Forecast } from "../src/api/types";
import { ago, ahead, INCIDENT, LANZHOU, UNITS, YUZHONG } from "./fixtures-base";

const PROVINCE = { code: "620000", name: "甘肃省" };
const unit = (index: number) => ({ code: UNITS[index]?.code ?? "", name: UNITS[index]?.name ?? "" });

const STEPS: PlanStep[] = [
  { phase: "先期处置", text: "断开受影响主机的网络，不关机、不重启、不格式化", who: "县区联络员" },
  { phase: "先期处置", text: "核查备份是否在线、是否完好，立即断开在线备份", who: "运维单位" },
  { phase: "报告研判", text: "按影响范围定级，在时限内向网信部门和公安机关报告", who: "值班分析员" },
  { phase: "处置", text: "按入侵时间线排查同网段和同账号的其他主机", who: "技术支撑组" },
  { phase: "恢复", text: "从完好备份恢复到干净环境，经验证后逐个上线", who: "运维单位" },
];

export const PLANS: PlanRow[] = ["勒索病毒事件应急预案", "门户网站网页篡改应急预案", "数据泄露事件应急预案"].map((title, index) => ({
  id: String(index + 1),
  number: `Y2026-000${index + 1}`,
  title,
  scenario: ["主机或业务系统数据被加密，收到勒索信息", "门户网站内容被篡改", "个人信息被外传、公开或出售"][index] ?? "",
  unit: PROVINCE,
  version: index + 1,
  steps: STEPS,
  updated_at: ago(9000),
  updated_by: "省级分析员",
  drilled_at: index === 2 ? null : ago(60_000 * (index + 1)),
  allowed: ["revise", "activate"],
}));

export const ACTIVATIONS: ActivationRow[] = (["real", "drill"] as const).map((kind, index) => ({
  id: String(2 - index),
  plan_id: "1",
  version: 1,
  title: "勒索病毒事件应急预案",
  kind,
  level: index ? "iii" : "ii",
  reason: ["三台业务主机被加密<img src=x onerror=alert(1)>", "季度演练"][index] ?? "",
  incident_id: index ? null : INCIDENT.id,
  unit: index ? YUZHONG : PROVINCE,
  started_at: ago(index ? 60_000 : 45),
  started_by: "值班分析员",
  ended_at: index ? ago(59_900) : null,
  summary: index ? "用时40分钟；备份核查超时，已补充备份清单。" : "",
  steps: STEPS.map((step, place) => ({
    ...step,
    index: place,
    done_by: index || place < 2 ? "值班分析员" : null,
    done_at: index || place < 2 ? ago(40 - place * 9) : null,
    note: "",
  })),
  may_work: index === 0,
}));

export const PEOPLE: DutyPerson[] = (["leader", "responsible", "liaison", "backup"] as const).flatMap((duty, index) =>
  [PROVINCE, LANZHOU, YUZHONG].map((where, place) => ({
    id: String(index * 3 + place + 1),
    unit: where,
    duty,
    name: ["马建国", "李红梅", "王占林", "张海燕"][index] ?? "",
    post: ["分管副主任", "信息中心主任", "网络安全科", "运维班长"][index] ?? "",
    phone: `0931-84600${index}${place}`,
    recorded_by: "analyst",
    recorded_at: ago(20_000),
  })),
);

const SHIFTS: DutyShift[] = [0, 1, 2, 3].map((index) => ({
  id: String(index + 1),
  unit: index % 2 ? LANZHOU : PROVINCE,
  begins_at: index < 2 ? ago(200) : ahead(500),
  ends_at: ahead(index < 2 ? 500 : 1220),
  name: ["值班员甲", "值班员乙", "值班员丙", "值班员丁"][index] ?? "",
  phone: `0931-846100${index}`,
  note: index === 0 ? "带班领导：马建国" : "",
  is_now: index < 2,
}));

const DRILL_ROW: ContactDrillRow = { id: "1", title: "国庆前联络演练", unit: PROVINCE, started_at: ago(90), started_by: "analyst", ended_at: null, people: 3, called: 2, reached: 1 };

const DRILL: ContactDrillDetail = {
  row: DRILL_ROW,
  calls: [false, null, true].map((reached, index) => ({
    person: PEOPLE[6 + index] as DutyPerson,
    reached,
    called_at: reached === null ? null : ago(60 - index),
    called_by: reached === null ? null : "analyst",
    note: "",
  })),
  may_work: true,
};

const TRAININGS: TrainingRow[] = (["exam", "course", "exercise"] as const).map((kind, index) => ({
  id: String(index + 1),
  unit: unit(index),
  kind,
  title: ["网络安全意识考试", "钓鱼邮件识别培训", "勒索病毒处置演练"][index] ?? "",
  held_at: ago(4_000 * (index + 1)),
  expected: 120 - index * 40,
  attended: 112 - index * 41,
  passed: kind === "exam" ? 104 : null,
  note: "",
  recorded_by: "analyst",
}));

const APPEALS: AppealRow[] = (["open", "accepted"] as const).map((state, index) => ({
  id: String(2 - index),
  unit: index ? LANZHOU : YUZHONG,
  from: ago(43_200),
  to: ago(0),
  text: "三项任务在专线中断期间未送达，逾期应予剔除。",
  asked_by: "榆中县协调员",
  asked_at: ago(300 * (index + 1)),
  state,
  decided_by: index ? "省级领导" : null,
  decided_at: index ? ago(100) : null,
  decision: index ? "链路记录属实，剔除两项。" : null,
  may_decide: index === 0,
}));

const TALKS: TalkRow[] = [true, false].map((overdue, index) => ({
  id: String(2 - index),
  unit: unit(index + 3),
  person: "分管副县长",
  reason: "连续两个季度考核末位，督查问题逾期未整改",
  basis: "《党委（党组）网络安全工作责任制实施办法》",
  measures: "一、补齐责任人和值班表。\n二、限期完成三项整改。",
  held_at: ago(50_000),
  due_at: overdue ? ago(600) : ahead(9_000),
  recorded_by: "省级领导",
  closed_at: null,
  closed_by: null,
  outcome: null,
  overdue,
  may_close: true,
}));

const SYSTEMS: SystemRow[] = (["overdue", "soon", "good", "never"] as const).map((state, index) => ({
  id: String(index + 1),
  unit: unit(index),
  name: ["一体化政务服务平台", "省级数据共享交换平台", "县政务服务网", "机关内部论坛"][index] ?? "",
  domain: (["application", "data", "application", "network"] as const)[index] ?? "application",
  level: [3, 3, 2, 2][index] ?? 2,
  owner: "信息中心 马工",
  filing: index === 3 ? "" : `6200009900${index}-00001`,
  filed_at: index === 3 ? null : ago(900_000),
  filing_state: index === 3 ? "never" : "good",
  assessed_at: index === 3 ? null : ago(500_000),
  assessment_due: index === 3 ? null : ahead([-14_400, 40_000, 400_000][index] ?? 0),
  assessment_state: state,
  crypto_at: index < 2 ? ago(300_000) : null,
  crypto_due: index < 2 ? ahead(200_000) : null,
  crypto_state: index < 2 ? "good" : "not_needed",
  note: "",
  updated_by: "analyst",
  updated_at: ago(4_000),
}));

const FORECAST: Forecast = {
  hours: Array.from({ length: 24 }, (_, index) => {
    const count = Math.round(7 + 5 * Math.sin(index / 3));
    return { hour: ahead(index * 60), count, low: Math.round(count * 0.6), high: Math.round(count * 1.5) };
  }),
  last_day: 150,
  next_day: 172,
  learnt_from: 336,
};

/** What the pages ask for, and the answers. */
export const READINESS: [RegExp, (id: string, url: URL) => unknown][] = [
  [/^plans$/, () => ({ items: PLANS, activations: ACTIVATIONS, templates: PLANS.map(({ title, scenario, steps }) => ({ title, scenario, steps })) })],
  [/^activations\/(\w+)\/steps$/, () => ACTIVATIONS[0]],
  [/^duty\/people$/, () => ({ items: PEOPLE, gaps: [{ unit: unit(3), duties: ["leader", "liaison"] }, { unit: unit(4), duties: ["leader", "responsible", "liaison"] }], units: 5, contact: null })],
  [/^duty\/shifts$/, () => ({ items: SHIFTS, empty: [YUZHONG] })],
  [/^duty\/drills$/, () => ({ items: [DRILL_ROW] })],
  [/^duty\/drills\/\w+/, () => DRILL],
  [/^systems/, () => ({ items: SYSTEMS })],
  [/^trainings$/, () => ({ items: TRAININGS })],
  [/^appeals/, () => ({ items: APPEALS })],
  [/^talks/, () => ({ items: TALKS })],
  [/^posture\/forecast$/, () => FORECAST],
];
