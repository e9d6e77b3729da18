import { describe, expect, it } from "vitest";
import { COLUMNS, prefectureOf, riskStep, ROWS, shortName, TILES } from "./tiles";

describe("the cartogram", () => {
  it("gives every prefecture a place of its own inside the grid", () => {
    const places = Object.values(TILES).map(({ column, row }) => `${column},${row}`);
    expect(places).toHaveLength(15);
    expect(new Set(places).size).toBe(15);
    for (const { column, row } of Object.values(TILES)) {
      expect(column).toBeLessThan(COLUMNS);
      expect(row).toBeLessThan(ROWS);
    }
  });
  it("knows the prefecture of a county", () => {
    expect(prefectureOf("620123")).toBe("620100");
    expect(prefectureOf("620171")).toBe("620171");
  });
  it.each([
    ["兰州市", "兰州"],
    ["临夏回族自治州", "临夏"],
    ["积石山保安族东乡族撒拉族自治县", "积石山"],
    ["环县", "环县"],
    ["兰州新区", "兰州新区"],
  ])("shortens %s to %s", (name, short) => expect(shortName(name)).toBe(short));
  it("steps up with risk", () => {
    expect([0, 15, 40, 60, 80, 100].map(riskStep)).toEqual([0, 1, 2, 3, 4, 4]);
  });
});
