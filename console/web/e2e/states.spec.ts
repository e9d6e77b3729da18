// What lists show while they load, when there is nothing, and when the server fails: never a blank page.

import { expect, test } from "@playwright/test";
import { serveFixtures } from "./fixtures";

const LISTS = ["alerts", "incidents", "tasks", "sensors", "suppressions", "indicators", "drills", "rules", "warnings", "evidence-requests", "regulations", "handover"];
/** Calls of the frame, which go on. */
const FRAME = /session$|units$|stream$|indicators\/lists$|notifications$/;

for (const name of LISTS) {
  test(`${name}, empty and failing`, async ({ page }) => {
    const pictures = process.env["FENGSUI_E2E_PICTURES"];
    const keep = async (state: string) => pictures && (await page.screenshot({ path: `${pictures}/${name}-${state}.png` }));
    await serveFixtures(page, "analyst");
    let failing = false;
    const failure = { error: { code: "limited", message_zh: "请求过多，请稍后再试", message_en: "too many requests; try again later", field: null } };
    await page.route("**/api/v1/**", (route) => {
      if (route.request().method() !== "GET" || FRAME.test(new URL(route.request().url()).pathname)) return route.fallback();
      if (failing) return route.fulfill({ status: 429, json: failure });
      return route.fulfill({ json: { items: [], next_cursor: null, total: 0, total_is_least: false, newest_revision: 0 } });
    });
    if (name !== "handover") {
      await page.goto(`/${name}`);
      await expect(page.getByTestId("empty")).toBeVisible();
      await expect(page.getByTestId("empty")).not.toBeEmpty();
      await keep("empty");
    }
    failing = true;
    await page.goto(`/${name}`);
    await expect(page.getByTestId("failure").first()).toBeVisible();
    await expect(page.getByTestId("failure").first().getByRole("button").first()).toBeVisible();
    await keep("failed");
  });
}
