// Channels of notifications: a new one keeps its key to itself, a rule says whom it is for, a test tells how it went, the log
// says why a message did not arrive.

import { expect, test } from "@playwright/test";
import type { ChannelBody } from "../src/api/channels";
import { serveFixtures } from "./fixtures";

test("a gateway is added, and what is secret is sent once and never shown", async ({ page }) => {
  await serveFixtures(page, "sysadmin");
  await page.goto("/channels");
  await page.getByTestId("channel-new").click();
  await page.getByTestId("channel-name").fill("短信网关二");
  await expect(page.getByTestId("dialog-submit")).toBeDisabled();
  await page.getByTestId("channel-kind").click();
  await page.getByRole("option", { name: "HTTP 网关" }).click();
  await page.getByTestId("channel-url").fill("https://sms.gansu.gov.cn:8443/send");
  await page.getByTestId("channel-secret").fill("key-of-the-gateway");
  const sent = page.waitForRequest((request) => request.url().endsWith("/channels") && request.method() === "POST");
  await page.getByTestId("dialog-submit").click();
  const body = (await sent).postDataJSON() as ChannelBody;
  expect(body).toMatchObject({ name: "短信网关二", kind: "http", url: "https://sms.gansu.gov.cn:8443/send", secret: "key-of-the-gateway", header_value: null, enabled: true });
  expect(body.options?.template).toContain("{{phone}}");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  // A channel that is edited shows that a key is kept, not the key; nothing typed means nothing changed.
  await page.getByTestId("channel-edit").nth(1).click();
  await expect(page.getByTestId("channel-secret")).toHaveValue("");
  await expect(page.getByTestId("channel-secret")).toHaveAttribute("placeholder", /已保存/);
  const revised = page.waitForRequest((request) => request.url().endsWith("/channels/2") && request.method() === "POST");
  await page.getByTestId("dialog-submit").click();
  expect((await revised).postDataJSON()).toMatchObject({ url: null, secret: null, header_value: null });
});

test("an escalation goes to the deputy after so many minutes", async ({ page }) => {
  await serveFixtures(page, "sysadmin");
  await page.goto("/channels");
  await page.getByTestId("rule-new").nth(1).click();
  await expect(page.getByTestId("dialog-submit"), "a gateway with telephone numbers needs somebody").toBeDisabled();
  await page.getByTestId("rule-event").click();
  await page.getByRole("option", { name: /超时未签收/ }).click();
  await expect(page.getByRole("checkbox", { name: "备岗副职" })).toBeChecked();
  await page.getByTestId("rule-minutes").fill("2");
  await expect(page.getByTestId("dialog-submit")).toBeDisabled();
  await page.getByTestId("rule-minutes").fill("20");
  const sent = page.waitForRequest((request) => request.url().endsWith("/channels/2/subscriptions"));
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toEqual({ event: "task_unsigned", unit: "620000", targets: ["backup"], minutes: 20, urgent: false });
});

test("a test says how it went, and a host that is not allowed is told of before anybody waits", async ({ page }) => {
  await serveFixtures(page, "sysadmin");
  await page.goto("/channels");
  await expect(page.getByTestId("channel").nth(2)).toContainText("主机不在外发名单中");
  await page.getByTestId("channel-test").first().click();
  await page.getByTestId("dialog-submit").click();
  await expect(page.getByTestId("test-outcome")).toContainText("测试未送达：对方未接受");
  await expect(page.getByTestId("test-outcome")).toContainText("sign not match");
});

test("the log says why, and what was given up goes again", async ({ page }) => {
  await serveFixtures(page, "sysadmin");
  await page.goto("/channels?tab=log");
  const failed = page.getByTestId("row").filter({ hasText: "Connection refused" });
  await expect(failed).toContainText("无法连接 · 已试 8 次");
  const sent = page.waitForRequest((request) => request.url().endsWith("/messages/4/retry"));
  await failed.getByTestId("message-retry").click();
  await sent;
});

test("the auditor reads and changes nothing", async ({ page }) => {
  await serveFixtures(page, "auditor", (answer) => {
    const list = answer as { items?: { may_change?: boolean }[] };
    return list.items?.[0]?.may_change === undefined ? answer : { ...list, items: list.items.map((row) => ({ ...row, may_change: false })) };
  });
  await page.goto("/channels");
  await expect(page.getByTestId("channel")).toHaveCount(3);
  for (const verb of ["channel-new", "channel-edit", "channel-test", "rule-new"]) await expect(page.getByTestId(verb)).toHaveCount(0);
});
