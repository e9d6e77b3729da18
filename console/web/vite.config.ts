import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Address of a running `fengsui` that the development server hands API calls to. */
const backend = process.env["FENGSUI_DEV_BACKEND"] ?? "http://127.0.0.1:8460";

export default defineConfig({
  plugins: [react()],
  // The server replaces the placeholder in every page it sends.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    target: "chrome88",
    outDir: "dist",
    // A data: address would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: { index: "index.html", m: "m.html", screen: "screen.html" } },
  },
  server: {
    proxy: { "/api": backend, "/healthz": backend },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
