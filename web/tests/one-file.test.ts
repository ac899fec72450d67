import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { joinIntoOneFile } from "../build/one-file.ts";

const html = `<!doctype html><html><head>
    <meta charset="utf-8" />
    <script type="module" crossorigin src="./assets/a.js"></script>
    <link rel="stylesheet" crossorigin href="./assets/a.css">
  </head><body><div id="app"></div></body></html>`;
const digest = (text: string | undefined): string => createHash("sha256").update(text ?? "").digest("base64");

describe("the one-file page", () => {
  const page = joinIntoOneFile({ html, script: 'const a = "</script><!--$&";', style: "a{color:red}" });

  it("fetches nothing", () => expect(page).not.toMatch(/\bsrc=|<link/));
  it("lets no string of the script end its element", () => expect(page.match(/<\/script/g)).toHaveLength(1));
  it("keeps dollar signs of the script", () => expect(page).toContain("$&"));
  it("names the script and the style by digest in its policy", () => {
    const script = /<script type="module">([\s\S]*?)<\/script>/.exec(page)?.[1];
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1];
    expect(page).toContain(`script-src 'sha256-${digest(script)}'`);
    expect(page).toContain(`style-src 'sha256-${digest(style)}'`);
  });
  it("refuses a page that has no place for the policy", () => {
    expect(() => joinIntoOneFile({ html: "<head></head><body></body>", script: "", style: "" })).toThrow(/charset/);
  });
});
