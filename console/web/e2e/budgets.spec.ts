// The budgets of the journeys, counted: keys of an analyst who dispatches to three counties, taps of a county officer.

import { expect, test, type Page } from "@playwright/test";
import { INCIDENT_DETAIL, taskDetail, taskRow, UNITS } from "./fixtures-base";
import { serveFixtures } from "./fixtures";

declare global {
  interface Window {
    presses: number;
  }
}

/** Counts presses: keys without those that are held for a chord, or fingers and buttons of a mouse. */
async function count(page: Page, kind: "keydown" | "pointerdown"): Promise<() => Promise<number>> {
  await page.addInitScript((type) => {
    window.presses = 0;
    const held = ["Control", "Shift", "Alt", "Meta"];
    addEventListener(
      type,
      (event) => {
        if (!(event instanceof KeyboardEvent && held.includes(event.key))) window.presses += 1;
      },
      true,
    );
  }, kind);
  return () => page.evaluate(() => window.presses);
}

test("an alert is dispatched to three counties in at most six keys", async ({ page }) => {
  const keys = await count(page, "keydown");
  const counties = UNITS.filter(({ tier }) => tier === "county");
  await serveFixtures(page, "analyst");
  await page.route(/\/api\/v1\/incidents(\/\w+)?$/, (route) => route.fulfill({ json: { ...INCIDENT_DETAIL, suggested_units: counties } }));
  await page.goto("/alerts");
  await expect(page.getByTestId("alert-row").first()).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("d");
  await expect(page.getByTestId("incident-title")).toBeFocused();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("dispatch-units")).toContainText("皋兰县");
  const sent = page.waitForRequest((request) => request.url().endsWith("/tasks") && request.method() === "POST");
  await page.keyboard.press("Control+Enter");
  expect((await sent).postDataJSON()).toMatchObject({ units: ["620123", "620121", "620122"] });
  expect(await keys()).toBeLessThanOrEqual(6);
});

test("a county officer signs, handles and reports in at most seven taps", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true, locale: "zh-CN" });
  const page = await context.newPage();
  const taps = await count(page, "pointerdown");
  let row = taskRow("1", "new", 110);
  const sent: string[] = [];
  await serveFixtures(page, "county_officer");
  await page.route("**/api/v1/tasks/1**", async (route) => {
    const verb = route.request().method() === "POST" ? (route.request().url().split("/").pop() ?? "") : "";
    if (verb) sent.push(verb);
    if (verb === "sign") row = { ...row, state: "signed" };
    if (verb === "steps") row = { ...row, state: "working", steps_done: row.steps_done + 1 };
    if (verb === "submit") row = { ...row, state: "submitted" };
    await route.fulfill({ json: taskDetail(row) });
  });
  await page.goto("/m");
  await page.getByTestId("task-card").first().tap();
  await page.getByTestId("sign").tap();
  for (let step = 0; step < 3; step += 1) {
    await page.getByTestId("step").nth(step).tap();
    await expect(page.getByTestId("step").nth(step)).toBeChecked();
  }
  await page.getByTestId("report").tap();
  await page.keyboard.type("已断网并清除恶意文件，日志已留存。");
  await page.getByTestId("submit").tap();
  await expect(page.getByTestId("task")).toHaveAttribute("data-state", "submitted");
  expect(sent).toEqual(["sign", "steps", "steps", "steps", "submit"]);
  expect(await taps()).toBeLessThanOrEqual(7);
  await context.close();
});
