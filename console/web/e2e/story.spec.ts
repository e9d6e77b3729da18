// The story of the product on a real server that plays real captures: a packet becomes a task, a county officer does
// it, and everybody's steps stand in the audit log.
//
// FENGSUI_E2E_URL is the address of the server, FENGSUI_E2E_ACCOUNTS the file in which it wrote its first accounts:
// {"analyst": {"username": "...", "password": "..."}, ...} with passwords that work once.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Locator, type Page } from "@playwright/test";
import { accountOf, accountsFile, ARRIVAL_MS, openAs } from "./people";

test.skip(!accountsFile, "FENGSUI_E2E_ACCOUNTS names no file of accounts");

async function expectSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)])).toEqual([]);
}

/** Waits until alerts stand in the queue, loading those that were announced. */
async function awaitAlerts(page: Page): Promise<Locator> {
  const rows = page.getByTestId("alert-row");
  const news = page.getByTestId("news");
  await expect(rows.or(news).first()).toBeVisible({ timeout: ARRIVAL_MS });
  if ((await rows.count()) === 0) await page.keyboard.press(".");
  await expect(rows.first()).toBeVisible();
  return rows;
}

/** Walks down the queue until the open alert carries a payload. */
async function openAlertWithPayload(page: Page): Promise<void> {
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const detail = page.getByTestId("alert-detail");
  for (let step = 0; step < 15; step += 1) {
    await expect(detail).toBeVisible();
    if (await detail.getByTestId("payload").isVisible()) return;
    const before = page.url();
    await page.keyboard.press("j");
    await expect(page).not.toHaveURL(before);
  }
  throw new Error("none of the first alerts carries a payload");
}

/** Chooses the county in the dispatch dialog, whatever was proposed. */
async function chooseCounty(page: Page, county: string): Promise<void> {
  const dialog = page.getByRole("dialog").filter({ has: page.getByTestId("dispatch-units") });
  const units = dialog.getByTestId("dispatch-units");
  await expect(units).toBeVisible();
  if (await units.getByText(county).count()) return;
  await units.getByRole("combobox").fill(county);
  await page.keyboard.press("Enter");
  await expect(units).toContainText(county);
}

/** Replays the recorded web attack in a new drill and waits for its score. */
async function replayInDrill(analyst: Page): Promise<void> {
  await analyst.goto("/drills");
  await analyst.getByTestId("drill-new").click();
  await analyst.getByTestId("reason").fill("季度演练");
  await analyst.getByTestId("dialog-submit").click();
  await analyst.getByTestId("drill-replay").click();
  await analyst.getByTestId("recordings").locator("label").filter({ hasText: "T1505.003" }).click();
  await analyst.getByTestId("dialog-submit").click();
  const replay = analyst.getByTestId("replay");
  await expect(replay).toHaveAttribute("data-state", "done", { timeout: ARRIVAL_MS });
  const injection = analyst.getByTestId("drill-scores").locator("tr").filter({ hasText: "T1190" });
  await expect(injection.locator(".chip")).toHaveText("2", { timeout: ARRIVAL_MS });
}

/** Takes in one indicator, which is in force at once. */
async function importIndicator(analyst: Page): Promise<void> {
  await analyst.goto("/indicators");
  await analyst.getByTestId("indicators-import").click();
  await analyst.getByTestId("indicators-text").fill("domain,phish.example.net,high,,phishing,仿冒登录页");
  await analyst.getByTestId("indicators-list").fill("story-feed");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("indicators-outcome")).toContainText("1");
  await expect(analyst.getByRole("dialog")).toContainText("已即时生效");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("indicators")).toContainText("phish.example.net");
}

/** Ticks the first step of the playbook of the open alert. */
async function tickFirstStep(detail: Locator): Promise<void> {
  const first = detail.getByTestId("playbook").getByRole("checkbox").first();
  await first.click();
  await expect(first).toBeChecked();
}

/** Verifies what a county did, and closes the task. */
async function verifyAndClose(analyst: Page, county: string): Promise<void> {
  await analyst.goto("/tasks?state=submitted");
  await analyst.getByTestId("row").filter({ hasText: county }).first().click();
  const detail = analyst.getByTestId("task-detail");
  await expect(detail.getByTestId("task-reports")).toContainText("业务恢复正常");
  await detail.getByTestId("task-verify").click();
  await analyst.getByTestId("dialog-submit").click();
  await expect(detail).toHaveAttribute("data-state", "verified");
  await detail.getByTestId("task-close").click();
  await expect(detail).toHaveAttribute("data-state", "closed");
}

/** Issues a yellow warning for a county, which gives its receipt on the phone. */
async function warnCounty(analyst: Page, officer: Page, county: string): Promise<void> {
  await analyst.goto("/warnings");
  await analyst.getByTestId("issue-warning").click();
  await analyst.getByTestId("warning-title").fill("网站注入攻击增多");
  await analyst.getByTestId("warning-reason").fill("本省已有单位被攻击");
  const units = analyst.getByTestId("warning-units");
  await units.getByRole("combobox").fill(county);
  await analyst.keyboard.press("Enter");
  await expect(units).toContainText(county);
  await analyst.keyboard.press("Control+Enter");
  const detail = analyst.getByTestId("warning-detail");
  await expect(detail.getByTestId("warned-units")).toContainText("未回执");
  await officer.goto("/m#/");
  await officer.getByTestId("warning-card").filter({ hasText: "网站注入攻击增多" }).getByTestId("warning-receipt").click();
  await expect(officer.getByTestId("warning-receipt")).toHaveCount(0);
  // The receipt comes over the stream.
  await expect(detail.getByTestId("warned-units")).not.toContainText("未回执");
  await expectSound(analyst);
}

test("a packet becomes a task, and every step is on record", async ({ browser }) => {
  test.setTimeout(420_000);

  const officer = await test.step("the county officer is on duty", async () => {
    const page = await openAs(browser, "county_officer", "/m", { width: 360, height: 780 });
    await expect(page.getByTestId("unit")).toBeVisible();
    return page;
  });
  const county = (await officer.getByTestId("unit").innerText()).trim();

  const analyst = await test.step("the analyst sees the alert arrive", async () => {
    const page = await openAs(browser, "analyst", "/");
    await expect(page.getByTestId("nav-alerts")).toBeVisible();
    await page.goto("/alerts?source=signature&severity_min=medium");
    await awaitAlerts(page);
    return page;
  });

  await test.step("opens it: why, rule, payload, flow", async () => {
    await openAlertWithPayload(analyst);
    const detail = analyst.getByTestId("alert-detail");
    await expect(detail.getByTestId("why").locator("mark").first()).toBeVisible();
    await expect(detail.getByTestId("rule-text")).toContainText("alert ");
    await expect(detail.getByTestId("payload")).not.toBeEmpty();
    await expect(detail.getByTestId("flow")).toContainText(/\d+\.\d+\.\d+\.\d+/);
    await expectSound(analyst);
    await tickFirstStep(detail);
  });

  await test.step("makes it an incident", async () => {
    await analyst.keyboard.press("e");
    await expect(analyst.getByTestId("incident-title")).not.toHaveValue("");
    await analyst.keyboard.press("Control+Enter");
    await expect(analyst.getByTestId("incident-title")).toBeHidden();
    const link = analyst.getByTestId("alert-detail").locator('a[href^="/incidents/"]').first();
    await link.click();
    await expect(analyst.getByTestId("incident")).toBeVisible();
  });

  await test.step("dispatches a task to the county", async () => {
    await analyst.getByTestId("dispatch").click();
    await chooseCounty(analyst, county);
    await analyst.keyboard.press("Control+Enter");
    await expect(analyst.getByTestId("dispatch-units")).toBeHidden();
    await expect(analyst.getByTestId("incident")).toContainText(county);
  });

  await test.step("the county officer signs, reports and submits", async () => {
    await officer.getByTestId("tab-to_sign").click();
    await officer.getByTestId("task-card").first().click();
    await officer.getByTestId("sign").click();
    await expect(officer.getByTestId("report")).toBeVisible();
    const step = officer.getByTestId("step").first();
    await step.click();
    await expect(step).toBeChecked();
    await officer.getByTestId("report").fill("已断网并清除恶意文件，日志已留存。");
    await officer.getByTestId("progress").click();
    await expect(officer.getByTestId("report")).toHaveValue("");
    await officer.getByTestId("report").fill("处置完成，业务恢复正常。");
    await officer.getByTestId("submit").click();
    await expect(officer.getByTestId("task")).toHaveAttribute("data-state", "submitted");
    await expectSound(officer);
  });

  await test.step("the analyst verifies and closes", () => verifyAndClose(analyst, county));

  await test.step("a warning reaches the county, which gives its receipt", () => warnCounty(analyst, officer, county));

  await test.step("an attack is replayed in a drill and scored by technique", () => replayInDrill(analyst));

  await test.step("an indicator is taken in and in force at once", () => importIndicator(analyst));

  await test.step("the steward sees the finding with its grade and masked samples", async () => {
    const page = await openAs(browser, "steward", "/");
    const rows = page.getByTestId("findings").getByTestId("row");
    await expect(rows.first()).toBeVisible({ timeout: ARRIVAL_MS });
    await rows.first().click();
    await expect(page.getByTestId("finding-grade")).not.toBeEmpty();
    await expect(page.getByTestId("samples")).toContainText("*");
    await expectSound(page);
  });

  await test.step("the auditor sees every step and verifies the chain", async () => {
    const page = await openAs(browser, "auditor", "/audit");
    const log = page.getByTestId("audit");
    await expect(log).toBeVisible();
    const steps: [role: string, action: string][] = [
      ["analyst", "session.login"],
      ["analyst", "session.password"],
      ["analyst", "alert.step"],
      ["analyst", "incident.write.create"],
      ["analyst", "task.issue.dispatch"],
      ["county_officer", "task.work.sign"],
      ["county_officer", "task.work.step"],
      ["county_officer", "task.work.progress"],
      ["county_officer", "task.work.submit"],
      ["analyst", "task.issue.verify"],
      ["analyst", "task.issue.close"],
      ["analyst", "warning.create"],
      ["county_officer", "warning.receive"],
      ["analyst", "drill.write.replay"],
      ["analyst", "indicator.write.import"],
    ];
    for (const [role, action] of steps) {
      const entry = log.getByTestId("row").filter({ has: page.locator(`[data-action="${action}"]`) });
      await expect(entry.filter({ hasText: accountOf(role).username }).first(), `${role} ${action}`).toBeVisible();
    }
    await page.getByTestId("audit-verify").click();
    await expect(page.getByTestId("audit-verdict")).toHaveAttribute("data-ok", "true");
    await expect(page.getByTestId("audit-verify")).not.toHaveClass(/loading/);
    await expectSound(page);
  });
});
