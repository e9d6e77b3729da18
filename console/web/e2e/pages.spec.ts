// Every page in both themes: it shows what it should, nothing of the outside runs, and axe finds nothing serious. With
// FENGSUI_E2E_PICTURES set to a folder, a picture of each is kept there to be looked at.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { serveFixtures } from "./fixtures";
import { PAGES } from "./page-list";

async function expectSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id: rule, nodes }) => [rule, ...nodes.map((node) => node.html)])).toEqual([]);
}

for (const theme of ["light", "dark"] as const) {
  for (const shown of PAGES) {
    test(`${shown.name}, ${theme}`, async ({ page }) => {
      const dialogs: string[] = [];
      page.on("dialog", (dialog) => dialogs.push(dialog.message()));
      const refused: string[] = [];
      page.on("console", (message) => {
        if (message.text().includes("Content Security Policy")) refused.push(message.text());
      });
      await page.addInitScript((name) => localStorage.setItem("fengsui.theme", name), theme);
      if (shown.phone) await page.setViewportSize({ width: 360, height: 780 });
      await serveFixtures(page, shown.role);
      await page.goto(shown.path);
      await expect(page.locator(shown.ready).first()).toBeVisible();
      const pictures = process.env["FENGSUI_E2E_PICTURES"];
      if (pictures) await page.screenshot({ path: `${pictures}/${shown.name}-${theme}.png` });
      const refusedByUs = [...refused];
      await expectSound(page);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wider, "nothing is wider than the window").toBeLessThanOrEqual(0);
      expect(refusedByUs, "the content security policy refuses nothing of ours").toEqual([]);
      expect(dialogs, "no text of the outside runs").toEqual([]);
    });
  }
}

for (const [width, height] of [
  [1920, 1080],
  [3840, 1080],
] as const) {
  test(`the situational screen fills a wall of ${width} × ${height}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await serveFixtures(page, "leader");
    await page.goto("/screen");
    await expect(page.locator(".trend canvas")).toBeVisible();
    const pictures = process.env["FENGSUI_E2E_PICTURES"];
    if (pictures) await page.screenshot({ path: `${pictures}/screen-${width}.png` });
    const over = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth - window.innerWidth, scrollHeight - window.innerHeight];
    });
    expect(Math.max(...over), "nothing has to be scrolled to").toBeLessThanOrEqual(0);
  });
}
