// Measures when the first rows of the queue stand on the screen: a browser that was just started, with an empty cache,
// opens the address of the queue with a session. Usage: first-rows.mjs URL USERNAME PASSWORD [ROUNDS]
//
// The time counts from the start of the navigation to the frame after the first row came into the page.
import { chromium } from "@playwright/test";

const [base, username, password, rounds = "7"] = process.argv.slice(2);
if (!base || !username || !password) {
  console.error("usage: first-rows.mjs URL USERNAME PASSWORD [ROUNDS]");
  process.exit(2);
}

const executablePath = process.env["FENGSUI_E2E_BROWSER"] ?? "/usr/bin/chromium";
const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** Notes the moment at which the first row was painted. */
function watch() {
  const found = () => document.querySelector("[data-testid=alert-row]");
  const observer = new MutationObserver(() => {
    if (!found()) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.firstRow = performance.now())));
  });
  observer.observe(document, { childList: true, subtree: true });
}

async function once() {
  const browser = await chromium.launch({ executablePath, args });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN" });
  const login = await context.request.post(`${base}/api/v1/session`, { data: { username, password }, headers: { "x-fengsui-csrf": "1" } });
  if (!login.ok()) throw new Error(`login: ${login.status()} ${await login.text()}`);
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto(`${base}/alerts`);
  await page.waitForFunction(() => window.firstRow !== undefined, undefined, { timeout: 60_000 });
  const seen = await page.evaluate(() => ({
    first: window.firstRow,
    scripts: performance.getEntriesByType("resource").filter((entry) => /\.(js|css)$/.test(entry.name)).length,
    kib: performance.getEntriesByType("resource").reduce((sum, entry) => sum + entry.transferSize, 0) / 1024,
  }));
  await browser.close();
  return seen;
}

const times = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const { first, scripts, kib } = await once();
  times.push(first);
  console.log(`  first rows after ${first.toFixed(0)} ms (${scripts} scripts and styles, ${kib.toFixed(0)} KiB over the wire)`);
}
times.sort((one, other) => one - other);
console.log(`first rows of the queue, cold: median ${times[times.length >> 1].toFixed(0)} ms, worst ${times.at(-1).toFixed(0)} ms`);
