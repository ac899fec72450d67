// Signing for the relay box: a P-256 key of this browser and person that no script can read, canonical JSON, digests.
import type { Signed } from "../../../api/relay.ts";

export const MAX_BYTES = 512 * 1024;

/** Canonical JSON (RFC 8785) of a flat statement of texts and whole numbers. */
export const canonical = (statement: Readonly<Record<string, string | number>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(statement).sort(([a], [b]) => (a < b ? -1 : 1))));

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The present second as the server writes times. */
export const nowText = (now: number): string => new Date(now).toISOString().replace(/\.\d{3}Z$/, "Z");

/** Signs `statement` with the reason and the time that go with it. */
export async function signed(
  pair: CryptoKeyPair,
  key: string,
  statement: Readonly<Record<string, string | number>>,
  reason: string,
  now: number,
): Promise<Signed> {
  const at = nowText(now);
  const bytes = new TextEncoder().encode(canonical({ ...statement, reason, time: at }));
  const made = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, bytes);
  return { reason, at, key, signature: hex(new Uint8Array(made)) };
}
