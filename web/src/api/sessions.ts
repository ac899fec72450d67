// Signing in and out, the first sign-in, and the credentials of one's own account (/v1/sessions and its neighbours).
import { askHere, type Here } from "./here.ts";
import { list, number, record, text, textOrNull } from "./http.ts";
import { getPasskey, makePasskey } from "./webauthn.ts";

export type Role = "agency" | "operator" | "supervisor" | "site" | "witness";

export interface Session {
  readonly person: string;
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly agency: string | null;
  readonly site: string | null;
  readonly method: "passkey" | "password";
  readonly beganAt: string;
  readonly endsAt: string;
  readonly idleMinutes: number;
  readonly passwordDue: boolean;
}

/** What an authenticator app needs; `picture` is a QR code as a data: address. */
export interface Offer {
  readonly login: string;
  readonly secret: string;
  readonly address: string;
  readonly picture: string;
}

export interface Passkey {
  readonly id: string;
  readonly label: string;
  readonly createdAt: string;
  readonly usedAt: string | null;
}

export async function signIn(here: Here, login: string, password: string, code: string): Promise<Session> {
  return sessionOf(await askHere(here, { method: "POST", path: "/v1/sessions", body: { login, password, code } }));
}

/** Throws NoPasskey when the person or the browser gives none. */
export async function signInWithPasskey(here: Here): Promise<Session> {
  const options = await askHere(here, { method: "POST", path: "/v1/sessions/passkey/options" });
  const body = await getPasskey(record(options));
  return sessionOf(await askHere(here, { method: "POST", path: "/v1/sessions/passkey/verify", body }));
}

export async function currentSession(here: Here): Promise<Session> {
  return sessionOf(await askHere(here, { path: "/v1/sessions/current" }));
}

export async function signOut(here: Here, everywhere = false): Promise<void> {
  await askHere(here, { method: "DELETE", path: everywhere ? "/v1/sessions" : "/v1/sessions/current" });
}

export async function startEnrolment(here: Here, token: string): Promise<Offer> {
  const found = record(await askHere(here, { method: "POST", path: "/v1/enrolments/options", body: { token } }));
  return { login: text(found.login), secret: text(found.secret), address: text(found.address), picture: text(found.picture) };
}

export async function finishEnrolment(here: Here, token: string, password: string, code: string): Promise<void> {
  await askHere(here, { method: "POST", path: "/v1/enrolments", body: { token, password, code } });
}

export async function listPasskeys(here: Here): Promise<readonly Passkey[]> {
  return list(record(await askHere(here, { path: "/v1/passkeys" })).items).map(passkeyOf);
}

/** Throws NoPasskey when the person or the browser makes none. */
export async function addPasskey(here: Here, label: string): Promise<Passkey> {
  const options = await askHere(here, { method: "POST", path: "/v1/passkeys/options" });
  const credential = await makePasskey(record(options));
  return passkeyOf(await askHere(here, { method: "POST", path: "/v1/passkeys", body: { label, credential } }));
}

export async function removePasskey(here: Here, id: string): Promise<void> {
  await askHere(here, { method: "DELETE", path: `/v1/passkeys/${encodeURIComponent(id)}` });
}

export async function changePassword(here: Here, password: string, code: string, next: string): Promise<void> {
  await askHere(here, { method: "POST", path: "/v1/password", body: { password, code, new: next } });
}

function sessionOf(value: unknown): Session {
  const found = record(value);
  return {
    person: text(found.person),
    login: text(found.login),
    name: text(found.name),
    role: text(found.role) as Role,
    agency: textOrNull(found.agency),
    site: textOrNull(found.site),
    method: found.method === "passkey" ? "passkey" : "password",
    beganAt: text(found.began_at),
    endsAt: text(found.ends_at),
    idleMinutes: number(found.idle_minutes),
    passwordDue: found.password_due === true,
  };
}

function passkeyOf(value: unknown): Passkey {
  const found = record(value);
  return { id: text(found.id), label: text(found.label), createdAt: text(found.created_at), usedAt: textOrNull(found.used_at) };
}
