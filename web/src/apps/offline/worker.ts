// The offline file's worker: the page's own script once more, since the file can fetch no other.

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): { createScriptURL(address: string): string };
}

/** The one policy that the page's content policy allows; it passes on the blob made here and nothing else. */
function trusted(address: string): string {
  const { trustedTypes } = window as { readonly trustedTypes?: Policies };
  policy ??= trustedTypes?.createPolicy("qiantong-worker", { createScriptURL: (given) => given });
  return policy?.createScriptURL(address) ?? address;
}

let policy: ReturnType<Policies["createPolicy"]> | undefined;
let own: string | undefined;

/** A classic worker, since no module loads from a page on disk. Null when the script does not stand inside the page, as while developing. */
export function makeWorker(): Worker | null {
  const code = document.querySelector('script[type="module"]')?.textContent ?? "";
  if (code.trim() === "") return null;
  own ??= URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return new Worker(trusted(own));
}
