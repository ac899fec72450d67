// The page of a seat, built by itself: an expert's page must be light, so it shares no chunk with heavier pages, runs on
// the small part of Vue that it uses (docs/adr/0017) and takes its texts by the small part of vue-i18n.
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  base: "/",
  plugins: [vue()],
  publicDir: false,
  resolve: {
    alias: [
      { find: /^vue$/, replacement: file("./src/light/index.ts") },
      { find: /^vue-i18n$/, replacement: file("./src/i18n/small.ts") },
    ],
  },
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    manifest: "seat-manifest.json",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { seat: file("./seat.html") } },
  },
});
