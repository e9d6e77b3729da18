// Prints the gzipped JavaScript that each page can need in all, its styles beside it, and what the queue needs before its
// first rows stand; fails when one is over its budget. A kB is 1,000 bytes.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** JavaScript of a page and of every view it loads on demand, without the chart library. */
const BUDGET_KB = { "index.html": 380, "m.html": 60, "screen.html": 200 };
/** Scripts and styles of the queue's first load. */
const FIRST_KB = 260;
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

const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(7);
const packed = (name) => gzipSync(read(name), { level: 9 }).length;
const sum = (assets) => assets.reduce((total, asset) => total + asset.size, 0);
let over = false;

/** A line of the report; notes when it is over its budget. */
function tell(what, bytes, budget, more = "") {
  const isOver = bytes > budget * 1000;
  over ||= isOver;
  console.log(`${what.padEnd(24)} ${kb(bytes)} kB gz of ${budget}${more}${isOver ? "  OVER BUDGET" : ""}`);
}

for (const [page, budget] of Object.entries(BUDGET_KB)) {
  const assets = assetsOf(page).map((name) => ({ name, size: packed(name) }));
  const scripts = assets.filter((asset) => asset.name.endsWith(".js"));
  tell(`${page}, scripts`, sum(scripts), budget, `, and${kb(sum(assets) - sum(scripts))} kB of styles`);
  for (const asset of assets.sort((a, b) => b.size - a.size)) console.log(`  ${kb(asset.size)}  ${asset.name}`);
}
tell("first load of the queue", sum(firstLoad().map((name) => ({ size: packed(name) }))), FIRST_KB);
process.exit(over ? 1 : 0);
