// The offline verifier: one HTML file that works from disk, its script and style inside, bound by their digests.
import { defineConfig } from "vite";
import { inlineIntoOneFile } from "./build/one-file.ts";

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [inlineIntoOneFile()],
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: { input: "verifier.html", output: { codeSplitting: false } },
  },
});
