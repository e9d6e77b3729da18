import { describe, expect, it } from "vitest";
import type { AlertRow } from "../../api/types";
import { linesOf, MEMBERS, type Members } from "./lines";

const row = (id: string, count = 1) => ({ id, count }) as AlertRow;
const keys = (rows: AlertRow[], unfolded: [string, Members][]) => linesOf(rows, new Map(unfolded)).map((line) => `${line.kind} ${line.key}`);

describe("the lines of the queue", () => {
  const rows = [row("a", 3), row("b")];
  it("are the rows while nothing is unfolded", () => {
    expect(keys(rows, [])).toEqual(["row a", "row b"]);
  });
  it("are as many while a group loads as when it is there", () => {
    const before = keys(rows, [["a", { rows: undefined, total: 0, failed: false }]]);
    const after = keys(rows, [["a", { rows: [row("a"), row("x"), row("y")], total: 3, failed: false }]]);
    expect(before).toEqual(["row a", "waiting a 0", "waiting a 1", "row b"]);
    expect(after).toEqual(["row a", "row x", "row y", "row b"]);
  });
  it("say what failed and what is not shown", () => {
    expect(keys(rows, [["a", { rows: undefined, total: 0, failed: true }]])).toEqual(["row a", "failed a failed", "row b"]);
    const many = Array.from({ length: MEMBERS }, (_, index) => row(index ? `m${index}` : "a"));
    const lines = linesOf([row("a", 900)], new Map([["a", { rows: many, total: 900, failed: false }]]));
    expect(lines.at(-1)).toMatchObject({ kind: "rest", count: 400 });
  });
  it("of a group that left the queue go with it", () => {
    expect(keys([row("b")], [["a", { rows: [row("a"), row("x")], total: 2, failed: false }]])).toEqual(["row b"]);
  });
});
