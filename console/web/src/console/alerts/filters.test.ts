import { describe, expect, it } from "vitest";
import { filtersOf, searchOf } from "./filters";

describe("filters in the address", () => {
  it("come back as they were", () => {
    const filters = { ...filtersOf(new URLSearchParams()), q: "10.0.0.1 & 登录", severity_min: "high", grouped: false };
    expect(filtersOf(new URLSearchParams(searchOf(filters)))).toEqual(filters);
  });
  it("leave the usual ones out", () => {
    expect(searchOf(filtersOf(new URLSearchParams("")))).toEqual({});
  });
});
