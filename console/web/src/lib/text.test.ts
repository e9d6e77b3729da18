import { describe, expect, it } from "vitest";
import { markRuns, middleTruncate, visibleText } from "./text";

describe("visibleText", () => {
  it("shows characters that turn text around", () => {
    expect(visibleText("invoice\u202Efdp.exe")).toBe("invoice‹U+202E›fdp.exe");
    expect(visibleText("a\u0000b\u001b[31m")).toBe("a‹U+0000›b‹U+001B›[31m");
  });
  it("leaves lines, tabs and Chinese alone", () => {
    expect(visibleText("第一行\r\n\t第二行")).toBe("第一行\n\t第二行");
  });
});

describe("middleTruncate", () => {
  it("keeps both ends", () => {
    expect(middleTruncate("0123456789abcdef", 7)).toBe("012…def");
    expect(middleTruncate("short", 7)).toBe("short");
  });
});

describe("markRuns", () => {
  it("marks every occurrence and keeps the whole text", () => {
    const runs = markRuns("GET /?id=1 UNION select", ["union", "ID="]);
    expect(runs.map((run) => run.text).join("")).toBe("GET /?id=1 UNION select");
    expect(runs.filter((run) => run.marked).map((run) => run.text)).toEqual(["id=", "UNION"]);
  });
  it("treats values as text, not as patterns", () => {
    expect(markRuns("a+b (c", ["(c", "a+b"]).filter((run) => run.marked)).toHaveLength(2);
  });
});
