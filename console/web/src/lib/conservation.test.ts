import { describe, expect, it } from "vitest";
import type { BooksView, SensorView } from "../api/types";
import { equations } from "./conservation";

const sensor = (change: Partial<SensorView>): SensorView => ({
  name: "s1",
  unit: { code: "620000", name: "甘肃省" },
  interface: "eth0",
  last_seen: "2026-11-27T00:00:00Z",
  packets_seen: 100,
  packets_inspected: 97,
  inspected_basis_points: 9_700,
  losses: [
    { cause: "ring", count: 2 },
    { cause: "gap", count: 1 },
  ],
  rules_version: "1",
  rules_loaded: 1,
  rules_failed: 0,
  events_emitted: 40,
  events_shed: 3,
  balances: true,
  trust: "unknown",
  state: "ok",
  ...change,
});

const books = (change: Partial<BooksView>): BooksView => ({
  spooled: 50,
  indexed: 40,
  quarantined: 1,
  repeated: 2,
  unreadable: 0,
  in_flight: 7,
  balanced: true,
  uplinks: [{ sensor: "far", emitted: 20, spooled: 15, shed: 4, written: 15, taken: 15, waiting: 0, missing: 0, repeated: 0, heard: null, balanced: true }],
  ...change,
});

const held = (all: ReturnType<typeof equations>): Record<string, boolean> => Object.fromEntries(all.map((one) => [one.name, one.holds]));

describe("conservation", () => {
  it("shows three equations that hold", () => {
    const all = equations([sensor({}), sensor({ name: "far", events_emitted: 99 })], books({}));
    expect(held(all)).toEqual({ captured: true, emitted: true, spooled: true });
    expect(all.map((one) => one.total)).toEqual([200, 60, 50]);
    expect(all[1]?.parts.map((part) => part.value)).toEqual([52, 7, 1]);
  });
  it("shows each that does not hold", () => {
    expect(held(equations([sensor({ packets_inspected: 98 })], books({})))).toMatchObject({ captured: false, emitted: true, spooled: true });
    expect(held(equations([sensor({})], books({ indexed: 39 })))).toMatchObject({ captured: true, spooled: false });
    const more = books({}).uplinks.map((uplink) => ({ ...uplink, spooled: 30 }));
    expect(held(equations([sensor({})], books({ uplinks: more })))).toMatchObject({ emitted: false });
  });
  it("leaves out what is not known", () => {
    expect(equations([], null)).toEqual([]);
    expect(equations([], books({})).map((one) => one.name)).toEqual(["spooled"]);
  });
});
