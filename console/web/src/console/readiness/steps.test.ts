import { describe, expect, it } from "vitest";
import { byPhase, lacking, stepsOf, textOf } from "./steps";

describe("the steps of a plan", () => {
  const text = "先期处置 | 断开网络 | 联络员\n先期处置｜停用账号｜\n\n核查备份\n总结 | 写报告 | 责任部门";
  it("are read from lines, with what is left out taken from the line before", () => {
    expect(stepsOf(text)).toEqual([
      { phase: "先期处置", text: "断开网络", who: "联络员" },
      { phase: "先期处置", text: "停用账号", who: "联络员" },
      { phase: "先期处置", text: "核查备份", who: "联络员" },
      { phase: "总结", text: "写报告", who: "责任部门" },
    ]);
  });
  it("come back as they were written out", () => {
    const steps = stepsOf(text);
    expect(stepsOf(textOf(steps))).toEqual(steps);
  });
  it("name the line that lacks something", () => {
    expect([lacking(stepsOf(text)), lacking(stepsOf("断开网络")), lacking(stepsOf("一 | 二 | 三\n四 |  | 五"))]).toEqual([0, 1, 2]);
  });
  it("stand together by phase", () => {
    expect(byPhase(stepsOf(text)).map(({ phase, steps }) => [phase, steps.length])).toEqual([["先期处置", 3], ["总结", 1]]);
  });
});
