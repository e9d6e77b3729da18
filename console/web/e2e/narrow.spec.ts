// Every page at the width of a phone: nothing is wider than the window, nothing lies over another part. County officers have `/m`, in large letters too; the
// others are for whoever has to look something up on the way.

import { expect, test, type Page } from "@playwright/test";
import { serveFixtures } from "./fixtures";
import { PAGES, type Shown } from "./page-list";

/** What stands one below another on a page, and what of it lies over the one before. */
function overlaps(): string[] {
  const found: string[] = [];
  for (const stack of document.querySelectorAll(".page-full, .workspace")) {
    let bottom = -Infinity;
    for (const part of stack.children) {
      const place = part.getBoundingClientRect();
      if (place.height === 0) continue;
      // What is taller than the room it got lies over the next one, although its box does not.
      const reaches = getComputedStyle(part).overflowY === "visible" ? place.top + part.scrollHeight : place.bottom;
      if (place.top < bottom - 1) found.push(part.className);
      bottom = Math.max(place.bottom, reaches);
    }
  }
  return found;
}

async function expectNarrow(page: Page, shown: Shown, width: number, name: string): Promise<void> {
  await page.setViewportSize({ width, height: 780 });
  await serveFixtures(page, shown.role);
  await page.goto(shown.path);
  await expect(page.locator(shown.ready).first()).toBeVisible();
  const pictures = process.env["FENGSUI_E2E_PICTURES"];
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wider, "nothing is wider than the window").toBeLessThanOrEqual(0);
  expect(await page.evaluate(overlaps), "nothing lies over what stands above it").toEqual([]);
}

for (const shown of PAGES.filter(({ path }) => !path.startsWith("/screen"))) {
  test(`${shown.name}, 360 px`, async ({ page }) => {
    await expectNarrow(page, shown, shown.phone ? 390 : 360, `${shown.name}-360`);
  });
}

for (const shown of PAGES.filter(({ phone }) => phone)) {
  test(`${shown.name}, large text, 360 px`, async ({ page }) => {
    await page.addInitScript(() => localStorage.setItem("fengsui.large", "yes"));
    await expectNarrow(page, shown, 360, `${shown.name}-large`);
  });
}
