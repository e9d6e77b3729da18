// The budgets of the journeys, counted: keys of an analyst who dispatches to three counties, taps of a county officer.

import { expect, test, type Page } from "@playwright/test";
import { INCIDENT, INCIDENT_DETAIL, list, sessionView, taskDetail, taskRow, UNITS } from "./fixtures-base";
import { POLICIES } from "./fixtures-work";
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

test("a leader goes from the wall to a word for the county in at most four clicks", async ({ page }) => {
  const clicks = await count(page, "pointerdown");
  await serveFixtures(page, "leader");
  await page.route("**/api/v1/session", (route) => route.fulfill({ json: { ...sessionView("leader"), permissions: ["posture.read", "task.read", "task.urge"] } }));
  await page.route(/\/api\/v1\/(tasks|incidents)\?/, (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    expect(searchParams.get("unit")).toBe("620121");
    return route.fulfill({ json: pathname.endsWith("tasks") ? list([taskRow("4", "signed", -26)]) : list([INCIDENT]) });
  });
  await page.goto("/screen");
  await page.getByTitle(/^兰州市：/).click();
  await page.getByTitle(/^第1县：/).first().click();
  await expect(page.getByTestId("county")).toContainText("县政务服务网遭 SQL 注入并外传数据");
  await page.getByTestId("urge").click();
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/screen-county.png` });
  const sent = page.waitForRequest((request) => request.url().endsWith("/tasks/4/urge"));
  await page.getByTestId("urge-send").click();
  expect((await sent).postDataJSON()).toEqual({ text: "请立即处置，按时限反馈结果。" });
  await expect(page.getByRole("status")).toContainText("已督办");
  expect(await clicks()).toBeLessThanOrEqual(4);
});

test("the unit of the bar narrows the list and stands in the address", async ({ page }) => {
  await serveFixtures(page, "analyst");
  await page.goto("/alerts");
  await page.getByTestId("unit-switch").click();
  await page.keyboard.type("榆中");
  const asked = page.waitForRequest((request) => /\/alerts\?.*unit=620123/.test(request.url()));
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/unit-switch.png` });
  await page.keyboard.press("Enter");
  await asked;
  await expect(page.getByTestId("unit-switch")).toContainText("兰州市 / 榆中县");
  expect(new URL(page.url()).searchParams.get("unit")).toBe("620123");
});

test("a row under the pointer is acknowledged without opening it", async ({ page }) => {
  await serveFixtures(page, "analyst");
  await page.goto("/alerts");
  const row = page.getByTestId("alert-row").nth(4);
  await row.hover();
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/row-acts.png` });
  const sent = page.waitForRequest((request) => request.url().endsWith("/alerts/actions"));
  await row.getByTestId("row-acknowledge").click();
  expect((await sent).postDataJSON()).toMatchObject({ action: "acknowledge", ids: [await row.getAttribute("data-id")] });
  await expect(row).toContainText("已确认");
  await expect(page.getByTestId("alert-detail")).toHaveCount(0);
});

test("known numbers propose a grade with its reason, and the first report is at most eight clicks away", async ({ page }) => {
  const clicks = await count(page, "pointerdown");
  await serveFixtures(page, "analyst");
  await page.goto(`/incidents/${INCIDENT.id}`);
  await page.getByTestId("judge").click();
  await page.getByTestId("measure-personal_records").fill("1200");
  await expect(page.getByTestId("grade-reason")).toHaveValue("个人信息泄露（万条） 1,200，达到重大（Ⅱ级）（1,000 以上）");
  await expect(page.getByTestId("grade")).toContainText("重大");
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/grading.png` });
  const sent = page.waitForRequest((request) => request.url().endsWith("/grade"));
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toMatchObject({ grade: "major" });
  await page.getByTestId("segment-report").click();
  await expect(page.getByTestId("report-docx")).toBeVisible();
  expect((await clicks()) + 1).toBeLessThanOrEqual(8);
});

test("what was reported is written down with channel and recipient", async ({ page }) => {
  await serveFixtures(page, "analyst");
  await page.goto(`/incidents/${INCIDENT.id}?tab=report`);
  await expect(page.getByTestId("clock-record")).toContainText("12387 热线 → 省委网信办值班室");
  await page.getByTestId("clock-done").first().click();
  await expect(page.getByTestId("dialog-submit")).toBeDisabled();
  await page.getByTestId("record-recipient").fill("市委网信办 王主任");
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/clock-record.png` });
  const sent = page.waitForRequest((request) => request.url().endsWith("/done"));
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toEqual({ channel: "platform", recipient: "市委网信办 王主任", note: "" });
});

test("sixty false positives are closed with one reason by three keys beside its words", async ({ page }) => {
  const keys = await count(page, "keydown");
  await serveFixtures(page, "analyst");
  await page.goto("/alerts");
  await expect(page.getByTestId("alert-row").first()).toBeVisible();
  await page.keyboard.press("*");
  await page.keyboard.press("c");
  await expect(page.getByTestId("reason")).toBeFocused();
  await page.keyboard.insertText("演练流量");
  const sent = page.waitForRequest((request) => request.url().endsWith("/alerts/actions"));
  await page.keyboard.press("Enter");
  const { ids } = (await sent).postDataJSON() as { ids: string[] };
  expect(ids).toHaveLength(60);
  await expect(page.getByRole("status").getByRole("button")).toBeVisible();
  expect(await keys()).toBeLessThanOrEqual(4);
});

test("an auditor sees the exact record that was tampered with in at most three clicks", async ({ page }) => {
  const clicks = await count(page, "pointerdown");
  await serveFixtures(page, "auditor");
  await page.route("**/api/v1/audit/verify", (route) => route.fulfill({ json: { ok: false, checked: 5, first_bad: { sequence: 5, reason: "its hash does not fit" } } }));
  await page.goto("/audit");
  await page.getByTestId("audit-verify").click();
  await expect(page.getByTestId("audit-verdict")).toHaveAttribute("data-ok", "false");
  await expect(page.getByTestId("audit-verdict")).toContainText("5");
  expect(await clicks()).toBeLessThanOrEqual(3);
});

test("a new sensitive column is judged, masked and approved by a second person in at most nine clicks", async ({ browser }) => {
  let items = POLICIES.items.filter(({ state }) => state === "approved");
  const decided: unknown[] = [];
  const open = async (role: "steward" | "secadmin", path: string) => {
    const page = await (await browser.newContext({ locale: "zh-CN" })).newPage();
    const clicks = await count(page, "pointerdown");
    await serveFixtures(page, role);
    if (role === "secadmin") {
      const session = { ...sessionView(role), permissions: ["overview.read", "masking.read", "masking.preview", "masking.approve"] };
      await page.route("**/api/v1/session", (route) => route.fulfill({ json: session }));
    }
    await page.route("**/api/v1/masking/policies**", async (route) => {
      const verb = new URL(route.request().url()).pathname.split("/").pop();
      const said = route.request().postDataJSON() as { body?: string; approve?: boolean } | null;
      if (route.request().method() === "POST" && said?.body) {
        const { body } = said;
        items = items.flatMap((item) => [{ ...item, id: "10", version: "4", state: "draft", body, may_write: true, decided_by: null, reason: null }, item]);
      }
      if (verb === "submit") items = items.map((item) => (item.id === "10" ? { ...item, state: "submitted", may_write: false } : item));
      if (verb === "decide") {
        decided.push(said);
        items = items.map((item) => (item.id === "10" ? { ...item, state: "approved" } : item));
      }
      const mine = items.map((item) => ({ ...item, may_decide: role === "secadmin" && item.state === "submitted" }));
      await route.fulfill({ json: { ...POLICIES, items: mine } });
    });
    await page.goto(path);
    return { page, clicks };
  };

  const steward = await open("steward", "/data");
  await steward.page.getByTestId("findings").getByTestId("row").first().click();
  await expect(steward.page.getByTestId("finding-grade")).not.toBeEmpty();
  await steward.page.keyboard.press("y");
  await steward.page.locator('.section-tabs a[href="/policies"]').click();
  const text = steward.page.getByTestId("policy-text");
  await text.fill(`${await text.inputValue()}\n[[rule]]\ntypes = ["cn_mobile"]\nmask = "partial"\n`);
  await expect(steward.page.getByTestId("masking-after")).toContainText("马**");
  await steward.page.getByTestId("policy-save").click();
  await steward.page.getByTestId("policy-submit").click();
  await expect(steward.page.getByTestId("policy-submit")).toHaveCount(0);

  const second = await open("secadmin", "/policies");
  await second.page.getByTestId("policy-approve").click();
  await second.page.getByTestId("reason").fill("手机号须遮蔽，符合分级要求");
  await second.page.getByTestId("dialog-submit").click();
  await expect(second.page.getByTestId("policies").getByRole("button").first()).toContainText("生效中");
  expect(decided).toMatchObject([{ approve: true }]);
  expect((await steward.clicks()) + (await second.clicks())).toBeLessThanOrEqual(9);
});

test("an inspection goes out to every county in at most five clicks", async ({ page }) => {
  const clicks = await count(page, "pointerdown");
  await serveFixtures(page, "analyst");
  await page.goto("/supervision?tab=campaigns");
  await page.getByTestId("issue-campaign").click();
  await page.getByTestId("campaign-title").fill("国庆期间网络安全督查");
  await page.getByTestId("all-counties").click();
  await page.getByTestId("campaign-items").fill("值班电话24小时畅通");
  const sent = page.waitForRequest((request) => request.url().endsWith("/campaigns") && request.method() === "POST");
  await page.getByTestId("dialog-submit").click();
  const { units } = (await sent).postDataJSON() as { units: string[] };
  expect(units).toEqual(UNITS.filter(({ tier }) => tier === "county").map(({ code }) => code));
  expect(await clicks()).toBeLessThanOrEqual(5);
});
