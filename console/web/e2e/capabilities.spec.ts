// Keys of applications: made with what they may do, shown once, revoked with a reason; the auditor only reads.

import { expect, test } from "@playwright/test";
import type { NewCapabilityKey } from "../src/api/capabilities";
import { MADE } from "./capabilities";
import { serveFixtures } from "./fixtures";

test("a key is made with what it may do, and its token is shown once", async ({ page }) => {
  await serveFixtures(page, "secadmin");
  await page.goto("/capabilities");
  await page.getByTestId("capability-new").click();
  await page.getByTestId("capability-name").fill("政务服务网");
  await expect(page.getByTestId("dialog-submit"), "a key without an ability is none").toBeDisabled();
  await page.getByTestId("ability-mask").click();
  await page.getByTestId("capability-minute").fill("601");
  await expect(page.getByTestId("dialog-submit")).toBeDisabled();
  await page.getByTestId("capability-minute").fill("30");
  await page.getByTestId("capability-networks").fill("10.8.0.0/16, 10.9.0.1");
  const sent = page.waitForRequest((request) => request.url().endsWith("/capability-keys") && request.method() === "POST");
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON() as NewCapabilityKey).toMatchObject({
    name: "政务服务网", abilities: ["mask"], per_minute: 30, per_day: 10_000, networks: ["10.8.0.0/16", "10.9.0.1"],
  });
  await expect(page.getByTestId("capability-token")).toContainText(MADE.token);
  await page.getByTestId("dialog-submit").click();
  await expect(page.getByText(MADE.token)).toHaveCount(0);
});

test("a key is revoked with a reason", async ({ page }) => {
  await serveFixtures(page, "secadmin");
  await page.goto("/capabilities");
  await expect(page.getByTestId("capability-revoke")).toHaveCount(2);
  await page.getByTestId("capability-revoke").first().click();
  await expect(page.getByTestId("dialog-submit")).toBeDisabled();
  await page.getByTestId("reason").fill("密钥泄露");
  const sent = page.waitForRequest((request) => request.url().endsWith("/capability-keys/3/revoke"));
  await page.getByTestId("dialog-submit").click();
  expect((await sent).postDataJSON()).toEqual({ reason: "密钥泄露" });
});
