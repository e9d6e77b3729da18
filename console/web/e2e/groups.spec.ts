// Groups of the queue open in place: by keys and by the pointer, without anything moving that nobody moved.

import { expect, test, type Page } from "@playwright/test";
import { ALERTS, alertRow, hex, list } from "./fixtures-base";
import { serveFixtures } from "./fixtures";

/** The second row of the queue stands for 18 alerts. */
const HEAD = ALERTS[1];
const members = [1, ...Array.from({ length: 17 }, (_, index) => 1_000 + index)].map((index) => ({ ...alertRow(index), count: 1, group_key: "g1", state: "new" as const }));

async function openQueue(page: Page, answer = () => Promise.resolve()): Promise<unknown[]> {
  const acts: unknown[] = [];
  await serveFixtures(page, "analyst");
  await page.route(/\/alerts\?.*group=/, async (route) => {
    expect(new URL(route.request().url()).searchParams.get("group")).toBe(HEAD?.id);
    await answer();
    await route.fulfill({ json: list(members) });
  });
  await page.route("**/api/v1/alerts/actions", (route) => {
    acts.push(route.request().postDataJSON());
    return route.fulfill({ json: { changed: 1, undo_token: "u" } });
  });
  await page.goto("/alerts");
  await expect(page.getByTestId("alert-row").first()).toBeVisible();
  return acts;
}

const here = (page: Page) => page.locator(".grid-row.here");

test("a group opens to the right, is walked through and closes to the left", async ({ page }) => {
  const acts = await openQueue(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(here(page)).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("alert-member").first()).toBeVisible();
  await expect(here(page)).toHaveAttribute("aria-expanded", "true");
  await expect(page.getByTestId("alert-detail")).toHaveCount(0);
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/group-open.png` });
  await page.keyboard.press("j");
  await expect(here(page)).toHaveAttribute("data-id", hex(1_001));
  await expect(here(page)).toHaveAttribute("aria-level", "2");
  // One of the group is judged alone, the group as a whole.
  await page.keyboard.press("a");
  await expect.poll(() => acts).toMatchObject([{ ids: [hex(1_001)], whole_groups: false }]);
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByTestId("alert-member")).toHaveCount(0);
  await expect(here(page)).toHaveAttribute("data-id", HEAD?.id ?? "");
  await page.keyboard.press("a");
  await expect.poll(() => acts.at(-1)).toMatchObject({ ids: [HEAD?.id], whole_groups: true });
});

test("Enter opens the group and the detail, which follows into the group", async ({ page }) => {
  await openQueue(page);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("alert-detail")).toBeVisible();
  await expect(page.getByTestId("alert-member").first()).toBeVisible();
  await page.keyboard.press("j");
  await expect(page).toHaveURL(new RegExp(`/alerts/${hex(1_001)}`));
});

test("nothing moves when the alerts of a group arrive, and only what is seen is in the page", async ({ page }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await openQueue(page, () => held);
  const third = page.locator(`[data-id="${ALERTS[2]?.id ?? ""}"]`);
  await page.getByTestId("alert-fold").first().click();
  await expect(page.getByTestId("alert-waiting").first()).toBeVisible();
  await expect(page.getByTestId("alert-detail")).toHaveCount(0);
  const before = await third.boundingBox();
  release();
  await expect(page.getByTestId("alert-member").first()).toBeVisible();
  expect((await third.boundingBox())?.y).toBe(before?.y);
  expect(await page.locator(".grid-rows > *").count()).toBeLessThan(60);
});

test("one of a group that is closed leaves it, and the group counts one less", async ({ page }) => {
  const acts = await openQueue(page);
  for (const key of ["j", "j", "ArrowRight"]) await page.keyboard.press(key);
  await expect(page.getByTestId("alert-member").first()).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("c");
  await page.keyboard.type("误报");
  await page.keyboard.press("Enter");
  await expect(page.locator(`[data-id="${hex(1_001)}"]`)).toHaveCount(0);
  await expect(page.getByTestId("alert-fold").first()).toContainText("17");
  await expect(here(page)).toHaveAttribute("data-id", hex(1_002));
  await expect.poll(() => acts).toMatchObject([{ action: "close", ids: [hex(1_001)], whole_groups: false, reason: "误报" }]);
});

test("a group that can't be loaded says so and is tried again", async ({ page }) => {
  await serveFixtures(page, "analyst");
  let failing = true;
  const failure = { error: { code: "limited", message_zh: "请求过多", message_en: "too many", field: null } };
  await page.route(/\/alerts\?.*group=/, (route) => (failing ? route.fulfill({ status: 429, json: failure }) : route.fulfill({ json: list(members) })));
  await page.goto("/alerts");
  await page.getByTestId("alert-fold").first().click();
  await expect(page.getByTestId("alert-failed")).toContainText("同组告警加载失败");
  failing = false;
  await page.getByTestId("alert-failed").getByRole("button").click();
  await expect(page.getByTestId("alert-member").first()).toBeVisible();
});
