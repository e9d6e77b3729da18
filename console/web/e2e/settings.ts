// Settings of the platform, for the pages without a server.

import type { SettingVersion, SettingView, SettingsView } from "../src/api/types";
import { ago } from "./fixtures-base";

const number = (name: string, group: string, value: string, [least, most]: [number, number], consent: number | null = null): SettingView => ({
  name, group, kind: "number", value, file_value: value, least, most, choices: [], consent,
});
const choice = (name: string, group: string, choices: string[], value: string): SettingView => ({
  name, group, kind: "choice", value, file_value: value, least: 0, most: 0, choices, consent: Number.MAX_SAFE_INTEGER,
});
const text = (name: string, value: string, least: number, most: number): SettingView => ({
  name, group: "platform", kind: "text", value, file_value: "烽燧 安全运营", least, most, choices: [], consent: null,
});
const ALWAYS = Number.MAX_SAFE_INTEGER;

const version = (id: number, name: string, before: string, value: string | null, state: string, change: Partial<SettingVersion> = {}): SettingVersion => ({
  id: String(id), name, before, value, state, reason: "按等保测评整改意见调整", author: "系统管理员", written_at: ago(60 * (20 - id)),
  restored_from: null, decided_by: null, decided_at: null, decision: null, may_decide: false, ...change,
});

/** What the page shows; `may_decide` for the security administrator. */
export const settingsView = (may_decide: boolean): SettingsView => ({
  items: [
    text("platform_name", "甘肃省数字政府网络安全平台", 1, 40),
    { ...text("login_notice", "本系统仅限授权人员使用，操作全程留痕。", 0, 300), file_value: "" },
    choice("password_profile", "access", ["mlps3", "asvs"], "mlps3"),
    number("password_length", "access", "12", [12, 64], ALWAYS),
    number("password_days", "access", "90", [30, 90], ALWAYS),
    number("password_history", "access", "5", [5, 24], ALWAYS),
    choice("second_factor", "access", ["optional", "required"], "required"),
    number("lockout_failures", "access", "5", [3, 10], ALWAYS),
    number("lockout_minutes", "access", "30", [10, 1440], ALWAYS),
    number("idle_minutes", "access", "30", [5, 60], ALWAYS),
    number("session_hours", "access", "8", [1, 12], ALWAYS),
    number("retention_days", "data", "365", [7, 3650], 180),
    number("attachment_mib", "data", "8", [1, 32]),
    number("share_mib", "data", "32", [1, 32]),
    choice("egress_addresses", "data", ["sent", "withheld"], "sent"),
    { ...text("egress_hosts", "oapi.dingtalk.com sms.gansu.gov.cn:8443", 0, 1000), group: "data", file_value: "", consent: ALWAYS },
    choice("egress_local", "data", ["refused", "allowed"], "refused"),
    choice("operator", "clocks", ["critical_infrastructure", "state_organ", "other"], "state_organ"),
    number("clock_percent", "clocks", "80", [50, 95]),
    number("due_soon_percent", "clocks", "25", [5, 75]),
    number("overdue_hours", "clocks", "2", [0, 72]),
  ],
  versions: [
    version(9, "lockout_failures", "5", "3", "proposed", { may_decide }),
    version(8, "retention_days", "180", "365", "in_force"),
    version(7, "platform_name", "甘肃省网络安全平台", "甘肃省数字政府网络安全平台", "in_force"),
    version(6, "platform_name", "烽燧 安全运营", "甘肃省网络安全平台", "replaced", { decided_by: null }),
    version(5, "retention_days", "180", "90", "refused", { decided_by: "安全管理员", decided_at: ago(600), decision: "低于法定六个月，不同意" }),
    version(4, "idle_minutes", "60", "30", "in_force", { decided_by: "安全管理员", decided_at: ago(700), decision: "同意", restored_from: "2" }),
  ],
  fixed: [
    { name: "console.database", value: "postgres://…@10.62.0.8:5432/console" },
    { name: "console.unit", value: "620000" },
    { name: "console.tier.parent", value: "" },
    { name: "console.secure_cookies", value: "true" },
    { name: "file", value: "/etc/fengsui/settings.toml" },
    { name: "listen.console", value: "10.62.0.5:8460" },
    { name: "data.directory", value: "/var/lib/fengsui" },
  ],
});
