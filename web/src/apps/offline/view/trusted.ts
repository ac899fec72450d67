// Worker addresses under Trusted Types: both pages demand them, and a worker's address is the only one ever needed.

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): { createScriptURL(address: string): string };
}

let policy: ReturnType<Policies["createPolicy"]> | undefined;

/** Passes on an address that the page itself made; the content policy still decides where it may lead. */
export function trusted(address: string): string {
  const { trustedTypes } = window as { readonly trustedTypes?: Policies };
  policy ??= trustedTypes?.createPolicy("qiantong-worker", { createScriptURL: (given) => given });
  return policy?.createScriptURL(address) ?? address;
}
