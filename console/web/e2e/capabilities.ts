// Keys of applications, as a server would answer.

import type { CapabilityKeyMade, CapabilityKeyRow } from "../src/api/capabilities";
import { ago, ahead, LANZHOU, YUZHONG } from "./fixtures-base";

const key = (id: number, change: Partial<CapabilityKeyRow>): CapabilityKeyRow => ({
  id: String(id), name: "不动产登记系统", unit: YUZHONG, abilities: ["classify", "mask"], per_minute: 60, per_day: 10_000, networks: [], expires_at: ahead(200_000),
  created_at: ago(9_000), created_by: "安全管理员", state: "active", revoked_at: null, revoked_by: null, revoked_for: null,
  used: [{ ability: "classify", served: 20_412, refused: 3 }], may_change: true, ...change,
});

export const KEYS: CapabilityKeyRow[] = [
  key(3, {}),
  key(2, { name: "共享交换平台<img src=x onerror=alert(1)>", unit: LANZHOU, abilities: ["classify", "mask", "indicators", "screen"], networks: ["10.8.0.0/16"], used: [] }),
  key(1, { name: "旧门户", state: "revoked", revoked_at: ago(600), revoked_by: "安全管理员", revoked_for: "系统下线", may_change: false }),
];

export const MADE: CapabilityKeyMade = { key: key(4, {}), token: `fsk_4_${"Qm".repeat(21)}x` };
