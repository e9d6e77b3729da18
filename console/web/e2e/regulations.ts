// The policy library, as a server would answer.

import type { RegulationCoverageView, RegulationDetail, RegulationRow } from "../src/api/types";
import { ago, ahead, UNITS } from "./fixtures-base";

const unit = (index: number) => ({ code: UNITS[index]?.code ?? "", name: UNITS[index]?.name ?? "" });

const TEXT = [
  "第一条 为规范网络安全事件应急处置，制定本制度。",
  "第二条 各单位明确分管领导、责任人和联络员，节假日保持电话畅通。",
  "第三条 发现较大以上事件，一小时内电话报告，四小时内书面报告。",
  "第四条 每季度组织一次演练，演练记录保存三年。",
].join("\n");

function policy(id: number, title: string, more: Partial<RegulationRow>): RegulationRow {
  return {
    id: String(id),
    number: `P2026-000${id}`,
    category: "emergency",
    kind: "regime",
    title,
    version: 2,
    unit: unit(0),
    published_by: "省级分析员",
    published_at: ago(3000),
    effective_at: ahead(4000),
    sign_by: ahead(9000),
    withdrawn_at: null,
    coverage: { due: 100, signed: 63, overdue: 0 },
    allowed: ["revise", "withdraw", "urge"],
    ...more,
  };
}

const ROWS: RegulationRow[] = [
  policy(4, "甘肃省数字政府网络安全事件应急处置管理制度", { allowed: ["revise", "withdraw", "urge", "sign"] }),
  policy(3, "政务云主机运维操作规程", { category: "operations", kind: "procedure", version: 1, sign_by: ago(600), coverage: { due: 100, signed: 88, overdue: 12 } }),
  policy(2, "网络安全督查检查实施细则", { category: "supervision", kind: "rule", coverage: { due: 14, signed: 14, overdue: 0 } }),
  policy(1, "网络安全教育培训制度（试行）", { category: "education", version: 1, withdrawn_at: ago(90), allowed: [], coverage: { due: 100, signed: 97, overdue: 3 } }),
];

const detail = (id: string): RegulationDetail => {
  const row = ROWS.find((one) => one.id === id) ?? ROWS[0]!;
  return {
    row,
    text: { version: row.version, title: row.title, text: TEXT, changes: "报告时限由二小时改为一小时", file: { name: "应急处置管理制度.pdf", bytes: 182_442 } },
    versions: [2, 1].map((version) => ({
      version,
      title: row.title,
      changes: version === 2 ? "报告时限由二小时改为一小时" : "",
      published_by: "省级分析员",
      published_at: ago(version === 2 ? 3000 : 90_000),
      coverage: { due: 100, signed: version === 2 ? 63 : 100, overdue: 0 },
    })),
    units: [3, 4, 2, 1].map((index) => ({
      unit: unit(index),
      signed_by: index < 3 ? "李主任" : null,
      signed_at: index < 3 ? ago(400) : null,
      urged_at: index === 3 ? ago(60) : null,
      overdue: index === 4,
    })),
  };
};

const COVERAGE: RegulationCoverageView = {
  total: { due: 14, signed: 9, overdue: 2 },
  units: [
    { unit: unit(3), coverage: { due: 4, signed: 1, overdue: 2 } },
    { unit: unit(4), coverage: { due: 4, signed: 2, overdue: 0 } },
    { unit: unit(2), coverage: { due: 3, signed: 3, overdue: 0 } },
    { unit: unit(1), coverage: { due: 3, signed: 3, overdue: 0 } },
  ],
};

/** What the pages ask for, and the answers. */
export const REGULATIONS: [RegExp, (id: string, url: URL) => unknown][] = [
  [/^regulations$/, (_, url) => ({ items: url.searchParams.get("to_sign") === "true" ? ROWS.slice(0, 1) : ROWS })],
  [/^regulations\/coverage$/, () => COVERAGE],
  [/^regulations\/\w+\/versions\/1$/, () => ({ version: 1, title: "", text: TEXT.replace("一小时", "二小时").replace("第四条 每季度", "第四条 每半年"), changes: "", file: null })],
  [/^regulations\/\w+\/urge$/, () => ({ units: 37 })],
  [/^regulations\/(\w+)/, (id) => detail(id)],
];
