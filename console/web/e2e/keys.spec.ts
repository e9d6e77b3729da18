// The queue without a mouse: twenty alerts triaged by keys alone, and the journeys' budgets of keys.

import { expect, test, type Page } from "@playwright/test";
import { serveFixtures } from "./fixtures";

async function openQueue(page: Page): Promise<{ actions: unknown[] }> {
  const seen: { actions: unknown[] } = { actions: [] };
  await serveFixtures(page, "analyst");
  await page.route("**/api/v1/alerts/actions", async (route) => {
    const body = route.request().postDataJSON() as { ids: string[] };
    seen.actions.push(body);
    await route.fulfill({ json: { changed: body.ids.length, undo_token: "token" } });
  });
  // A press of a button of the mouse anywhere fails the test.
  await page.addInitScript(() => {
    addEventListener("mousedown", () => {
      throw new Error("the mouse was used");
    });
  });
  await page.goto("/alerts");
  await expect(page.getByTestId("alert-row").first()).toBeVisible();
  return seen;
}

test("twenty alerts are triaged by keys alone", async ({ page }) => {
  const seen = await openQueue(page);
  for (let index = 0; index < 20; index += 1) {
    await page.keyboard.press("j");
    await page.keyboard.press(index % 2 ? "a" : "m");
  }
  await expect.poll(() => seen.actions.length).toBe(20);
});

test("alerts are closed together with a reason and leave the list", async ({ page }) => {
  const seen = await openQueue(page);
  const first = await page.getByTestId("alert-row").first().getAttribute("data-id");
  await page.keyboard.press("*");
  await expect(page.getByTestId("selection-bar")).toContainText("60");
  await page.keyboard.press("c");
  await expect(page.getByTestId("reason")).toBeFocused();
  await page.keyboard.type("演练流量");
  await page.keyboard.press("Enter");
  await expect(page.locator(`[data-id="${first}"]`)).toHaveCount(0);
  expect(seen.actions).toMatchObject([{ action: "close", reason: "演练流量", disposition: "false_positive" }]);
  await expect(page.getByRole("status").getByRole("button")).toBeVisible();
});

test("the detail follows the cursor and Escape leaves it", async ({ page }) => {
  await openQueue(page);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("alert-detail")).toBeVisible();
  const before = page.url();
  await page.keyboard.press("j");
  await expect(page).not.toHaveURL(before);
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("alert-detail")).toHaveCount(0);
});

test("an alert is dispatched in four chords", async ({ page }) => {
  await openQueue(page);
  await page.keyboard.press("j");
  await page.keyboard.press("d");
  await expect(page.getByTestId("incident-title")).toBeFocused();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("dispatch-units")).toContainText("榆中县");
  const sent = page.waitForRequest((request) => request.url().endsWith("/tasks") && request.method() === "POST");
  await page.keyboard.press("Control+Enter");
  expect((await sent).postDataJSON()).toMatchObject({ units: ["620123"] });
});

test("the help lists the keys of the view", async ({ page }) => {
  await openQueue(page);
  await page.keyboard.press("?");
  await expect(page.getByTestId("key-help")).toContainText("转为事件");
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("key-help")).toBeHidden();
});
