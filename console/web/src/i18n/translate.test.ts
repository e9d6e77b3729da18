import { describe, expect, it } from "vitest";
import enCapabilities from "./capabilities.en.json";
import zhCapabilities from "./capabilities.zh.json";
import enChannels from "./channels.en.json";
import zhChannels from "./channels.zh.json";
import en from "./en.json";
import enMobile from "./mobile.en.json";
import zhMobile from "./mobile.zh.json";
import enReadiness from "./readiness.en.json";
import zhReadiness from "./readiness.zh.json";
import enRetro from "./retro.en.json";
import zhRetro from "./retro.zh.json";
import enSettings from "./settings.en.json";
import zhSettings from "./settings.zh.json";
import { fill } from "./translate";
import zh from "./zh.json";

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();

describe.each([
  ["console", zh, en],
  ["mobile", zhMobile, enMobile],
  ["settings", zhSettings, enSettings],
  ["retro-hunt", zhRetro, enRetro],
  ["readiness", zhReadiness, enReadiness],
  ["channels", zhChannels, enChannels],
  ["capabilities", zhCapabilities, enCapabilities],
])("catalogues of %s", (_name, chinese: Record<string, string>, english: Record<string, string>) => {
  it("have the same keys", () => {
    expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort());
  });
  it("have the same places in both languages", () => {
    for (const [key, text] of Object.entries(chinese)) {
      expect([key, ...places(english[key] ?? "")]).toEqual([key, ...places(text)]);
    }
  });
});

describe("fill", () => {
  it("fills places and shows those without a value", () => {
    expect(fill("{n} 条，{m}", { n: 3 })).toBe("3 条，{m}");
  });
  it("groups the digits of numbers and leaves texts alone", () => {
    expect(fill("{n} 条，{id}", { n: 20_412, id: "20412" })).toBe("20,412 条，20412");
  });
});
