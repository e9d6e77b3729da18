// Two real nodes, one above the other: the province asks the county for the evidence of an alert. Refused, nothing comes;
// approved, alert and capture come whole and can be downloaded, and both sides have it on record.
//
// FENGSUI_E2E_ABOVE is the address of the province and FENGSUI_E2E_SETUP its set-up code; FENGSUI_E2E_URL and
// FENGSUI_E2E_ACCOUNTS are those of the county, which sees the captures.

import { readFile } from "node:fs/promises";
import { expect, test, type APIRequestContext, type Browser, type Page } from "@playwright/test";
import { accountsFile, ARRIVAL_MS, openAs, type Account } from "./people";

const above = process.env["FENGSUI_E2E_ABOVE"] ?? "";
test.skip(!above || !accountsFile, "FENGSUI_E2E_ABOVE names no node above");

/** Sends a request as the province's own pages do. */
async function send<T>(request: APIRequestContext, path: string, data: unknown): Promise<T> {
  const answer = await request.post(`${above}/api/v1/${path}`, { data, headers: { "x-fengsui-csrf": "1" } });
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
  return (await answer.json()) as T;
}

interface Made {
  user: { id: string; username: string };
  one_time_password: string;
}

/** The first run of the province: three administrators, of whom two let an analyst in. */
async function firstRun(browser: Browser): Promise<Account> {
  const person = (username: string) => ({ username, display_name: username });
  const context = await browser.newContext();
  const setup = { setup_code: process.env["FENGSUI_E2E_SETUP"], sysadmin: person("sys"), secadmin: person("sec"), auditor: person("aud") };
  const { accounts } = await send<{ accounts: Made[] }>(context.request, "setup", setup);
  await context.close();
  const administrator = (name: string) => {
    const made = accounts.find(({ user }) => user.username === name);
    return openAs(browser, { username: name, password: made?.one_time_password ?? "" }, `${above}/users`);
  };
  const system = await administrator("sys");
  const analyst = { username: "analyst", display_name: "省级分析员", role: "analyst", unit: "620000" };
  const made = await send<Made>(system.request, "users", analyst);
  const security = await administrator("sec");
  await send(security.request, `users/${made.user.id}/enable`, {});
  return { username: "analyst", password: made.one_time_password };
}

/** Walks down the queue until the open alert lies at the county and says that its evidence can be asked for. */
async function openAlertBelow(page: Page): Promise<void> {
  await page.goto(`${above}/alerts?source=signature`);
  const rows = page.getByTestId("alert-row");
  await expect(rows.or(page.getByTestId("news")).first()).toBeVisible({ timeout: ARRIVAL_MS });
  if ((await rows.count()) === 0) await page.keyboard.press(".");
  await rows.filter({ hasText: "榆中县" }).first().click();
  await expect(page.getByTestId("evidence-below")).toBeVisible();
}

async function ask(page: Page, reason: string): Promise<void> {
  await page.getByTestId("request-evidence").click();
  await page.getByTestId("reason").fill(reason);
  await page.getByTestId("dialog-submit").click();
  await expect(page.getByTestId("request-evidence")).toHaveCount(0);
}

/** The county's leader answers the request with a reason. */
async function decide(leader: Page, reason: string, verb: "request-approve" | "request-refuse"): Promise<void> {
  const row = leader.getByTestId("row").filter({ hasText: reason });
  // Requests come over the link and are told by the stream.
  await row.getByTestId(verb).click({ timeout: ARRIVAL_MS });
  await leader.getByTestId("reason").fill(verb === "request-approve" ? "同意调阅" : "涉及个人信息，请说明依据");
  await leader.getByTestId("dialog-submit").click();
  await expect(row.getByTestId(verb)).toHaveCount(0);
}

test("evidence comes up when the county agrees, and not before", async ({ browser }) => {
  test.setTimeout(420_000);
  const account = await test.step("the province is set up by its three administrators", () => firstRun(browser));
  const analyst = await openAs(browser, account, `${above}/`);
  const leader = await openAs(browser, "leader", "/evidence-requests");

  await test.step("an alert of the county is known above without its evidence", async () => {
    await openAlertBelow(analyst);
    await expect(analyst.getByTestId("payload")).toHaveCount(0);
  });
  await test.step("the province asks, the county refuses, nothing comes", async () => {
    await ask(analyst, "核实影响范围");
    await decide(leader, "核实影响范围", "request-refuse");
    await expect(analyst.getByTestId("evidence-below")).toContainText("未同意", { timeout: ARRIVAL_MS });
    await expect(analyst.getByTestId("payload")).toHaveCount(0);
  });
  await test.step("it asks again with grounds, the county agrees", async () => {
    await ask(analyst, "重大事件研判，按网络安全法第五十一条");
    await decide(leader, "重大事件研判", "request-approve");
  });
  await test.step("alert and capture arrive and the capture is downloaded", async () => {
    await analyst.goto(`${above}/evidence-requests`);
    const row = analyst.getByTestId("row").filter({ hasText: "重大事件研判" });
    const capture = row.getByRole("link", { name: /pcap|抓包|报文/i });
    await expect(capture).toBeVisible({ timeout: ARRIVAL_MS });
    const [download] = await Promise.all([analyst.waitForEvent("download"), capture.click()]);
    const bytes = await readFile(await download.path());
    expect(["d4c3b2a1", "0a0d0d0a", "4d3cb2a1"]).toContain(bytes.subarray(0, 4).toString("hex"));
    expect(bytes.length).toBeGreaterThan(100);
    await row.locator("a[href^='/alerts/']").click();
    await expect(analyst.getByTestId("evidence-below")).toHaveCount(0);
    await expect(analyst.getByTestId("payload")).not.toBeEmpty();
  });
  await test.step("both sides have every step on record", async () => {
    const county = await openAs(browser, "auditor", "/audit");
    const auditor = county.getByTestId("audit");
    for (const action of ["evidence.asked", "evidence.refuse", "evidence.approve"]) {
      await expect(auditor.locator(`[data-action="${action}"]`).first(), action).toBeVisible();
    }
  });
});
