import { describe, expect, it } from "vitest";
import { countdown, fullTime, localInput, secondsUntil, shortTime } from "./time";

describe("times", () => {
  it("writes month, day and time of day", () => {
    const local = new Date(2026, 10, 22, 14, 3, 9);
    expect(shortTime(local.toISOString())).toBe("11-22 14:03:09");
    expect(fullTime(local.toISOString())).toMatch(/^2026-11-22 14:03:09\.000 UTC[+-]\d\d:\d\d$/);
    expect(localInput(local)).toBe("2026-11-22T14:03");
  });
  it("answers a dash for what is no time", () => {
    expect(shortTime(null)).toBe("—");
    expect(shortTime("yesterday")).toBe("—");
  });
});

describe("countdown", () => {
  it.each([
    [59, "00:59"],
    [3 * 3600 + 62, "3:01:02"],
    [-61, "-01:01"],
    [3 * 86_400 + 7200, "3天 2时"],
  ])("writes %i s as %s", (seconds, text) => expect(countdown(seconds)).toBe(text));

  it("names days as the reader does", () => expect(countdown(3 * 86_400, [" d", " h"])).toBe("3 d 0 h"));

  it("counts from the given now", () => {
    expect(secondsUntil("2026-01-01T00:01:00Z", Date.parse("2026-01-01T00:00:00Z"))).toBe(60);
  });
});
