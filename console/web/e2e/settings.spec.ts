// The page of settings: what is changed is looked over and given a reason, what is wrong can't be sent, what needs a second
// person goes to them, and an earlier version comes back.

import { expect, test } from "@playwright/test";
import { serveFixtures } from "./fixtures";

test("settings are changed with a reason, and what needs consent says so", async ({ page }) => {
  await serveFixtures(page, "sysadmin");
  await page.goto("/settings");
  const days = page.getByTestId("setting-password_days").getByRole("textbox");
  await days.fill("120");
  await expect(page.getByTestId("setting-password_days").getByRole("alert")).toContainText("30 至 90");
  await expect(page.getByTestId("settings-save")).toBeDisabled();
  await days.fill("60");
  await page.getByTestId("setting-retention_days").getByRole("textbox").fill("200");
  await page.getByTestId("settings-save").click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("listitem")).toHaveText([/密码有效期.*90 天 → 60 天.*须安全管理员批准/, /日志与事件留存365 天 → 200 天$/]);
  await expect(page.getByTestId("dialog-submit")).toBeDisabled();
  await page.getByTestId("reason").fill("按测评意见");
  const sent = page.waitForRequest((request) => request.url().endsWith("/settings") && request.method() === "POST");
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toEqual({ changes: { password_days: "60", retention_days: "200" }, reason: "按测评意见" });
  await expect(page.getByRole("status")).toContainText("已提交安全管理员审批");
  await expect(page.getByTestId("settings-bar")).toHaveCount(0);
});

test("an earlier version is restored, and the default is the file's value", async ({ page }) => {
  await serveFixtures(page, "sysadmin");
  await page.goto("/settings?tab=versions");
  await expect(page.getByTestId("setting-restore")).toHaveCount(1);
  await page.getByTestId("setting-restore").click();
  await page.getByTestId("reason").fill("改回");
  const sent = page.waitForRequest((request) => request.url().endsWith("/settings/versions/6/restore"));
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toEqual({ reason: "改回" });
  await page.goto("/settings");
  await page.getByTestId("setting-platform_name").getByRole("button").click();
  await page.getByTestId("settings-save").click();
  await page.getByTestId("reason").fill("用默认名称");
  const reset = page.waitForRequest((request) => request.url().endsWith("/settings") && request.method() === "POST");
  await page.getByTestId("dialog-submit").click();
  expect((await reset).postDataJSON()).toEqual({ changes: { platform_name: null }, reason: "用默认名称" });
});

test("the security administrator decides and changes nothing else", async ({ page }) => {
  await serveFixtures(page, "secadmin");
  await page.goto("/settings");
  await expect(page.getByTestId("proposals")).toContainText("5 次 → 3 次");
  await expect(page.getByTestId("setting-idle_minutes").getByRole("textbox")).toHaveCount(0);
  await page.getByTestId("proposal-approve").click();
  await page.getByTestId("reason").fill("同意");
  const sent = page.waitForRequest((request) => request.url().endsWith("/settings/versions/9/decide"));
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toEqual({ approve: true, reason: "同意" });
});

test("whoever logs in reads the notice of the administrators", async ({ page }) => {
  await serveFixtures(page, null);
  await page.goto("/");
  await expect(page.getByTestId("gate-notice")).toContainText("操作全程留痕");
  await expect(page.getByRole("main")).toContainText("甘肃省数字政府网络安全平台");
});
