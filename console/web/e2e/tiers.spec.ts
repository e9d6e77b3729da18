// Real nodes, one above the other. The province is set up by its three administrators; a prefecture's node joins it; the
// province asks the county for the evidence of an alert. Refused, nothing comes; approved, alert and capture come whole and
// can be downloaded, and both sides have it on record.
//
// FENGSUI_E2E_ABOVE is the address of the province and FENGSUI_E2E_SETUP its set-up code; FENGSUI_E2E_URL and
// FENGSUI_E2E_ACCOUNTS are those of the county, which sees the captures. FENGSUI_E2E_BINARY is the program,
// FENGSUI_E2E_PREFECTURE the settings file of a node that is to join, which listens on FENGSUI_E2E_PREFECTURE_PORT.

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test, type APIRequestContext, type Browser, type Locator, type Page } from "@playwright/test";
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

/** The people of the province, once the first story has let them in. */
const people: Partial<Record<"sysadmin" | "secadmin" | "auditor" | "analyst", Account>> = {};

function personOf(role: keyof typeof people): Account {
  const account = people[role];
  if (!account) throw new Error(`the story before made no ${role}`);
  return account;
}

/** A window of somebody of the province who has set a password before. */
async function openAgain(browser: Browser, role: keyof typeof people, path: string): Promise<Page> {
  const { username, password } = personOf(role);
  const page = await (await browser.newContext({ locale: "zh-CN", acceptDownloads: true })).newPage();
  await page.goto(`${above}${path}`);
  await page.getByTestId("username").fill(username);
  await page.getByTestId("password").fill(password);
  await page.getByTestId("login").click();
  await expect(page.getByTestId("login")).toBeHidden();
  return page;
}

/** The whole text of a code that may be shown cut. */
const codeIn = async (place: Locator): Promise<string> => (await place.locator(".code").first().getAttribute("title")) ?? "";

// The stories are one after the other: the first lets in who plays the others.
test.describe.configure({ mode: "serial" });

test("the first run makes three administrators, of whom two let an analyst in", async ({ browser }) => {
  const page = await (await browser.newContext({ locale: "zh-CN" })).newPage();
  await page.goto(`${above}/`);
  await page.getByTestId("setup-code").fill("wrong-code");
  const roles = ["sysadmin", "secadmin", "auditor"] as const;
  for (const role of roles) {
    await page.getByTestId(`setup-${role}`).fill(role);
    await page.getByTestId(`setup-${role}-name`).fill(`省级${role}`);
  }
  await page.getByTestId("setup-submit").click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByTestId("setup-code").fill(process.env["FENGSUI_E2E_SETUP"] ?? "");
  await page.getByTestId("setup-submit").click();
  for (const role of roles) people[role] = { username: role, password: await codeIn(page.getByTestId(`password-${role}`)) };
  await page.getByTestId("setup-to-login").click();
  await expect(page.getByTestId("login")).toBeVisible();

  const system = await openAs(browser, personOf("sysadmin"), `${above}/users`);
  const security = await openAs(browser, personOf("secadmin"), `${above}/users`);
  const made = await send<Made>(system.request, "users", { username: "analyst", display_name: "省级分析员", role: "analyst", unit: "620000" });
  people.analyst = { username: "analyst", password: made.one_time_password };
  // Made by one administrator, the account waits for the other.
  const early = await page.request.post(`${above}/api/v1/session`, { data: { username: "analyst", password: made.one_time_password }, headers: { "x-fengsui-csrf": "1" } });
  expect(early.status()).toBe(401);
  await security.reload();
  await security.getByTestId("row").filter({ hasText: "analyst" }).getByTestId("user-enable").click();
  await expect(security.getByTestId("row").filter({ hasText: "analyst" })).not.toContainText("待启用");
  // The system administrator reads no business data.
  expect((await system.request.get(`${above}/api/v1/alerts`)).status()).toBe(403);
});

/** Minutes that a prefecture's node may take from the click on its code to being heard of. */
const ENROL_MINUTES = 5;

test("a prefecture's node joins within five minutes, its fingerprint approved by a second administrator", async ({ browser }) => {
  const [binary, config, port] = ["FENGSUI_E2E_BINARY", "FENGSUI_E2E_PREFECTURE", "FENGSUI_E2E_PREFECTURE_PORT"].map((name) => process.env[name] ?? "");
  const system = await openAgain(browser, "sysadmin", "/nodes");
  const security = await openAgain(browser, "secadmin", "/nodes");
  const clicks = await Promise.all([system, security].map(counting));
  const begun = Date.now();
  await system.getByTestId("node-code").click();
  await system.getByTestId("node-name").fill("620100");
  await system.getByTestId("dialog-submit").click();
  const code = await codeIn(system.getByTestId("node-made"));
  await system.getByTestId("dialog-submit").click();

  // At the prefecture, on its own machine; the fingerprint is read out over the telephone.
  const run = (args: string[]) => promisify(execFile)(binary ?? "", [...args, "-C", config ?? ""]);
  await expect(run(["node", "enrol", "--code", "not-a-code"])).rejects.toThrow();
  const fingerprint = (await run(["node", "enrol", "--code", code])).stdout.trim();
  const waiting = security.getByTestId("row").filter({ hasText: "620100" });
  await security.reload();
  await waiting.getByTestId("node-approve").click();
  await security.getByTestId("reason").fill(fingerprint.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
  await security.getByTestId("dialog-submit").click();
  await expect(security.getByRole("status").or(security.getByRole("alert")).first()).toBeVisible();
  await expect(waiting, "another fingerprint lets nobody in").toContainText("待核准");
  await waiting.getByTestId("node-approve").click();
  await security.getByTestId("reason").fill(fingerprint);
  await security.getByTestId("dialog-submit").click();
  await expect(waiting).toContainText("正常");

  const node = spawn(binary ?? "", ["console", "--without-analyzer", "-C", config ?? ""], { stdio: "ignore" });
  try {
    await expect(async () => {
      await system.reload();
      const row = system.getByTestId("row").filter({ hasText: "620100" });
      await expect(row).toContainText("正常", { timeout: 2_000 });
      await expect(row.locator("time[datetime]").first()).toHaveAttribute("datetime", /^20/, { timeout: 2_000 });
    }).toPass({ timeout: ENROL_MINUTES * 60_000 });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).ok).toBe(true);
  } finally {
    node.kill("SIGINT");
    await new Promise((resolve) => node.once("exit", resolve));
  }
  const minutes = (Date.now() - begun) / 60_000;
  const presses = (await Promise.all(clicks.map((count) => count()))).reduce((sum, one) => sum + one, 0);
  console.log(`a prefecture's node joined in ${minutes.toFixed(2)} minutes and ${presses} clicks, a wrong fingerprint among them`);
  expect(minutes).toBeLessThanOrEqual(ENROL_MINUTES);
  expect(presses).toBeLessThanOrEqual(8);
  const auditor = await openAs(browser, personOf("auditor"), `${above}/audit`);
  for (const action of ["node.code", "node.approve"]) {
    await expect(auditor.getByTestId("audit").locator(`[data-action="${action}"]`).first(), action).toBeVisible();
  }
});

/** Counts presses of the pointer on a page from now on, over its reloads too. */
async function counting(page: Page): Promise<() => Promise<number>> {
  let presses = 0;
  await page.exposeFunction("notePress", () => (presses += 1));
  const listen = () => addEventListener("pointerdown", () => void (window as unknown as { notePress: () => void }).notePress(), true);
  await page.addInitScript(listen);
  await page.evaluate(listen);
  return () => Promise.resolve(presses);
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
  const analyst = await openAs(browser, personOf("analyst"), `${above}/`);
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
