// Every page in both themes: it shows what it should, nothing of the outside runs, and axe finds nothing serious. With
// FENGSUI_E2E_PICTURES set to a folder, a picture of each is kept there to be looked at.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { serveFixtures } from "./fixtures";
import { PAGES, type Shown } from "./page-list";

/** Rules of axe whose answer depends on the theme; every other looks at names, roles and structure, which both share. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

async function expectSound(page: Page, rules?: string[]): Promise<void> {
  const builder = new AxeBuilder({ page }).options({ resultTypes: ["violations"] });
  const { violations } = await (rules ? builder.withRules(rules) : builder).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id: rule, nodes }) => [rule, ...nodes.map((node) => node.html)])).toEqual([]);
}

async function keepPicture(page: Page, name: string): Promise<void> {
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
}

async function expectNothingWider(page: Page): Promise<void> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wider, "nothing is wider than the window").toBeLessThanOrEqual(0);
}

/** Changes the theme as a reader does; the phone's pages take it from the console, when they are opened. */
async function changeTheme(page: Page, shown: Shown, theme: "light" | "dark"): Promise<void> {
  if (shown.phone) {
    await page.evaluate((name) => localStorage.setItem("fengsui.theme", name), theme);
    await page.reload();
  } else {
    await page.getByTestId("theme").click();
  }
  await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
  await expect(page.locator(shown.ready).first()).toBeVisible();
}

for (const shown of PAGES) {
  test(`${shown.name}, in both themes`, async ({ page }) => {
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => dialogs.push(dialog.message()));
    const refused: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) refused.push(message.text());
    });
    if (shown.phone) await page.setViewportSize({ width: 360, height: 780 });
    await serveFixtures(page, shown.role);
    await page.goto(shown.path);
    await expect(page.locator(shown.ready).first()).toBeVisible();
    await keepPicture(page, `${shown.name}-light`);
    await expectNothingWider(page);
    // The situational screen has one theme.
    const themed = !shown.path.startsWith("/screen");
    if (themed) {
      await changeTheme(page, shown, "dark");
      await keepPicture(page, `${shown.name}-dark`);
    }
    // Before axe, to whose own work the policy objects.
    const refusedByUs = [...refused];
    await expectSound(page);
    if (themed) {
      await changeTheme(page, shown, "light");
      await expectSound(page, OF_COLOURS);
    }
    await expectNothingWider(page);
    expect(refusedByUs, "the content security policy refuses nothing of ours").toEqual([]);
    expect(dialogs, "no text of the outside runs").toEqual([]);
  });
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
    await keepPicture(page, `screen-${width}`);
    const over = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth - window.innerWidth, scrollHeight - window.innerHeight];
    });
    expect(Math.max(...over), "nothing has to be scrolled to").toBeLessThanOrEqual(0);
  });
}
