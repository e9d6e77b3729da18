// People of the stories: their accounts, and how they log in for the first time.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, type Browser, type Page } from "@playwright/test";

/** Name and the password that is right now. */
export interface Account {
  username: string;
  password: string;
}

/** The file of first accounts that the server wrote: `{"analyst": {"username": "...", "password": "..."}, ...}`. */
export const accountsFile = process.env["FENGSUI_E2E_ACCOUNTS"];
const accounts = accountsFile ? (JSON.parse(readFileSync(accountsFile, "utf8")) as Record<string, Account>) : {};

/** Alerts take part of a minute to arrive while the captures are played. */
export const ARRIVAL_MS = 90_000;

/** A password of the strictest profile that nobody used before. */
const freshPassword = (): string => `Qy7#${randomUUID()}`;

/** The account of a role. */
export function accountOf(role: string): Account {
  const account = accounts[role];
  if (!account) throw new Error(`the accounts file has no ${role}`);
  return account;
}

/** A window of somebody who has logged in and set a password of their own. */
export async function openAs(browser: Browser, who: string | Account, path: string, viewport = { width: 1440, height: 900 }): Promise<Page> {
  const context = await browser.newContext({ viewport, locale: "zh-CN", acceptDownloads: true });
  const page = await context.newPage();
  await page.goto(path);
  await logIn(page, typeof who === "string" ? accountOf(who) : who);
  return page;
}

/** Logs in with the password that works once and sets one's own. */
async function logIn(page: Page, account: Account): Promise<void> {
  await page.getByTestId("username").fill(account.username);
  await page.getByTestId("password").fill(account.password);
  await page.getByTestId("login").click();
  const own = freshPassword();
  await page.getByTestId("old-password").fill(account.password);
  await page.getByTestId("new-password").fill(own);
  await page.getByTestId("new-password-again").fill(own);
  await page.getByTestId("change-password").click();
  await expect(page.getByTestId("change-password")).toBeHidden();
  account.password = own;
}
