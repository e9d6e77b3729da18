// Answers for the pages of shifts, rules, entities and data protection.

import { ago, ahead, YUZHONG, TITLES, ALERTS, INCIDENT, UNITS, wave, OVERVIEW } from "./fixtures-base";

export const SUPPRESSIONS = ["running", "expired"].map((state, index) => ({
  id: String(index + 1),
  title: "端口扫描（巡检主机）",
  matches: { rule_id: "behaviour:port_scan", source_ip: "10.62.9.10", destination_ip: null, unit: "620000" },
  unit: UNITS[0],
  reason: "例行漏洞巡检，已登记",
  created_by: "analyst",
  created_at: ago(3000),
  expires_at: ahead(index ? -60 : 9000),
  state,
  matched: 1204 * (2 - index),
  last_match_at: ago(8),
}));

export const HANDOVERS = [0, 1].map((index) => ({
  id: String(2 - index),
  author: "夜班分析员",
  created_at: ago(30 + index * 720),
  text: "榆中县政务网注入事件已下派，等待县里反馈；203.0.113.21 仍在扫描，已封堵两个出口。\n巡检主机 10.62.9.10 的扫描为误报，已抑制 7 天。",
  numbers: { alerts_open: OVERVIEW.alerts_open_by_severity, incidents_open: 3, tasks_open: 6, tasks_overdue: 1, sensors_bad: 1 },
  incidents: [INCIDENT],
  taken_by: index ? "值班人员" : null,
  taken_at: index ? ago(700) : null,
  may_take: index === 0,
  unit: UNITS[0],
}));

export const NODES = ["trusted", "changed", "unknown"].map((trust, index) => ({
  id: ["620100", "620900", "620123"][index],
  relation: "child",
  role: "console",
  fingerprint: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
  state: index === 2 ? "pending" : "active",
  enrolled_at: ago(9000),
  last_contact: index === 2 ? null : ago(index * 30),
  clock_skew_ms: index === 2 ? null : 120 - index * 2400,
  waiting: index * 412,
  received: 18_204 * (2 - index),
  refused: index === 1 ? 3 : 0,
  measurement: "66c7f0f462eeedd9",
  trust,
}));

export const INDICATORS = ["domain", "ip", "cidr", "url", "hash"].map((kind, index) => ({
  id: String(50 - index),
  list: index < 2 ? "banking-phish" : "demonstration",
  kind,
  value: ["login-gov.example", "203.0.113.66", "198.51.100.128/25", "cdn.example/fengsui-demo/dropper.bin?<script>alert(1)</script>", "44d88612fea8a8f36de82e1278abb02f44d88612fea8a8f36de82e1278abb02f"][index] ?? "",
  severity: ["high", "critical", "medium", "high", "low"][index],
  description: "phishing of the provincial portal",
  description_zh: "仿冒省政务服务网登录页",
  reference: "",
  expires_at: index === 2 ? null : ahead(index === 3 ? -600 : 90 * 1440),
  added_at: ago(600),
  added_by: index < 2 ? "analyst" : "",
  state: ["active", "active", "active", "expired", "retired"][index],
  retired_by: index === 4 ? "analyst" : null,
  retired_at: index === 4 ? ago(60) : null,
  retired_for: index === 4 ? "内部更新服务器，误报" : null,
  hits: [1204, 18, 0, 3, 0][index],
  last_hit: index % 2 === 0 ? null : ago(1440),
}));

export const INDICATOR_LISTS = ["banking-phish", "demonstration"].map((name, index) => ({
  name,
  origin: index ? "given" : "import",
  total: 5,
  active: 3,
  changed_at: ago(600),
  changed_by: index ? "" : "analyst",
}));

export const RECORDINGS = [
  { name: "web-attack", title_zh: "对政务网站的注入、遍历、网页木马", title_en: "Injection and a web shell", acts: 8, techniques: ["T1003.008", "T1033", "T1083", "T1190", "T1505.003"] },
  { name: "port-scan", title_zh: "扫描两台主机并识别网站", title_en: "Two hosts scanned", acts: 3, techniques: ["T1046", "T1595.002"] },
];

export const DRILL = {
  replay: { recording: "web-attack", state: "playing", error: null },
  row: { id: "1", title: "秋季攻防演练", started_at: ago(600), ended_at: null, created_by: "analyst", unit: UNITS[0], actions: 4 },
  actions: ["T1595", "T1190", "T1505.003", "T1486"].map((technique, index) => ({
    at: ago(500 - index * 60),
    technique,
    target: "10.62.1.12",
    note: ["端口扫描", "SQL 注入", "上传 WebShell", "加密勒索（模拟）"][index] ?? "",
    alert_id: index < 3 ? ALERTS[index]?.id : null,
    delay_seconds: index < 3 ? 12 * (index + 1) : null,
  })),
  scores: ["T1486", "T1595", "T1190", "T1505.003"].map((technique, index) => ({
    technique,
    acts: 1,
    detected: index ? 1 : 0,
    median_delay_seconds: index ? 12 * index : null,
  })),
  detected_percent: 75,
};

export const ENTITY = {
  kind: "address",
  value: "203.0.113.21",
  asset: null,
  total: 412,
  first_time: ago(9000),
  last_time: ago(3),
  hours: Array.from({ length: 60 }, (_, index) => ({ hour: ago(index * 150), count: wave(index), worst: index % 7 ? "medium" : "high" })),
  until: ago(0),
  neighbours: Array.from({ length: 9 }, (_, index) => ({
    kind: index % 3 ? "address" : "domain",
    value: index % 3 ? `10.62.1.${10 + index}` : `www.example${index}.gov.cn`,
    asset: index === 1 ? "县政务服务网" : null,
    count: 90 - index * 9,
    worst: ["high", "medium", "low"][index % 3],
  })),
  alerts: ALERTS.slice(0, 8),
  incidents: [INCIDENT],
};

export const RULES = TITLES.map(([severity, title_zh, title_en, source], index) => ({
  rule_id: `suricata:91000${index}`,
  source,
  title_zh,
  title_en,
  severity,
  count: 1840 >> index,
  suppressed: index === 4 ? 60 : 0,
  false_positives: index === 4 ? 70 : 2,
  days: [3, 8, 2, 9, 12, 4, 7].map((count) => count * (6 - index)),
}));

export const ASSETS = ["level4", "level3", "level2"].map((grade, index) => ({
  id: String(index + 1),
  asset: {
    name: ["不动产登记库", "一体化平台办件表", "政务公开目录"][index],
    kind: ["database", "database", "file"][index],
    location: ["bdc.owners", "gov_hall.applicants", "/data/open/catalogue.csv"][index],
    custodian: "数据处 责任人",
    grade,
    types: ["cn_resident_id"],
    description: "",
    unit: "620123",
    finding_id: null,
  },
  types_zh: index === 2 ? [] : ["居民身份证号", "手机号"],
  unit: YUZHONG,
  state: "active",
  updated_at: ago(500),
  updated_by: "steward",
}));

export const POLICY_TEXT = `id = "share-standard"
title = "部门间共享标准脱敏策略"
version = "2026-11-01"
otherwise = "redact"

[[rule]]
types = ["cn_resident_id", "bank_card"]
mask = "ff1"
`;

export const POLICIES = {
  items: ["draft", "approved", "builtin"].map((state, index) => ({
    id: state === "builtin" ? null : String(9 - index),
    name: "share-standard",
    version: state === "builtin" ? "2026-11-01" : String(3 - index),
    title_zh: "部门间共享标准脱敏策略",
    body: POLICY_TEXT,
    state,
    author: state === "builtin" ? null : "数据管理员",
    written_at: state === "builtin" ? null : ago(100),
    decided_by: state === "approved" ? "安全管理员" : null,
    reason: state === "approved" ? "符合分级要求" : null,
    may_decide: false,
    may_write: state === "draft",
  })),
  functions: [
    { name: "ff1", label: "保格式加密" },
    { name: "partial", label: "部分遮蔽" },
    { name: "redact", label: "整体遮蔽" },
  ],
};

export const SHARES = ["requested", "approved", "released"].map((state, index) => ({
  id: String(index + 1),
  number: `S2026-0000${index + 1}`,
  title: "低保核查所需居民信息",
  purpose: "低保资格核查",
  legal_basis: "《政务数据共享条例》第十五条",
  recipient: ["省民政厅", "兰州市大数据局", "省人社厅"][index],
  recipient_role: "",
  policy: "share-standard",
  file_name: "居民信息.csv",
  state,
  requester: "数据管理员",
  created_at: ago(400 - index * 60),
  decided_by: index ? "数据处长" : null,
  decided_at: index ? ago(200) : null,
  reason: index ? "用途合规" : null,
  released_at: index === 2 ? ago(100) : null,
  ledger_sequence: index === 2 ? 41 : null,
  copy_sm3: index === 2 ? "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" : null,
  copy_rows: index === 2 ? 20_411 : null,
  downloads: index === 2 ? 1 : 0,
  unit: UNITS[0],
  allowed: [["decide"], ["release"], ["download"]][index],
}));

export const FLOWS = ["居民信息.csv", "办件表.xlsx", "企业法人.csv"].flatMap((source, index) =>
  ["省民政厅", "兰州市大数据局"].map((target, at) => ({
    kind: "ledger",
    source,
    target,
    amount: 20_400 >> (index + at),
    times: 2,
    grade: null,
    policy: "share-standard",
    last: ago(60 * index),
  })),
).concat([
  { kind: "wire", source: "10.62.1.12", target: "198.51.100.7", amount: 2_387, times: 3, grade: "level4", policy: null, last: ago(9) } as never,
]);

export const TRACES = [
  {
    id: "1",
    file_name: "网上流传的名单.csv",
    file_sm3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    actor: "数据管理员",
    created_at: ago(20),
    named: ["兰州市大数据局"],
    suspects: [
      { recipient: "兰州市大数据局", score: 31.2, error_probability: 1e-60, named: true, source: "居民信息.csv", rows: 900, marks: 880 },
      { recipient: "省民政厅", score: 0.4, error_probability: 0.9, named: false, source: "居民信息.csv", rows: 900, marks: 880 },
    ],
    datasets: 2,
  },
];

export const FACTORS = {
  totp_since: ago(5000),
  recovery_left: 9,
  keys: [{ id: "1", name: "办公 U 盾", key_id: "66c7f0f462eeedd9d1f2d46bdc10e4e2", created_at: ago(4000), used_at: ago(70) }],
  required: false,
};
