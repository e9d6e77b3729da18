import { beforeEach, describe, expect, it, vi } from "vitest";
import { draftOf, drafts, keepDraft, sendWaiting, waiting } from "./drafts";

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
});

describe("drafts", () => {
  it("replace one another per task and are forgotten when empty", () => {
    keepDraft({ task: "1", text: "a", send: null });
    keepDraft({ task: "1", text: "b", send: null });
    keepDraft({ task: "2", text: "c", send: "submit" });
    expect(drafts()).toHaveLength(2);
    expect(draftOf("1")?.text).toBe("b");
    keepDraft({ task: "1", text: "", send: null });
    expect(draftOf("1")).toBeUndefined();
    expect(waiting().map((draft) => draft.task)).toEqual(["2"]);
  });

  it("wait while the network is away and leave when sent", async () => {
    keepDraft({ task: "1", text: "a", send: "progress" });
    keepDraft({ task: "2", text: "b", send: "submit" });
    await sendWaiting(() => Promise.resolve("away"));
    expect(waiting()).toHaveLength(2);
    await sendWaiting(() => Promise.resolve("sent"));
    expect(drafts()).toHaveLength(0);
  });

  it("stay with their author when the server refuses them", async () => {
    keepDraft({ task: "1", text: "a", send: "submit" });
    await sendWaiting(() => Promise.resolve("refused"));
    expect(waiting()).toHaveLength(0);
    expect(draftOf("1")?.text).toBe("a");
  });

  it("survive a store that holds nonsense", () => {
    localStorage.setItem("fengsui.drafts", "{");
    expect(drafts()).toEqual([]);
  });
});
