// Texts of the channels: loaded with their page and not before.

import { fill, type Parameters } from "../../i18n/translate";
import zh from "../../i18n/channels.zh.json";
import type { ChannelKind, ChannelRow, NotifyEvent } from "../../api/channels";
import { usePreferences } from "../core/preferences";

/** Key of a text. */
export type ChannelKey = keyof typeof zh;

/** The texts in the reader's language. */
export function useChannelTexts(): (key: ChannelKey, parameters?: Parameters) => string {
  const catalogue: Record<ChannelKey, string> = usePreferences().english?.channels ?? zh;
  return (key, parameters) => fill(catalogue[key], parameters);
}

/** Kinds in the order they are offered. */
export const KINDS: readonly ChannelKind[] = ["dingtalk", "wecom", "feishu", "http", "mail"];

/** Events in the order they are offered. */
export const EVENTS: readonly NotifyEvent[] = [
  "task_new", "task_unsigned", "task_overdue", "clock_warning", "clock_over", "incident_major", "node_silent", "warning_issued", "approval_waiting",
];

/** How an address of a kind begins. */
export const ADDRESSES: Record<ChannelKind, string> = {
  dingtalk: "https://oapi.dingtalk.com/robot/send?access_token=…",
  wecom: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
  feishu: "https://open.feishu.cn/open-apis/bot/v2/hook/…",
  http: "https://…",
  mail: "smtps://…:465",
};

/** Places of a template. */
export const PLACES = ["title", "text", "event", "unit", "time", "name", "phone", "id"].map((place) => `{{${place}}}`).join(" ");

/** A template to begin with. */
export const TEMPLATE = '{"phone": "{{phone}}", "content": "{{text}}"}';

/** Whether an event waits for some minutes. */
export const waits = (event: NotifyEvent): boolean => event === "task_unsigned" || event === "node_silent";

/** Whether a channel sends to telephone numbers, one message each. */
export const sendsToPhones = (row: ChannelRow): boolean => row.kind === "http" && /\{\{\s*phone\s*\}\}/.test(row.options.template ?? "");
