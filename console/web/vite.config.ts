import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Address of a running `fengsui` that the development server hands API calls to. */
const backend = process.env["FENGSUI_DEV_BACKEND"] ?? "http://127.0.0.1:8460";

/** Below this many bytes a packed copy saves no packet. */
const WORTH_PACKING = 1_024;

/** Lays a brotli and a gzip copy beside every asset, which the server hands out as they are. */
function packedCopies() {
  const folder = new URL("dist/assets/", import.meta.url);
  return {
    name: "packed-copies",
    apply: "build" as const,
    closeBundle() {
      for (const name of readdirSync(folder).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const bytes = readFileSync(new URL(name, folder));
        if (bytes.length < WORTH_PACKING) continue;
        const size = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        writeFileSync(new URL(`${name}.br`, folder), brotliCompressSync(bytes, { params: size }));
        writeFileSync(new URL(`${name}.gz`, folder), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), packedCopies()],
  // The server replaces the placeholder in every page it sends.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    target: "chrome88",
    outDir: "dist",
    // A data: address would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { index: "index.html", m: "m.html", screen: "screen.html" },
      // What only has to be there when something of it is used: antd asks for forms and their checks, which no page has.
      treeshake: { moduleSideEffects: (id: string) => !/node_modules\/(@ant-design|@rc-component|antd)\//.test(id) },
    },
  },
  server: {
    proxy: { "/api": backend, "/healthz": backend },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
