// Stories of the other roles on a real server: administrators let people in, a prefecture divides and urges, stewards share
// and trace, an inspection comes to its end, a plan is drilled and people are called, a shift changes. The people are made
// here, so that the story of the product and these can be played at once.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Browser, type Page } from "@playwright/test";
import type { AlertRow, List, Role } from "../src/api/types";
import { accountsFile, ARRIVAL_MS, openAs, type Account } from "./people";

test.skip(!accountsFile, "FENGSUI_E2E_ACCOUNTS names no file of accounts");
test.describe.configure({ mode: "serial" });
test.setTimeout(180_000);

const administrators: { system?: Page; security?: Page } = {};

async function post<T>(page: Page, path: string, data: unknown): Promise<T> {
  const answer = await page.request.post(`/api/v1/${path}`, { data, headers: { "x-fengsui-csrf": "1" } });
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** An account that two administrators let in. */
async function person(browser: Browser, username: string, role: Role, unit: string): Promise<Account> {
  administrators.system ??= await openAs(browser, "sysadmin", "/users");
  administrators.security ??= await openAs(browser, "secadmin", "/users");
  const made = await post<{ user: { id: string }; one_time_password: string }>(administrators.system, "users", { username, display_name: username, role, unit });
  await post(administrators.security, `users/${made.user.id}/enable`, {});
  return { username, password: made.one_time_password };
}

async function expectSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)])).toEqual([]);
}

/** Makes an incident of the newest alert that nobody has taken yet, once there is one; its id. */
async function incidentOf(analyst: Page, title: string): Promise<string> {
  let alerts: AlertRow[] = [];
  await expect(async () => {
    const answer = await analyst.request.get("/api/v1/alerts?limit=20");
    alerts = ((await answer.json()) as List<AlertRow>).items.filter((row) => row.state === "new");
    expect(alerts.length).toBeGreaterThan(0);
  }).toPass({ timeout: ARRIVAL_MS });
  const made = await post<{ row: { id: string } }>(analyst, "incidents", { title, grade: "larger", alert_ids: [alerts[0]?.id] });
  return made.row.id;
}

test("one administrator makes an account, the other lets it in, and roles change only so", async ({ browser }) => {
  const system = (administrators.system = await openAs(browser, "sysadmin", "/users"));
  const security = (administrators.security = await openAs(browser, "secadmin", "/users"));
  await system.getByTestId("user-new").click();
  await system.getByTestId("user-name").fill("newcomer");
  await system.getByTestId("user-display-name").fill("新分析员");
  await system.getByTestId("dialog-submit").click();
  await expect(system.getByRole("dialog")).toContainText("newcomer");
  await system.getByTestId("dialog-submit").click();
  const row = (page: Page) => page.getByTestId("row").filter({ hasText: "newcomer" });
  await expect(row(system)).toContainText("待启用");
  await expect(row(system).getByTestId("user-enable")).toHaveCount(0);
  await security.reload();
  await row(security).getByTestId("user-enable").click();
  await expect(row(security)).toContainText("正常");
  await expectSound(security);
  // Administrators see nothing of the business.
  for (const page of [system, security]) expect((await page.request.get("/api/v1/alerts")).status()).toBe(403);
});

test("a prefecture divides a task among its counties, urges, and sees how far they are", async ({ browser }) => {
  const analyst = await openAs(browser, await person(browser, "analyst-cascade", "analyst", "620000"), "/alerts");
  const coordinator = await openAs(browser, "coordinator", "/tasks");
  const officer = await openAs(browser, await person(browser, "officer-gaolan", "county_officer", "620122"), "/m", { width: 360, height: 780 });
  const incident = await incidentOf(analyst, "市州分解");
  await post(analyst, `incidents/${incident}/tasks`, { units: ["620100"], title: "全市排查同类网站", instructions: "逐县核查", steps: ["核查", "加固"] });
  await coordinator.goto("/tasks");
  await coordinator.getByTestId("row").filter({ hasText: "全市排查同类网站" }).first().click();
  await coordinator.getByTestId("task-divide").click();
  const units = coordinator.getByTestId("cascade-units");
  for (const county of ["皋兰县", "永登县"]) {
    await units.getByRole("combobox").fill(county);
    await coordinator.keyboard.press("Enter");
    await expect(units).toContainText(county);
  }
  await coordinator.keyboard.press("Control+Enter");
  const children = coordinator.getByTestId("task-children");
  await expect(children).toContainText("皋兰县");
  await expect(children).toContainText("永登县");
  await expectSound(coordinator);
  await children.getByRole("link").filter({ hasText: "皋兰县" }).first().click();
  await coordinator.getByTestId("task-urge").click();
  await coordinator.getByTestId("reason").fill("今晚八点前反馈");
  await coordinator.getByTestId("dialog-submit").click();
  await expect(coordinator.getByTestId("task-urge")).toContainText("1");
  await officer.getByTestId("tab-to_sign").click();
  await officer.getByTestId("task-card").filter({ hasText: "全市排查同类网站" }).first().click();
  await expect(officer.getByTestId("task")).toContainText("今晚八点前反馈");
  await officer.getByTestId("sign").click();
  await officer.getByTestId("report").fill("三个网站已核查，均已加固。");
  await officer.getByTestId("submit").click();
  await expect(officer.getByTestId("task")).toHaveAttribute("data-state", "submitted");
  await expect(coordinator.getByTestId("task-verify")).toBeVisible();
  await coordinator.getByTestId("task-verify").click();
  await coordinator.getByTestId("dialog-submit").click();
  await expect(coordinator.getByTestId("task-detail")).toHaveAttribute("data-state", "verified");
});

/** A table of people who do not exist, with identity numbers whose check digit is right. */
function table(): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const number = (index: number) => {
    const body = `62012319${String(60 + (index % 40)).padStart(2, "0")}${String(1 + (index % 12)).padStart(2, "0")}${String(1 + (index % 28)).padStart(2, "0")}${String(index).padStart(3, "0")}`;
    const sum = [...body].reduce((total, digit, place) => total + Number(digit) * (weights[place] ?? 0), 0);
    return body + "10X98765432"[sum % 11];
  };
  const row = (index: number) => `${index},马${"一二三四五六七八九十"[index % 10]},${number(index)},139${String(31_000_000 + index * 7_919).padStart(8, "0")},兰州市榆中县${index}号`;
  return ["编号,姓名,身份证号,手机号,住址", ...Array.from({ length: 800 }, (_, index) => row(index))].join("\n");
}

test("data is shared masked and marked after a second person agreed, and a leaked copy names its recipient", async ({ browser }) => {
  const one = await openAs(browser, await person(browser, "steward-one", "steward", "620000"), "/shares");
  const two = await openAs(browser, await person(browser, "steward-two", "steward", "620000"), "/shares");
  const ask = async (recipient: string) => {
    await one.getByTestId("share-new").click();
    await one.getByTestId("file").setInputFiles({ name: "居民信息.csv", mimeType: "text/csv", buffer: Buffer.from(table()) });
    await one.getByTestId("share-title").fill(`低保核查：${recipient}`);
    await one.getByTestId("share-recipient").fill(recipient);
    await one.getByTestId("share-purpose").fill("低保资格核查");
    await one.getByTestId("share-legal_basis").fill("《政务数据共享条例》第十五条");
    await one.getByTestId("dialog-submit").click();
    await expect(one.getByTestId("row").filter({ hasText: recipient })).toBeVisible();
  };
  const copies = new Map<string, Buffer>();
  for (const recipient of ["省民政厅", "兰州市大数据局"]) {
    await ask(recipient);
    await one.getByTestId("row").filter({ hasText: recipient }).click();
    await expect(one.getByTestId("share-approve"), "nobody agrees to their own request").toHaveCount(0);
    await two.goto("/shares");
    await two.getByTestId("row").filter({ hasText: recipient }).click();
    await two.getByTestId("share-approve").click();
    await two.getByTestId("reason").fill("用途合规，范围最小");
    await two.getByTestId("dialog-submit").click();
    await two.getByTestId("share-release").click();
    await expect(two.getByTestId("share-detail")).toHaveAttribute("data-state", "released", { timeout: 60_000 });
    const [download] = await Promise.all([two.waitForEvent("download"), two.getByTestId("share-download").click()]);
    copies.set(recipient, await (await import("node:fs/promises")).readFile(await download.path()));
  }
  await expectSound(two);
  const leaked = copies.get("兰州市大数据局") ?? Buffer.alloc(0);
  expect(leaked.toString("utf8")).not.toContain("6201231960");
  expect(leaked.equals(copies.get("省民政厅") ?? Buffer.alloc(0)), "every recipient has a copy of their own").toBe(false);

  await two.goto("/flows");
  await expect(two.locator(".sankey")).toContainText("兰州市大数据局");
  await two.goto("/traces");
  await two.getByTestId("file").setInputFiles({ name: "网上流传.csv", mimeType: "text/csv", buffer: leaked });
  await two.getByTestId("trace-run").click();
  await expect(two.getByTestId("trace").first()).toBeVisible({ timeout: 60_000 });
  await expect(two.locator(".card", { has: two.getByTestId("trace") }).first()).toContainText("兰州市大数据局");
  await expectSound(two);
});

test("an inspection comes to its end: self-check, finding, order, evidence, verification", async ({ browser }) => {
  const analyst = await openAs(browser, await person(browser, "analyst-inspect", "analyst", "620000"), "/supervision?tab=campaigns");
  const county = await openAs(browser, await person(browser, "county-inspect", "coordinator", "620121"), "/supervision?tab=campaigns");
  await analyst.getByTestId("issue-campaign").click();
  await analyst.getByTestId("campaign-title").fill("年末网络安全督查");
  await analyst.getByTestId("all-counties").click();
  await analyst.getByTestId("campaign-items").fill("值班电话24小时畅通");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("campaign-detail")).toContainText("年末网络安全督查");
  await county.reload();
  await county.getByTestId("row").filter({ hasText: "年末网络安全督查" }).click();
  await county.getByTestId("answer-campaign").click();
  const dialog = county.getByRole("dialog");
  await dialog.getByRole("combobox").click();
  await county.getByRole("option").filter({ hasText: "存在问题" }).click();
  await dialog.getByRole("textbox").last().fill("夜间无人接听");
  await county.getByTestId("dialog-submit").click();
  await expect(county.getByTestId("inspection-findings")).toContainText("夜间无人接听");
  await analyst.reload();
  await analyst.getByTestId("order-findings").click();
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("inspection-findings")).toContainText("R20");
  await county.goto("/tasks");
  await county.getByTestId("row").first().click();
  const task = new URL(county.url()).pathname.split("/").pop() ?? "";
  await post(county, `tasks/${task}/sign`, {});
  await post(county, `tasks/${task}/submit`, { text: "已增加夜班人员并测试接通。" });
  await analyst.goto(`/tasks/${task}`);
  await analyst.getByTestId("task-verify").click();
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("task-detail")).toHaveAttribute("data-state", "verified");
  await analyst.goto("/supervision?tab=campaigns");
  await analyst.getByTestId("row").filter({ hasText: "年末网络安全督查" }).click();
  await expect(analyst.getByTestId("inspection-findings")).toContainText("已销号");
});

test("a plan is made from a template and drilled, people are called, a course counts", async ({ browser }) => {
  const analyst = await openAs(browser, await person(browser, "analyst-ready", "analyst", "620000"), "/readiness");
  await analyst.getByTestId("plan-new").click();
  await analyst.getByTestId("plan-template").click();
  await analyst.getByRole("option").filter({ hasText: "勒索病毒" }).click();
  await expect(analyst.getByTestId("plan-title")).toHaveValue("勒索病毒事件应急预案");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("plan-detail")).toContainText("先期处置");
  await analyst.getByTestId("plan-activate").click();
  await analyst.getByTestId("reason").fill("季度演练");
  await analyst.getByTestId("dialog-submit").click();
  const steps = analyst.getByTestId("activation").getByRole("checkbox");
  await expect(steps).toHaveCount(10);
  await steps.first().click();
  await expect(steps.first()).toBeChecked();
  await expectSound(analyst);
  await analyst.getByTestId("activation-end").click();
  await analyst.getByTestId("reason").fill("用时四十分钟，备份核查超时。");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("activation")).toHaveAttribute("data-ended", "true");

  await analyst.goto("/readiness?tab=people");
  await analyst.getByTestId("person-new").click();
  await analyst.getByTestId("person-name").fill("马联络");
  await analyst.getByTestId("person-post").fill("网信科长");
  await analyst.getByTestId("person-phone").fill("0931-8460001");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("duty-people")).toContainText("马联络");
  await analyst.goto("/readiness?tab=drills");
  await analyst.getByTestId("contact-drill-new").click();
  await analyst.getByTestId("contact-drill-title").fill("国庆前联络演练");
  await analyst.getByTestId("dialog-submit").click();
  await analyst.getByTestId("contact-drills").getByTestId("row").first().click();
  await analyst.getByTestId("call-missed").first().click();
  await expect(analyst.getByTestId("call").first()).toContainText("未接通");
  await analyst.getByTestId("contact-drill-end").click();
  await expect(analyst.getByTestId("contact-drill")).toContainText("已结束");
  await analyst.goto("/readiness?tab=trainings");
  await analyst.getByTestId("training-new").click();
  await analyst.getByTestId("training-title").fill("钓鱼邮件识别");
  await analyst.getByTestId("training-expected").fill("40");
  await analyst.getByTestId("training-attended").fill("36");
  await analyst.getByTestId("dialog-submit").click();
  await expect(analyst.getByTestId("trainings")).toContainText("90%");
});

test("a shift is handed over, and another region joins a case", async ({ browser }) => {
  const day = await openAs(browser, await person(browser, "analyst-day", "analyst", "620000"), "/handover");
  const night = await openAs(browser, await person(browser, "analyst-night", "analyst", "620000"), "/handover");
  const guest = await openAs(browser, await person(browser, "guest-jiuquan", "coordinator", "620900"), "/incidents");
  await day.getByTestId("handover-text").fill("盯住对外扫描，已封堵两个出口。");
  await day.getByTestId("handover-send").click();
  await night.reload();
  await expect(night.getByText("盯住对外扫描")).toBeVisible();
  await night.getByTestId("handover-take").first().click();
  await expect(night.getByTestId("handover-take")).toHaveCount(0);

  const incident = await incidentOf(night, "跨地区攻击");
  expect((await guest.request.get(`/api/v1/incidents/${incident}`)).status()).toBe(404);
  await night.goto(`/incidents/${incident}`);
  await night.getByTestId("participant-add").click();
  await night.getByTestId("participant-unit").getByRole("combobox").fill("酒泉");
  await night.keyboard.press("Enter");
  await night.keyboard.press("Control+Enter");
  await expect(night.getByTestId("participants")).toContainText("酒泉市");
  await guest.goto(`/incidents/${incident}`);
  await expect(guest.getByTestId("incident")).toContainText("跨地区攻击");
  await expectSound(guest);
});
