// Every page with a hostile text in every field that a stranger fills: nothing runs, nothing is loaded from elsewhere, no
// text becomes an element. The texts are those of tests/injection.

import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { serveFixtures } from "./fixtures";
import { PAGES } from "./page-list";

interface Payload {
  kind: string;
  text: string;
}

declare global {
  interface Window {
    injected?: number;
  }
}

const PAYLOADS = JSON.parse(readFileSync(new URL("../../../tests/injection/payloads.json", import.meta.url), "utf8")) as Payload[];

/** Fields that the server fills from closed lists, times, numbers and its own ids: a page may rely on their form. */
const OURS = /(^|_)(id|ids|time|at|until|from|to|state|status|severity|grade|kind|role|roles|relation|tier|unit|units|lane|domain|source|method|protocol|token|hash|trust|outcome|level|category|class|type|order|shape|result|format|priority|confidence|lang|locale|cursor|algorithm|family|profile|event_type|fingerprint|measurement|phase|step|scope|verdict|area|recipient|purpose|code|sm3)$/;
/** What looks like one of them wherever it stands: an address, a digest, a moment, a word of a list. */
const FORMED = /^([0-9a-f]{8,}|\d[\d.:/-]*|\d{4}-\d\d-\d\dT[\d:.]+Z|[a-z0-9]+(_[a-z0-9]+)*|T\d{4}(\.\d{3})?)$/;

/** The answer with a payload behind every text of the outside; `next` hands them out in turn. */
function poisoned(value: unknown, name: string, next: () => string): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => poisoned(item, name, next));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poisoned(inner, key, next)]));
  }
  if (typeof value !== "string" || value === "" || OURS.test(name) || FORMED.test(value)) return value;
  // A text that begins with the payload can act where one that only holds it can't, and the other way round.
  return value.length % 2 ? `${next()}${value}` : `${value}${next()}`;
}

/** Pages on which no stranger writes: the login, and nodes, whose names follow a form. */
const WITHOUT_TEXTS = new Set(["login", "nodes"]);

/** So that every payload comes to stand on most pages, each is shown this often with others. */
const ROUNDS = 2;

test("there are enough payloads, and they are of every kind", () => {
  expect(PAYLOADS.length).toBeGreaterThanOrEqual(100);
  expect(new Set(PAYLOADS.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(8);
});

for (const [number, shown] of PAGES.entries()) {
  test(`${shown.name} shows hostile texts as texts`, async ({ page }) => {
    const acted: string[] = [];
    page.on("dialog", (dialog) => {
      acted.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (request.url().includes("injected.invalid")) acted.push(`request: ${request.url()}`);
    });
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) acted.push(`refused by the policy: ${message.text()}`);
    });
    if (shown.phone) await page.setViewportSize({ width: 360, height: 780 });
    let place = number * 7;
    let texts = 0;
    const next = (): string => {
      texts += 1;
      return PAYLOADS[place++ % PAYLOADS.length]?.text ?? "";
    };
    await serveFixtures(page, shown.role, (answer) => poisoned(answer, "", next));
    for (let round = 0; round < ROUNDS; round++) {
      await page.goto("about:blank");
      await page.goto(shown.path);
      await expect(page.locator(shown.ready).first()).toBeVisible();
      const found = await page.evaluate(() => ({
        ran: window.injected,
        elements: document.querySelectorAll("[data-injected], meta[http-equiv=refresh], base, iframe, object, embed, marquee").length,
        links: [...document.querySelectorAll("a[href], area[href], form[action]")]
          .map((link) => (link.getAttribute("href") ?? link.getAttribute("action") ?? "").replace(/[\u0000-\u0020]/g, "").toLowerCase())
          .filter((link) => /^(javascript|vbscript|data):/.test(link)),
      }));
      expect(found).toEqual({ ran: undefined, elements: 0, links: [] });
      place += Math.floor(PAYLOADS.length / ROUNDS);
    }
    expect(acted).toEqual([]);
    if (!WITHOUT_TEXTS.has(shown.name)) expect(texts, "hostile texts reached the page").toBeGreaterThan(0);
  });
}
