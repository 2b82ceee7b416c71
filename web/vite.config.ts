import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // a data: address is nothing the content security policy allows
    modulePreload: { polyfill: false },
  },
  test: { include: ["test/**/*.test.ts"] },
});
