import { defineConfig } from "@playwright/test";

/** The browser of the distribution; nothing is downloaded. */
const executablePath = process.env["FENGSUI_E2E_BROWSER"] ?? "/usr/bin/chromium";

/** Port of the built pages without a server; their calls are answered by fixtures. */
const PAGES_PORT = 4173;
const pages = `http://127.0.0.1:${PAGES_PORT}`;

export default defineConfig({
  projects: [
    { name: "pages", testMatch: ["pages.spec.ts", "keys.spec.ts", "budgets.spec.ts", "states.spec.ts", "narrow.spec.ts", "injection.spec.ts", "settings.spec.ts", "channels.spec.ts", "capabilities.spec.ts", "groups.spec.ts", "retro.spec.ts"], use: { baseURL: pages } },
    { name: "story", testMatch: ["story.spec.ts", "roles.spec.ts"] },
    { name: "tiers", testMatch: "tiers.spec.ts" },
  ],
  webServer: {
    command: `node scripts/serve.mjs ${PAGES_PORT}`,
    url: pages,
    reuseExistingServer: true,
  },
  testDir: "e2e",
  outputDir: "test-results",
  workers: 2,
  fullyParallel: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env["FENGSUI_E2E_URL"] ?? "http://127.0.0.1:8460",
    viewport: { width: 1440, height: 900 },
    locale: "zh-CN",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
