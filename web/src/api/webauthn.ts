// Between the server's JSON and the browser's passkeys (WebAuthn Level 2): base64url texts become bytes and back. By
// hand, since many browsers in use do not yet read or write the JSON forms themselves.
import { list, record, text } from "./http.ts";

/** The person closed the dialogue, no key answered in time, or this browser has no passkeys. */
export class NoPasskey extends Error {}

/** Passkeys belong to a name: a page under a bare address has none. */
const isNamed = (host: string): boolean => !/^[0-9.]+$|:/.test(host);

export const passkeysWork = (): boolean =>
  typeof window.PublicKeyCredential === "function" && window.isSecureContext && isNamed(window.location.hostname);

export async function getPasskey(options: Record<string, unknown>): Promise<unknown> {
  const publicKey: PublicKeyCredentialRequestOptions = {
    challenge: toBytes(text(options.challenge)),
    rpId: text(options.rpId),
    userVerification: "required",
    timeout: 60_000,
  };
  const found = await asked(() => navigator.credentials.get({ publicKey }));
  const said = found.response as AuthenticatorAssertionResponse;
  return credential(found, {
    clientDataJSON: toText(said.clientDataJSON),
    authenticatorData: toText(said.authenticatorData),
    signature: toText(said.signature),
    ...(said.userHandle === null ? {} : { userHandle: toText(said.userHandle) }),
  });
}

export async function makePasskey(options: Record<string, unknown>): Promise<unknown> {
  const user = record(options.user);
  const publicKey: PublicKeyCredentialCreationOptions = {
    challenge: toBytes(text(options.challenge)),
    rp: { id: text(record(options.rp).id), name: text(record(options.rp).name) },
    user: { id: toBytes(text(user.id)), name: text(user.name), displayName: text(user.displayName) },
    pubKeyCredParams: list(options.pubKeyCredParams).map((one) => ({ type: "public-key", alg: Number(record(one).alg) })),
    excludeCredentials: list(options.excludeCredentials).map((one) => ({ type: "public-key", id: toBytes(text(record(one).id)) })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
    timeout: 60_000,
  };
  const made = await asked(() => navigator.credentials.create({ publicKey }));
  const said = made.response as AuthenticatorAttestationResponse;
  return credential(made, { clientDataJSON: toText(said.clientDataJSON), attestationObject: toText(said.attestationObject) });
}

async function asked(question: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const found = await question();
    if (found !== null) return found as PublicKeyCredential;
  } catch {
    // Which of its many reasons the browser had is of no use to the person.
  }
  throw new NoPasskey();
}

function credential(found: PublicKeyCredential, response: Record<string, string>): unknown {
  return { id: found.id, rawId: toText(found.rawId), type: "public-key", response, clientExtensionResults: {} };
}

export function toBytes(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (one) => one.charCodeAt(0));
}

export function toText(bytes: ArrayBuffer): string {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
