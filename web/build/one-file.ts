// Build step of the offline verifier: moves the built script and style into the page and writes a content policy
// that names both by SHA-256, so that nothing else can run in the saved file and nothing is fetched.
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

export interface Parts {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const source = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export function joinIntoOneFile({ html, script, style }: Parts): string {
  // A closing tag inside a string would end the element early; the escape means the same to the engine.
  const code = `\n${script.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--").trim()}\n`;
  const css = `\n${style.trim()}\n`;
  if (/<\/style/i.test(css)) throw new Error("the style sheet closes its own element");
  const policy = [
    "default-src 'none'",
    `script-src ${source(code)}`,
    `style-src ${source(css)}`,
    // The script starts itself once more as a worker, from a blob of its own text; see apps/offline/worker.ts.
    "worker-src blob:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types qiantong-worker",
  ].join("; ");
  const bare = html
    .replace(/[ \t]*<script\b[^>]*\bsrc=[^>]*><\/script>\r?\n?/g, "")
    .replace(/[ \t]*<link\b[^>]*\brel="(?:stylesheet|modulepreload)"[^>]*>\r?\n?/g, "");
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`;
  const joined = bare
    // Function replacements: the code may hold `$&`, which a string replacement would expand.
    .replace(/<meta charset="[^"]*"\s*\/?>/i, (charset) => `${charset}\n    ${meta}`)
    .replace("</head>", () => `<style>${css}</style>\n  </head>`)
    .replace("</body>", () => `<script type="module">${code}</script>\n  </body>`);
  if (!joined.includes(meta)) throw new Error("the page declares no charset, so the content policy found no place");
  return joined;
}

export function inlineIntoOneFile(): Plugin {
  return {
    name: "qiantong-one-file",
    enforce: "post",
    generateBundle(_options, bundle) {
      const parts = { html: "", script: "", style: "" };
      let page = "";
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === "chunk") parts.script += part.code;
        else if (name.endsWith(".css")) parts.style += String(part.source);
        else if (name.endsWith(".html")) [page, parts.html] = [name, String(part.source)];
        else throw new Error(`${name} cannot stand inside one file`);
        delete bundle[name];
      }
      this.emitFile({ type: "asset", fileName: page, source: joinIntoOneFile(parts) });
    },
  };
}
