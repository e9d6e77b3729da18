// Serves the built pages as the console's server does (a nonce per answer, the same content security policy), without
// its interface: the page tests answer those calls themselves.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const port = Number(process.argv[2] ?? 4173);
const dist = new URL("../dist/", import.meta.url);
const TYPES = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

const policy = (nonce) =>
  `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; ` +
  "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

function pageOf(path) {
  if (/^\/m(\/|$)/.test(path)) return "m.html";
  return /^\/screen(\/|$)/.test(path) ? "screen.html" : "index.html";
}

async function sendPage(path, response) {
  const nonce = randomBytes(16).toString("base64");
  const text = (await readFile(new URL(pageOf(path), dist), "utf8")).replaceAll("__CSP_NONCE__", nonce);
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy(nonce) });
  response.end(text);
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  const asset = /^\/assets\/([\w.-]+)$/.exec(pathname)?.[1];
  if (!asset) return sendPage(pathname, response);
  const bytes = await readFile(new URL(`assets/${asset}`, dist));
  response.writeHead(200, { "content-type": TYPES[asset.split(".").pop()] ?? "application/octet-stream" });
  response.end(bytes);
}

createServer((request, response) => {
  answer(request, response).catch(() => {
    response.writeHead(404);
    response.end();
  });
}).listen(port, "127.0.0.1");
