// The second verifier as one module for Node: `node qiantong-verify.mjs …`, with all it needs inside.
import { defineConfig } from "vite";

export default defineConfig({
  ssr: { noExternal: true },
  publicDir: false,
  build: {
    ssr: "src/verify/cli.ts",
    outDir: "dist",
    emptyOutDir: false,
    target: "node20",
    minify: false,
    rolldownOptions: { output: { entryFileNames: "qiantong-verify.mjs", codeSplitting: false } },
  },
});
