import { describe, expect, it } from "vitest";
import { moveCursor, NOTHING, targets, toggle, toggleAll, withoutRows } from "./selection";

const ids = ["a", "b", "c", "d"];

describe("the cursor", () => {
  it("starts at the first row and stops at both ends", () => {
    const first = moveCursor(NOTHING, ids, 1);
    expect(first.cursor).toBe("a");
    expect(moveCursor(first, ids, -1).cursor).toBe("a");
    expect(moveCursor({ ...first, cursor: "d" }, ids, 1).cursor).toBe("d");
    expect(moveCursor(NOTHING, [], 1).cursor).toBeNull();
  });
  it("takes the row below when its own goes, else the one above", () => {
    const at = (cursor: string) => ({ cursor, ticked: new Set<string>() });
    expect(withoutRows(at("b"), ids, new Set(["b", "c"])).cursor).toBe("d");
    expect(withoutRows(at("d"), ids, new Set(["d"])).cursor).toBe("c");
    expect(withoutRows(at("a"), ids, new Set(["c"])).cursor).toBe("a");
    expect(withoutRows(at("a"), ids, new Set(ids)).cursor).toBeNull();
  });
});

describe("ticks", () => {
  it("turn over one by one and all at once", () => {
    const one = toggle(NOTHING, "b");
    expect(targets(one)).toEqual(["b"]);
    expect(toggle(one, "b").ticked.size).toBe(0);
    const all = toggleAll(one, ids);
    expect(all.ticked.size).toBe(4);
    expect(toggleAll(all, ids).ticked.size).toBe(0);
  });
  it("are what verbs act on, else the cursor", () => {
    expect(targets({ cursor: "a", ticked: new Set(["c"]) })).toEqual(["c"]);
    expect(targets({ cursor: "a", ticked: new Set() })).toEqual(["a"]);
    expect(targets(NOTHING)).toEqual([]);
  });
  it("leave with their rows", () => {
    expect([...withoutRows({ cursor: null, ticked: new Set(["a", "b"]) }, ids, new Set(["a"])).ticked]).toEqual(["b"]);
  });
});
