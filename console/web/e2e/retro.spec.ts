// The hunt over the past: by keyboard from an empty form to its hits; what is wrong names its line; one can be cancelled.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import type { RetroHuntView } from "../src/api/types";
import { serveFixtures } from "./fixtures";
import { CUT, HUNT, RUNNING } from "./retro";

const SIGMA = "title: a\nlogsource:\n  category: webserver\ndetection:\n  selection:\n    cs-uri-stem|contains: '/shell'\n   condition: selection\n";

interface Server {
  hunt: RetroHuntView | null;
  asked: unknown[];
  refuse: { field: string; message_zh: string; message_en: string } | null;
}

/** A server with one hunt, which the test changes. */
async function serve(page: Page, hunt: RetroHuntView | null): Promise<Server> {
  const server: Server = { hunt, asked: [], refuse: null };
  await serveFixtures(page, "analyst");
  await page.route("**/api/v1/events/retro-hunts**", async (route) => {
    const request = route.request();
    if (request.method() === "GET") return route.fulfill({ json: { items: server.hunt ? [server.hunt] : [] } });
    if (request.url().endsWith("/cancel")) {
      server.hunt = CUT;
      return route.fulfill({ json: CUT });
    }
    server.asked.push(request.postDataJSON());
    if (server.refuse) return route.fulfill({ status: 422, json: { error: { code: "invalid", ...server.refuse } } });
    server.hunt = RUNNING;
    return route.fulfill({ json: RUNNING });
  });
  return server;
}

async function picture(page: Page, name: string): Promise<void> {
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/retro-${name}.png`, fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);
}

test("from an empty form to the hits by keyboard", async ({ page }) => {
  const server = await serve(page, null);
  await page.goto("/search");
  await page.getByRole("link", { name: "回溯狩猎" }).press("Enter");
  await expect(page.getByTestId("empty")).toContainText("尚未狩猎");
  await expect(page.getByTestId("retro-run")).toBeDisabled();
  await picture(page, "empty");
  await page.getByLabel("Sigma 规则").focus();
  await page.keyboard.insertText(SIGMA);
  await page.getByLabel("威胁指标").focus();
  await page.keyboard.insertText("bad.example\n203.0.113.66");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("retro-progress")).toContainText("已检视 3,120,000 / 8,412,906 条 · 4 / 11 天 · 命中 612");
  await expect(page.getByTestId("retro-run")).toBeDisabled();
  const [asked] = server.asked as { sigma: string; indicators: string; from: string; to: string | null }[];
  expect([asked?.sigma, asked?.indicators, asked?.to]).toEqual([SIGMA, "bad.example\n203.0.113.66", null]);
  expect(Date.now() - Date.parse(asked?.from ?? "")).toBeGreaterThan(29 * 86_400_000);
  await picture(page, "running");
  server.hunt = HUNT;
  await expect(page.getByTestId("retro-coverage")).toContainText("已检视 8,412,906 / 8,412,906 条日志，2026-11-12 至 2026-11-22，11 天");
  await expect(page.getByTestId("retro-coverage")).toContainText("关联规则 五分钟内多次访问网页木马 无法回溯");
  const first = page.getByTestId("retro-hits").locator("details").first();
  await first.locator("summary").press("Enter");
  await expect(first.locator(".event-fields")).toContainText("/list.php?id=0");
  await picture(page, "hits");
  await expect(page.getByTestId("retro-hits").locator("details")).toHaveCount(100);
  await page.getByRole("button", { name: "加载更多" }).click();
  await expect(page.getByTestId("retro-hits").locator("details")).toHaveCount(140);
});

test("a rule that is wrong leads to its line", async ({ page }) => {
  const server = await serve(page, null);
  server.refuse = { field: "sigma", message_zh: "Sigma规则有误：did not find expected key at line 7 column 4", message_en: "did not find expected key at line 7 column 4" };
  await page.goto("/search?mode=retro");
  await page.getByLabel("Sigma 规则").fill(SIGMA);
  await page.getByTestId("retro-run").click();
  await expect(page.getByTestId("retro-fault")).toContainText("line 7");
  await picture(page, "fault");
  await page.getByRole("button", { name: "定位第 7 行" }).click();
  const marked = await page.getByLabel("Sigma 规则").evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
  expect(marked).toBe("   condition: selection");
  server.refuse = null;
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("retro-progress")).toBeVisible();
  await expect(page.getByTestId("retro-fault")).toHaveCount(0);
});

test("a hunt is cancelled and says how far it came", async ({ page }) => {
  await serve(page, RUNNING);
  await page.goto("/search?mode=retro&list=banking-phish");
  await expect(page.getByTestId("retro-lists")).toContainText("banking-phish");
  await page.getByTestId("retro-cancel").click();
  const said = page.getByTestId("retro-coverage");
  await expect(said).toContainText("已取消");
  await expect(said).toContainText("之后的日志未检视");
  await expect(said).toContainText("2026-11-15 的索引无法读取");
  await expect(said).toContainText("未能加载 indicators");
  await expect(page.getByTestId("empty")).toContainText("没有命中");
  await picture(page, "cancelled");
});

test("a rule is read from a file, and a list of the console chosen", async ({ page }) => {
  const server = await serve(page, null);
  await page.goto("/search?mode=retro");
  await page.getByTestId("retro-sigma-file").setInputFiles({ name: "a.yml", mimeType: "text/yaml", buffer: Buffer.from(SIGMA) });
  await expect(page.getByLabel("Sigma 规则")).toHaveValue(SIGMA);
  await page.getByLabel("情报清单").click();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.getByTestId("retro-run").click();
  await expect(page.getByTestId("retro-progress")).toBeVisible();
  expect(server.asked).toMatchObject([{ sigma: SIGMA, indicators: null, lists: ["banking-phish"] }]);
});

test("without an event store it says so", async ({ page }) => {
  await serveFixtures(page, "analyst");
  const refused = { error: { code: "unavailable", message_zh: "此节点没有事件库", message_en: "no event store", field: null } };
  await page.route("**/api/v1/events/retro-hunts**", (route) => route.fulfill({ status: 503, json: refused }));
  await page.goto("/search?mode=retro");
  await expect(page.getByTestId("failure")).toContainText("此节点没有事件库");
});

test("an earlier hunt is opened again, and what is suppressed is told", async ({ page }) => {
  await serveFixtures(page, "analyst");
  await page.goto("/search?mode=retro");
  await expect(page.getByTestId("retro-coverage")).toContainText("另有 18 次命中已被抑制规则排除");
  await page.getByTestId("retro-earlier").getByRole("button").nth(1).click();
  await expect(page.locator(".retro-facts")).toContainText("77");
  await page.getByTestId("retro-earlier").getByRole("button").first().click();
  await expect(page.locator(".retro-facts")).not.toContainText(/^.*\b77\b/);
});
