// The console's own pages at the width of a phone: nothing is wider than the window. County officers have `/m`; these are
// for whoever has to look something up on the way.

import { expect, test } from "@playwright/test";
import type { Role } from "../src/api/types";
import { serveFixtures } from "./fixtures";

const PAGES: [name: string, role: Role, path: string, ready: string][] = [
  ["handover", "analyst", "/handover", "[data-testid=handover-take]"],
  ["entity", "analyst", "/entities?kind=address&value=203.0.113.21", ".graph"],
  ["policies", "steward", "/policies", "[data-testid=masking-after]"],
  ["share", "steward", "/shares/1", "[data-testid=share-detail]"],
  ["flows", "steward", "/flows", ".sankey"],
  ["traces", "steward", "/traces", "[data-testid=trace]"],
  ["account", "analyst", "/account", "[data-testid=key-add]"],
];

for (const [name, role, path, ready] of PAGES) {
  test(`${name}, 360 px`, async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 780 });
    await serveFixtures(page, role);
    await page.goto(path);
    await expect(page.locator(ready).first()).toBeVisible();
    const pictures = process.env["FENGSUI_E2E_PICTURES"];
    if (pictures) await page.screenshot({ path: `${pictures}/${name}-360.png` });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(wider).toBeLessThanOrEqual(0);
  });
}
