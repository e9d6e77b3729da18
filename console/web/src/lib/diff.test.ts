import { expect, test } from "vitest";
import { diffLines } from "./diff";

const shown = (before: string, after: string) => diffLines(before, after).map(({ kind, text }) => `${{ same: " ", out: "-", in: "+" }[kind]}${text}`);

test("lines that stayed stay, the others come out and in at their place", () => {
  expect(shown("a\nb\nc\nd", "a\nx\nc\nd\ne")).toEqual([" a", "-b", "+x", " c", " d", "+e"]);
  expect(shown("a\nb\nc", "c\na\nb")).toEqual(["+c", " a", " b", "-c"]);
  expect(shown("", "a")).toEqual(["-", "+a"]);
  expect(shown("a\na", "a\na")).toEqual([" a", " a"]);
});

test("what is too long to compare is shown whole", () => {
  const many = (mark: string) => Array.from({ length: 3000 }, (_, index) => `${mark}${index}`).join("\n");
  const lines = diffLines(many("a"), many("b"));
  expect([lines.length, lines[0]?.kind, lines.at(-1)?.kind]).toEqual([6000, "out", "in"]);
});
