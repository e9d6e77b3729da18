// Channels of notifications and their log, as a server would answer.

import type { ChannelRow, ChannelTested, MessageRow, SubscriptionRow } from "../src/api/channels";
import { ago, ahead, LANZHOU, YUZHONG } from "./fixtures-base";

const PROVINCE = { code: "620000", name: "甘肃省" };

const rule = (id: number, event: SubscriptionRow["event"], change: Partial<SubscriptionRow> = {}): SubscriptionRow => ({
  id: String(id), event, unit: PROVINCE, targets: [], minutes: 0, urgent: false, created_by: "系统管理员", ...change,
});

const channel = (id: number, change: Partial<ChannelRow>): ChannelRow => ({
  id: String(id), name: "", kind: "dingtalk", unit: PROVINCE, host: "oapi.dingtalk.com:443", plain: false, host_allowed: true, has_secret: true, has_header: false,
  options: { content: "json", template: "", header_name: "", expects: "", username: "", sender: "", recipients: [], quiet_from: "", quiet_to: "", per_minute: 20 },
  enabled: true, updated_at: ago(900), updated_by: "系统管理员", subscriptions: [], waiting: 0, sent: 0, failed: 0, may_change: true, ...change,
});

const base = channel(0, {}).options;

export const CHANNELS: ChannelRow[] = [
  channel(1, {
    name: "网信办值班群", sent: 42,
    subscriptions: [
      rule(1, "incident_major", { urgent: true }),
      rule(2, "clock_warning", { targets: ["on_duty", "responsible"], urgent: true }),
      rule(3, "node_silent", { minutes: 15 }),
    ],
  }),
  channel(2, {
    name: "短信网关<img src=x onerror=alert(1)>", kind: "http", host: "sms.gansu.gov.cn:8443", waiting: 3, sent: 128, failed: 2, has_header: true,
    options: { ...base, template: '{"phone": "{{phone}}", "content": "{{text}}"}', header_name: "Authorization", quiet_from: "22:00", quiet_to: "07:00" },
    subscriptions: [
      rule(4, "task_new", { unit: LANZHOU, targets: ["on_duty", "liaison"] }),
      rule(5, "task_unsigned", { unit: LANZHOU, targets: ["backup", "leader"], minutes: 30, urgent: true }),
    ],
  }),
  channel(3, { name: "审批邮件", kind: "mail", host: "10.62.0.25:25", plain: true, host_allowed: false, has_secret: false, options: { ...base, sender: "fengsui@gansu.example", recipients: ["sec@gansu.example"] } }),
];

const message = (id: number, change: Partial<MessageRow>): MessageRow => ({
  id: String(id), channel: "短信网关", channel_id: "2", event: "task_new", object: `task/${id}`, about: YUZHONG, names: "马值班", state: "sent", attempts: 1,
  next_at: null, created_at: ago(id * 7), sent_at: ago(id * 7), fault: null, detail: '{"code":0,"msgid":"884120"}', ...change,
});

export const MESSAGES: MessageRow[] = [
  message(1, { state: "waiting", sent_at: null, attempts: 2, fault: "status", detail: "503 <script>alert(1)</script> service unavailable", next_at: ahead(4) }),
  message(2, { state: "waiting", sent_at: null, attempts: 0, detail: "", next_at: ahead(480), names: "马值班、李联络" }),
  message(3, { event: "task_unsigned", names: "王副主任" }),
  message(4, { state: "failed", sent_at: null, attempts: 8, fault: "connect", detail: "Connection refused (os error 111)" }),
  message(5, { event: "incident_major", object: "incident/I2026-0007", channel: "网信办值班群", channel_id: "1", names: "", about: LANZHOU, detail: '{"errcode":0,"errmsg":"ok"}' }),
  message(6, { state: "dropped", sent_at: null, attempts: 0, fault: "off", detail: "" }),
  message(7, { event: null, object: "test/7", names: "", about: PROVINCE, detail: "receipt 17" }),
  message(8, { state: "failed", sent_at: null, attempts: 0, fault: "nobody", detail: "", names: "" }),
];

export const TESTED: ChannelTested = { sent: false, fault: "answer", detail: '{"errcode":310000,"errmsg":"sign not match"}', millis: 212 };
