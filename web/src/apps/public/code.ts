// The verification code on a certificate, and fetching the proof it names. Only the code travels, nothing of the visitor.

const CODE = /^[0-9A-Z]{12}$/;

/** The code in the form the server knows; null when it is none. Spaces, hyphens and case do not matter. */
export function readCode(typed: string): string | null {
  const code = typed.replace(/[\s\-‐-―－]/g, "").toUpperCase();
  return CODE.test(code) ? code : null;
}

/** `ABCD-EFGH-JKLM`. */
export function showCode(code: string): string {
  return code.replace(/(.{4})(?=.)/g, "$1-");
}

export type Fetched = { readonly bytes: Uint8Array } | { readonly problem: "notFound" | "unreachable" };

export async function fetchProof(code: string): Promise<Fetched> {
  try {
    const answer = await fetch(`/v1/proofs/${code}`, { credentials: "omit", referrerPolicy: "no-referrer" });
    if (answer.status === 404 || answer.status === 410) return { problem: "notFound" };
    return answer.ok ? { bytes: new Uint8Array(await answer.arrayBuffer()) } : { problem: "unreachable" };
  } catch {
    return { problem: "unreachable" };
  }
}
