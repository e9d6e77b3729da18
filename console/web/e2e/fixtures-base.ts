// Answers of a server that is not there: rows, details and numbers that the pages are looked at with. The texts hold what
// attackers would send; no page may do more than show them.

import type { AlertRow, ClockView, FindingRow, IncidentRow, Role, SensorView, TaskRow } from "../src/api/types";

export const NOW = Date.parse("2026-11-22T06:30:00Z");
export const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
export const ahead = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
export const hex = (number: number): string => number.toString(16).padStart(32, "0");

export const YUZHONG = { code: "620123", name: "榆中县" };
export const LANZHOU = { code: "620100", name: "兰州市" };

export const TITLES: [AlertRow["severity"], string, string, AlertRow["source"]][] = [
  ["critical", "对政务网站的命令注入攻击成功返回系统账号文件", "Command injection returned the account file", "signature"],
  ["high", "SQL 注入：联合查询探测", "SQL injection: union query", "signature"],
  ["high", "SSH 暴力破解后登录成功", "SSH login after brute force", "sigma"],
  ["medium", "DNS 隧道特征：超长随机子域名", "DNS tunnel: long random labels", "behaviour"],
  ["low", "端口扫描", "Port scan", "behaviour"],
  ["info", "自签名证书", "Self-signed certificate", "signature"],
];

export function alertRow(index: number): AlertRow {
  const [severity, title_zh, title_en, source] = TITLES[index % TITLES.length] ?? ["info", "", "", "signature"];
  return {
    id: hex(index + 1),
    time: ago(index * 3),
    severity,
    title_zh,
    title_en,
    rule_id: `suricata:91000${index}`,
    source,
    source_ip: `203.0.113.${20 + (index % 7)}`,
    source_port: 40_000 + index,
    destination_ip: "10.62.1.12",
    destination_port: index % 2 ? 443 : 80,
    source_asset: null,
    destination_asset: index % 3 ? "县政务服务网" : null,
    unit: index % 4 ? YUZHONG : LANZHOU,
    domain: "application",
    techniques: index % 2 ? ["T1190"] : ["T1190", "T1059"],
    state: index === 1 ? "in_incident" : index === 2 ? "acknowledged" : "new",
    disposition: null,
    assignee: index === 2 ? { id: "2", display_name: "值班分析员" } : null,
    incident_id: index === 1 ? hex(900) : null,
    count: [1, 18, 204, 3, 1, 1][index % 6] ?? 1,
    group_key: `g${index}`,
    first_time: ago(index * 3 + 40),
    revision: 100 - index,
  };
}

export const ALERTS = Array.from({ length: 60 }, (_, index) => alertRow(index));
export const PAYLOAD =
  "GET /list.php?id=1%20UNION%20SELECT%20user,password HTTP/1.1\r\nHost: www.example.gov.cn\r\nUser-Agent: sqlmap/1.7 <script>alert(1)</script>\r\nX-Name: invoice\u202Efdp.exe\r\n\r\n";

export const CLOCKS: ClockView[] = [
  clock("1", "研判定级", "running", 42, 0.3),
  clock("2", "向省级主管部门报告", "warning", 18, 0.7),
  clock("3", "30 日内结案报告", "overdue", -12, 1.1),
];

/** One that was reported in time, with how. */
const REPORTED: ClockView = {
  ...clock("4", "向同级网信部门报告", "done", 60, 0.4),
  record: { done_at: ago(40), channel: "hotline", recipient: "省委网信办值班室", note: "回执 20261122-7", recorded_at: ago(38), recorded_by: "值班分析员" },
};

export function clock(id: string, title_zh: string, state: string, minutes: number, fraction_used: number): ClockView {
  return {
    id,
    kind: "report",
    object_kind: "incident",
    object_id: hex(900),
    title_zh,
    title_en: title_zh,
    started_at: ago(60),
    due_at: ahead(minutes),
    seconds_left: minutes * 60,
    fraction_used,
    state,
    basis: "国家网络安全事件报告管理办法 第五条",
    record: null,
  };
}

export const INCIDENT: IncidentRow = {
  id: hex(900),
  number: "2026-000001",
  title: "县政务服务网遭 SQL 注入并外传数据",
  title_en: "SQL injection and exfiltration",
  state: "open",
  grade: null,
  proposed_grade: "larger",
  risk: 8200,
  start: ago(90),
  end: ago(3),
  alert_count: 12,
  task_open: 1,
  task_total: 2,
  unit: YUZHONG,
  domain: "application",
  owner: { id: "2", display_name: "值班分析员" },
  created_at: ago(60),
  revision: 4,
  machine: false,
  clock: clock("1", "向省级网信部门报告", "warning", 35, 0.7),
};

export function taskRow(id: string, state: TaskRow["state"], minutes: number, extra: Partial<TaskRow> = {}): TaskRow {
  return {
    id,
    number: `R2026-00000${id}`,
    title: "处置：县政务服务网遭 SQL 注入并外传数据",
    state,
    unit: YUZHONG,
    issuer: { display_name: "值班分析员", unit_name: "甘肃省" },
    incident_id: hex(900),
    incident_title: INCIDENT.title,
    grade: "larger",
    priority: id === "1" ? "urgent" : "normal",
    due_at: ahead(minutes),
    created_at: ago(50),
    signed_at: state === "new" ? null : ago(40),
    submitted_at: state === "submitted" || state === "closed" ? ago(10) : null,
    overdue: minutes < 0 && state !== "closed",
    seconds_left: minutes * 60,
    steps_done: state === "new" ? 0 : 2,
    steps_total: 3,
    revision: 3,
    ...extra,
  };
}

export const TASKS = [
  taskRow("1", "new", 110),
  taskRow("2", "working", 35),
  taskRow("3", "submitted", 80),
  taskRow("4", "signed", -25),
  taskRow("5", "closed", -400),
];

export const FINDINGS: FindingRow[] = ["level4", "level3", "level2"].map((grade, index) => ({
  id: hex(700 + index),
  time: ago(index * 9),
  place_kind: "wire",
  place_name: ["/upload/居民信息.csv", "通讯录.xlsx", "notice.txt"][index] ?? "",
  source_ip: "10.62.1.12",
  destination_ip: "198.51.100.7",
  protocol: "http",
  grade: grade as FindingRow["grade"],
  types: [
    { data_type: "cn_resident_id", name_zh: "居民身份证号", count: 1200 },
    { data_type: "cn_mobile", name_zh: "手机号", count: 1187 },
  ].slice(0, 2 - (index % 2)),
  unit: YUZHONG,
  state: "open",
  observer: "sensor-lanzhou-1",
  revision: 2,
}));

export const SENSORS: SensorView[] = ["ok", "degraded", "silent"].map((state, index) => ({
  name: `sensor-lanzhou-${index + 1}`,
  unit: LANZHOU,
  interface: "eth1",
  last_seen: ago(index * 5),
  packets_seen: 182_334_120,
  packets_inspected: 182_301_009 - index * 4_000_000,
  inspected_basis_points: 9998 - index * 220,
  losses: index ? [{ cause: "ring", count: 33_111 * index }] : [],
  rules_version: "4f2c19ab77d0e611",
  trust: "trusted",
  rules_loaded: 312,
  rules_failed: index,
  events_emitted: 1_204_331,
  events_shed: 0,
  balances: index < 2,
  state: state as SensorView["state"],
}));

export const severities = (base: number) => ({ critical: base, high: base * 3, medium: base * 6, low: base * 4, info: base * 2 });
export const list = <T>(items: T[]) => ({ items, next_cursor: null, total: items.length, total_is_least: false, newest_revision: 100 });

export const UNITS = [
  { code: "620000", name: "甘肃省", tier: "province", path: "620000/", parent: null },
  { code: "620100", name: "兰州市", tier: "prefecture", path: "620000/620100/", parent: "620000" },
  { code: "620123", name: "榆中县", tier: "county", path: "620000/620100/620123/", parent: "620100" },
  { code: "620121", name: "永登县", tier: "county", path: "620000/620100/620121/", parent: "620100" },
  { code: "620122", name: "皋兰县", tier: "county", path: "620000/620100/620122/", parent: "620100" },
];

export const PERMISSIONS: Partial<Record<Role, string[]>> = {
  analyst: [
    "overview.read",
    "alert.read",
    "alert.act",
    "evidence.read",
    "evidence.list",
    "evidence.request",
    "warning.read",
    "warning.issue",
    "regulation.read",
    "regulation.write",
    "regulation.urge",
    "plan.read",
    "plan.write",
    "plan.activate",
    "duty.read",
    "duty.write",
    "appeal.read",
    "appeal.decide",
    "talk.write",
    "incident.comment",
    "incident.read",
    "incident.write",
    "task.read",
    "task.issue",
    "suppression.read",
    "suppression.write",
    "view.use",
    "handover.read",
    "handover.write",
    "drill.read",
    "indicator.read",
    "indicator.write",
    "drill.write",
    "finding.read",
    "event.search",
    "sensor.read",
    "posture.read",
    "campaign.read",
    "campaign.issue",
    "compliance.read",
    "compliance.write",
    "scorecard.read",
    "bulletin.read",
  ],
  steward: ["overview.read", "finding.read", "finding.review", "masking.preview", "masking.read", "masking.write", "asset.read", "asset.write", "share.read", "share.request", "share.approve", "share.release", "flow.read", "trace.read", "trace.run"],
  county_officer: ["overview.read", "warning.read", "warning.receive", "regulation.read", "regulation.sign", "task.read", "task.work", "campaign.read", "campaign.answer"],
  sysadmin: ["channel.read", "channel.write", "overview.read", "node.read", "node.code", "node.approve", "sensor.read", "user.read", "user.create", "user.disable", "user.reset", "user.unlock", "setting.read", "setting.write"],
  secadmin: ["capability.read", "capability.write", "channel.read", "overview.read", "user.read", "user.enable", "role.read", "setting.read", "setting.approve"],
  leader: ["overview.read", "plan.read", "duty.read", "alert.read", "incident.read", "task.read", "posture.read", "evidence.list", "evidence.approve", "warning.read", "warning.approve", "regulation.read", "regulation.urge"],
  auditor: ["capability.read", "channel.read", "overview.read", "setting.read", "user.read", "role.read", "audit.read", "audit.verify"],
};

export function sessionView(role: Role) {
  return {
    user: { id: "2", username: role, display_name: "值班人员" },
    roles: [role],
    unit: role === "county_officer" ? UNITS[2] : UNITS[0],
    permissions: PERMISSIONS[role] ?? [],
    must_change_password: false,
    must_enrol_second_factor: false,
    idle_timeout_seconds: 1800,
    platform: "烽燧 安全运营",
    server_time: new Date().toISOString(),
    tier: "province",
  };
}

export const HISTORY = [{ time: ago(12), actor: "analyst", action: "acknowledge", detail: "" }];

export function alertDetail(row: AlertRow) {
  return {
    row,
    has_capture: true,
    similar: ALERTS.slice(6, 10),
    history: HISTORY,
    incident: row.incident_id ? INCIDENT : null,
    evidence_below: row.id === ALERTS[1]?.id,
    playbook: {
      name: "web-intrusion",
      title_zh: "网站入侵尝试",
      title_en: "Attack on a web application",
      steps: ["看响应码和返回长度，判断攻击是否成功", "检索同一来源在前后一小时的其他请求", "请系统责任人核对目标主机的新增文件、进程和账号", "在边界或WAF上封堵来源，并记录期限"].map((text, index) => ({
        id: `step-${index}`,
        text_zh: text,
        text_en: `Step ${index}`,
        done_by: index < 2 ? "analyst" : null,
        done_at: index < 2 ? ago(9 - index) : null,
      })),
    },
    alert: {
      source: "signature",
      rule: {
        id: row.rule_id,
        title: row.title_en,
        category: "web-application-attack",
        revision: 3,
        text: 'alert http any any -> any any (msg:"FENGSUI SQL injection union select"; http.uri; content:"UNION"; nocase; content:"SELECT"; distance:1; sid:910001; rev:3;)',
      },
      summary_zh: "203.0.113.21 向县政务服务网（10.62.1.12:80）发送了含联合查询的请求，参数 id 被用于 SQL 注入。",
      summary_en: "203.0.113.21 sent a union query to 10.62.1.12:80.",
      conditions: [
        { condition: 'content:"UNION"; nocase', field: "http.uri", value: "UNION" },
        { condition: 'content:"SELECT"; distance:1', field: "http.uri", value: "SELECT" },
      ],
      entities: [
        { kind: "address", value: "203.0.113.21", role: "source" },
        { kind: "address", value: "10.62.1.12", role: "target", asset: "县政务服务网" },
      ],
      observer: "sensor-lanzhou-1",
      flow: {
        source_ip: "203.0.113.21",
        source_port: 40_001,
        destination_ip: "10.62.1.12",
        destination_port: 80,
        transport: "tcp",
        application: "http",
        bytes_to_destination: 4120,
        bytes_to_source: 88_230,
        community_id: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
      },
      evidence: {
        payload_base64: Buffer.from(PAYLOAD, "utf8").toString("base64"),
        transaction: { http: { hostname: "www.example.gov.cn", url: "/list.php?id=1 UNION SELECT", http_method: "GET", status: 200 } },
      },
    },
  };
}

export const INCIDENT_DETAIL = {
  row: INCIDENT,
  summary: "外部地址先后扫描、注入并取走一份居民信息表。",
  entities: [
    { kind: "address", value: "203.0.113.21", role: "source", asset: null },
    { kind: "address", value: "10.62.1.12", role: "target", asset: "县政务服务网" },
  ],
  techniques: ["T1595", "T1190", "T1048"],
  explanation: [
    { zh: "同一来源 203.0.113.21 在 14 分钟内先扫描、后注入", en: "one source scanned and then injected within 14 minutes" },
    { zh: "被注入主机随后向外传出含身份证号的文件", en: "the host then sent out a file with resident ids" },
  ],
  alerts: ALERTS.slice(0, 5),
  tasks: TASKS.slice(0, 3),
  comments: [{ id: "1", time: ago(30), author: "值班分析员", text: "已电话通知榆中县。" }],
  timeline: [
    { time: ago(90), kind: "alert", actor: "", text_zh: "首条告警：端口扫描", text_en: "first alert: port scan" },
    { time: ago(60), kind: "incident", actor: "值班分析员", text_zh: "建立事件", text_en: "incident created" },
    { time: ago(50), kind: "task", actor: "值班分析员", text_zh: "向榆中县下派任务", text_en: "task dispatched" },
  ],
  clocks: [...CLOCKS, REPORTED],
  participants: [
    { unit: { code: "620900", name: "酒泉市" }, role: "lead", added_by: "analyst", added_at: ago(20) },
    { unit: LANZHOU, role: "assist", added_by: "analyst", added_at: ago(18) },
  ],
  suggested_units: [UNITS[2]],
  grade_basis: "GB/T 20986-2023 5.3",
};

export function taskDetail(row: TaskRow) {
  const worker = row.state === "new" ? ["sign"] : ["progress", "submit", "extension", "help", "attach"];
  return {
    row,
    instructions: "请核查以下资产，按步骤处置并反馈结果。\n县政务服务网（10.62.1.12）",
    steps: ["断开或隔离受影响主机", "核查登录、进程和网页文件是否异常", "消除隐患并留存日志"].map((text, index) => ({
      index,
      text,
      done: index < row.steps_done,
    })),
    target: { address: "10.62.1.12", asset: "县政务服务网" },
    reports:
      row.state === "new"
        ? []
        : [
            {
              time: ago(15),
              author: "榆中县联络员",
              text: "已断网并备份网站目录，发现一个可疑网页文件。",
              attachments: [{ id: "1", name: "现场照片.jpg", size: 482_113, media_type: "image/jpeg" }],
            },
          ],
    history: [{ time: ago(50), actor: "值班分析员", verb: "dispatch", text: "" }],
    alerts: ALERTS.slice(0, 2),
    extension: null,
    parent: null,
    children: row.id === "4" ? [taskRow("11", "submitted", 60), taskRow("12", "new", 60)] : [],
    urged_times: 0,
    allowed: row.state === "submitted" ? ["verify", "return", "cancel"] : row.state === "closed" ? [] : worker,
  };
}

export function findingDetail(row: FindingRow) {
  return {
    row,
    history: [],
    finding: {
      place: { kind: "wire", name: row.place_name, source_ip: row.source_ip, destination_ip: row.destination_ip, protocol: "http", size: 214_311, sm3: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
      samples: row.types.map((type) => ({
        data_type: type.data_type,
        count: type.count,
        confidence: 98,
        masked: type.data_type === "cn_mobile" ? ["138****2031", "139****7754"] : ["620123********0017", "620123********4521"],
        explanation: "格式与校验码均符合",
      })),
      grade: row.grade,
      grade_basis: "GB/T 43697-2024 附录 H；敏感个人信息 1000 条以上",
      observer: row.observer,
    },
  };
}

export const hours = Array.from({ length: 24 }, (_, index) => new Date(NOW - (23 - index) * 3_600_000).toISOString());
export const wave = (index: number): number => Math.round(6 + 5 * Math.sin(index / 3) + (index % 5));

export const OVERVIEW = {
  alerts_open_by_severity: { critical: 2, high: 14, medium: 31, low: 20, info: 9 },
  incidents_open: 3,
  tasks_open: 6,
  tasks_overdue: 1,
  tasks_to_verify: 2,
  findings_open: 3,
  sensors: SENSORS,
  latest_alerts: ALERTS.slice(0, 10),
  alerts_per_hour: hours.map((hour, index) => ({ hour, count_by_severity: severities(Math.round(wave(index) / 6)) })),
  clocks: CLOCKS,
};

export const PREFECTURES = ["620100", "620171", "620200", "620300", "620400", "620500", "620600", "620700", "620800", "620900", "621000", "621100", "621200", "622900", "623000"];
export const NAMES = ["兰州市", "兰州新区", "嘉峪关市", "金昌市", "白银市", "天水市", "武威市", "张掖市", "平凉市", "酒泉市", "庆阳市", "定西市", "陇南市", "临夏回族自治州", "甘南藏族自治州"];

export const POSTURE = {
  warnings: [
    { level: "orange", title: "某电子公文系统高危漏洞被利用", valid_until: ahead(2880) },
    { level: "blue", title: "国庆期间网站篡改风险", valid_until: ahead(9000) },
  ],
  units: PREFECTURES.flatMap((code, index) => [
    { code, name: NAMES[index], tier: "prefecture", risk: (index * 37) % 96, open_incidents: index % 4, open_alerts: index * 5, signing_rate: index % 3 ? 60 + index * 2 : null, overdue: index % 5 === 0 ? 1 : 0 },
    ...[1, 2, 3, 4].map((part) => ({ code: `${code.slice(0, 4)}2${part}`, name: `第${part}县`, tier: "county", risk: (index * 17 + part * 23) % 95, open_incidents: part % 2, open_alerts: part, signing_rate: 90, overdue: index === 3 && part === 2 ? 1 : 0 })),
  ]),
  trend: hours.map((hour, index) => ({ hour, count: wave(index) })),
  domains: { cloud: 6, network: 21, data: 9, application: 33 },
  severities: OVERVIEW.alerts_open_by_severity,
  clocks: CLOCKS,
  ticker: ALERTS.slice(0, 10),
  tasks: { to_sign: 2, working: 3, submitted: 2, overdue: 1, done: 41 },
  sensors: SENSORS,
  updated_at: new Date().toISOString(),
};

export const EVENTS = Array.from({ length: 20 }, (_, index) => ({
  id: hex(500 + index),
  time: ago(index),
  kind: "event",
  source: { source: "fengsui_eve", instance: "sensor-lanzhou-1", sequence: index },
  fields: { "event.dataset": "fengsui.http", "source.ip": "203.0.113.21", "destination.ip": "10.62.1.12", "http.request.method": "GET", "url.original": `/list.php?id=${index}` },
  original: { event_type: "http", http: { url: `/list.php?id=${index}`, status: 200 } },
}));
