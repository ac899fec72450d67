// The relay box of a site: what is in it, putting in and taking out, each act signed in this browser.
import { askHere, type Here } from "./here.ts";
import { list, number, problemOf, record, text, Unreachable } from "./http.ts";

export interface Signature {
  readonly reason: string;
  readonly by: string;
  readonly at: string;
}

export interface RelayItem {
  readonly id: string;
  readonly zone: string;
  readonly booking: string;
  readonly direction: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly put: Signature;
  readonly take: Signature | null;
}

/** Why, when, with which key, and 64 bytes of signature in hex. */
export interface Signed {
  readonly reason: string;
  readonly at: string;
  readonly key: string;
  readonly signature: string;
}

export interface Parcel {
  readonly zone: string;
  readonly booking: string;
  readonly direction: "in" | "out";
  readonly name: string;
  /** Base64. */
  readonly content: string;
}

export interface Zone {
  readonly id: string;
  readonly name: string;
}

const box = (site: string): string => `/v1/venues/${encodeURIComponent(site)}/relay`;

export async function listRelay(here: Here, site: string): Promise<readonly RelayItem[]> {
  return list(record(await askHere(here, { path: box(site) })).items).map(record).map(itemOf);
}

export async function listRelayZones(here: Here, site: string): Promise<readonly Zone[]> {
  const found = record(await askHere(here, { path: `/v1/venues/${encodeURIComponent(site)}` }));
  const zones = list(found.zones).map(record).filter((one) => text(one.kind) === "relay");
  return zones.map((one) => ({ id: text(one.id), name: text(one.name) }));
}

export async function registerRelayKey(here: Here, site: string, jwk: unknown, idempotencyKey: string): Promise<{ id: string; expiresAt: string }> {
  const path = `/v1/venues/${encodeURIComponent(site)}/relay-keys`;
  const found = record(await askHere(here, { method: "POST", path, body: { public: jwk }, idempotencyKey }));
  return { id: text(found.id), expiresAt: text(found.expires_at) };
}

export async function putIntoRelay(here: Here, site: string, parcel: Parcel, signed: Signed, idempotencyKey: string): Promise<void> {
  await askHere(here, { method: "POST", path: box(site), body: { ...parcel, ...signed }, idempotencyKey });
}

export async function takeFromRelay(here: Here, site: string, id: string, sha256: string, signed: Signed, idempotencyKey: string): Promise<void> {
  const path = `${box(site)}/${encodeURIComponent(id)}:take`;
  await askHere(here, { method: "POST", path, body: { sha256, ...signed }, idempotencyKey });
}

/** The bytes of an item that waits. */
export async function fetchRelayed(here: Here, site: string, id: string): Promise<Uint8Array<ArrayBuffer>> {
  const headers = { "Accept-Language": here.language(), "X-Qiantong": "1" };
  const asked = (here.fetch ?? fetch)(`${box(site)}/${encodeURIComponent(id)}`, { headers, credentials: "same-origin", cache: "no-store", referrerPolicy: "no-referrer" });
  const answer = await asked.catch(() => {
    throw new Unreachable();
  });
  if (!answer.ok) throw problemOf(answer.status, await answer.json().catch(() => null));
  return new Uint8Array(await answer.arrayBuffer());
}

function itemOf(one: Record<string, unknown>): RelayItem {
  return {
    id: text(one.id),
    zone: text(one.zone),
    booking: text(one.booking),
    direction: text(one.direction),
    name: text(one.name),
    size: number(one.size),
    sha256: text(one.sha256),
    put: signatureOf(record(one.put)),
    take: one.take ? signatureOf(record(one.take)) : null,
  };
}

const signatureOf = (one: Record<string, unknown>): Signature => ({ reason: text(one.reason), by: text(one.by), at: text(one.at) });
