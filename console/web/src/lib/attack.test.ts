import { expect, test } from "vitest";
import { byTactic, TACTICS } from "./attack";

test("techniques stand under their tactic, sub-techniques with their family, unknown ones apart", () => {
  const columns = byTactic(["T1190", "T1071.001", "T9999", "T1190"]);
  expect(columns.get("initial-access")?.map(({ id }) => id)).toEqual(["T1190"]);
  expect(columns.get("command-and-control")?.[0]).toMatchObject({ id: "T1071.001", zh: "应用层协议" });
  expect(columns.get("")?.map(({ id }) => id)).toEqual(["T9999"]);
  expect(TACTICS.length).toBe(14);
});
