// The pages that the server hands out. Adding one: an .html file beside this, its name in `entries`.
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import components from "unplugin-vue-components/vite";
import { defineConfig } from "vitest/config";

const entries = ["index", "agency", "account", "console", "desk", "invitation", "wall", "clarify", "playback", "terminal"];
const page = (name: string): string => fileURLToPath(new URL(`./${name}.html`, import.meta.url));

export default defineConfig({
  base: "/",
  plugins: [
    vue(),
    // Only the components a page names are bundled; dts stays off so that a build never writes into the sources.
    components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: "css" })] }),
  ],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // Everything stays a file of its own: the strict content policy allows neither data: nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: { input: Object.fromEntries(entries.map((name) => [name, page(name)])) },
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8000" } },
  test: { include: ["src/**/*.test.ts", "tests/**/*.test.ts"], environment: "node" },
});
