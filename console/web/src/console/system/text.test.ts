import { describe, expect, it } from "vitest";
import type { SettingView } from "../../api/types";
import { faultOf, needsConsent } from "./text";

const setting = (change: Partial<SettingView>): SettingView => ({ name: "x", group: "data", kind: "number", value: "180", file_value: "180", least: 7, most: 3650, choices: [], consent: null, ...change });

describe("a value somebody types", () => {
  it("is a whole number in its range", () => {
    expect(["7", "3650", " 30 "].map((value) => faultOf(setting({}), value))).toEqual([null, null, null]);
    expect(["6", "3651", "", "1.5", "1e2", "-9", "九"].map((value) => faultOf(setting({}), value))).toEqual(Array(7).fill("range.wrong"));
  });
  it("is a text within its length", () => {
    const text = setting({ kind: "text", least: 1, most: 4 });
    expect([faultOf(text, "甘肃平台"), faultOf(text, " "), faultOf(text, "甘肃省平台")]).toEqual([null, "text.wrong", "text.wrong"]);
  });
  it("needs consent below the floor, always or never", () => {
    expect([needsConsent(setting({ consent: 180 }), "179"), needsConsent(setting({ consent: 180 }), "180")]).toEqual([true, false]);
    expect([needsConsent(setting({}), "7"), needsConsent(setting({ kind: "choice", consent: 2 ** 53 }), "asvs")]).toEqual([false, true]);
  });
});
