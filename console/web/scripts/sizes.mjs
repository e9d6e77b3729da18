// Prints the gzipped JavaScript and CSS that each page can need in all, and what the queue needs before its first rows
// stand; fails when one is over its budget.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KIB = { "index.html": 380, "m.html": 60, "screen.html": 200 };
/** Scripts and styles of the queue's first load. */
const FIRST_KIB = 330;
const dist = new URL("../dist/", import.meta.url);

const read = (name) => readFileSync(new URL(name, dist));

/** The chart library is loaded after the first numbers stand and has no budget. */
const WITHOUT = /^assets\/chart-/;

/** Every script and style a page can load, its views on demand among them. */
function assetsOf(page) {
  const seen = new Set();
  const queue = [...read(page).toString().matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((m) => m[1]);
  while (queue.length > 0) {
    const name = queue.pop();
    if (seen.has(name) || WITHOUT.test(name)) continue;
    seen.add(name);
    if (!name.endsWith(".js")) continue;
    for (const found of read(name).toString().matchAll(/["'`](?:\.\/|assets\/)([\w.-]+\.(?:js|css))["'`]/g)) queue.push(`assets/${found[1]}`);
  }
  return [...seen];
}

/** What the entry and the page of the queue import without being asked to. */
function firstLoad() {
  const queue = [...read("index.html").toString().matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((m) => m[1]);
  // Three pages are called `page`; the queue's is the one with the grid.
  const isQueue = (name) => /^page-.*\.js$/.test(name) && read(`assets/${name}`).includes("alert-row");
  queue.push(...readdirSync(new URL("assets/", dist)).filter(isQueue).map((name) => `assets/${name}`));
  const seen = new Set();
  while (queue.length > 0) {
    const name = queue.pop();
    if (seen.has(name)) continue;
    seen.add(name);
    if (!name.endsWith(".js")) continue;
    for (const found of read(name).toString().matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) queue.push(`assets/${found[1]}`);
  }
  return [...seen];
}

const kib = (bytes) => bytes / 1024;
let over = false;
for (const [page, budget] of Object.entries(BUDGET_KIB)) {
  const assets = assetsOf(page).map((name) => ({ name, size: gzipSync(read(name), { level: 9 }).length }));
  const total = kib(assets.reduce((sum, asset) => sum + asset.size, 0));
  over ||= total > budget;
  console.log(`${page.padEnd(12)} ${total.toFixed(1).padStart(7)} KiB gz of ${budget}${total > budget ? "  OVER BUDGET" : ""}`);
  for (const asset of assets.sort((a, b) => b.size - a.size)) {
    console.log(`  ${kib(asset.size).toFixed(1).padStart(7)}  ${asset.name}`);
  }
}
const first = kib(firstLoad().reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0));
over ||= first > FIRST_KIB;
console.log(`first load of the queue ${first.toFixed(1)} KiB gz of ${FIRST_KIB}${first > FIRST_KIB ? "  OVER BUDGET" : ""}`);
process.exit(over ? 1 : 0);
