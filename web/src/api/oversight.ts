// What operators and supervisors watch at a centre, and the acts that only they take there. Nobody is named: people are
// short codes, documents are handles.
import { ask, list, number, record, text, textOrNull, type Caller } from "./http.ts";

export interface SiteKey {
  readonly seat: string;
  readonly thumbprint: string;
  readonly state: string;
  readonly proposedBy: string;
  readonly approvedBy: string | null;
}

export interface SiteAlert {
  readonly id: string;
  readonly kind: string;
  readonly level: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closedBy: string | null;
  readonly seconds: number | null;
}

export interface Counted {
  readonly inside: number;
  readonly seated: number;
  readonly mismatches: readonly { readonly code: string; readonly kind: string }[];
}

export interface Lock {
  readonly id: string;
  readonly tries: number;
  readonly lastAt: string;
}

export interface Presence {
  readonly arrival: string;
  readonly code: string;
  readonly draw: string;
  readonly state: string;
  readonly arrivedAt: string;
  readonly releasedAt: string | null;
}

export interface LedgerEntry {
  readonly number: number;
  readonly time: string;
  readonly kind: string;
  readonly actor: string;
  readonly about: Readonly<Record<string, unknown>>;
}

export interface Ledger {
  readonly day: string;
  readonly intact: boolean;
  readonly fault: string | null;
  readonly hash: string;
  readonly entries: readonly LedgerEntry[];
}

export interface Attestation {
  readonly id: string;
  readonly expiresAt: string;
}

async function items(caller: Caller, path: string): Promise<Record<string, unknown>[]> {
  return list(record(await ask(caller, { path })).items).map(record);
}

const of = (site: string): string => `?site=${encodeURIComponent(site)}`;

export async function listSiteKeys(caller: Caller, site: string): Promise<readonly SiteKey[]> {
  return (await items(caller, `/v1/seats/keys${of(site)}`)).map((one) => ({
    seat: text(one.seat),
    thumbprint: text(one.thumbprint),
    state: text(one.state),
    proposedBy: text(one.proposed_by),
    approvedBy: textOrNull(one.approved_by),
  }));
}

/** `act` is the end of the address: what is done with the key. */
export async function settleKey(caller: Caller, key: SiteKey, act: "approvals" | "revocations", idempotencyKey: string): Promise<void> {
  const path = `/v1/seats/${encodeURIComponent(key.seat)}/${act}`;
  await ask(caller, { method: "POST", path, body: { thumbprint: key.thumbprint }, idempotencyKey });
}

export async function listSiteAlerts(caller: Caller, site: string): Promise<readonly SiteAlert[]> {
  return (await items(caller, `/v1/desk/alerts${of(site)}`)).map((one) => ({
    id: text(one.alert),
    kind: text(one.kind),
    level: text(one.level),
    openedAt: text(one.opened_at),
    closedAt: textOrNull(one.closed_at),
    closedBy: textOrNull(one.closed_by),
    seconds: typeof one.seconds === "number" ? one.seconds : null,
  }));
}

export async function countSite(caller: Caller, site: string): Promise<Counted> {
  const found = record(await ask(caller, { path: `/v1/desk/reconciliation${of(site)}` }));
  const mismatches = list(found.mismatches).map(record);
  return {
    inside: number(found.inside),
    seated: number(found.seated),
    mismatches: mismatches.map((one) => ({ code: text(one.code), kind: text(one.kind) })),
  };
}

export async function listLocks(caller: Caller, site: string): Promise<readonly Lock[]> {
  return (await items(caller, `/v1/desk/locks${of(site)}`)).map((one) => ({ id: text(one.lock), tries: number(one.tries), lastAt: text(one.last_at) }));
}

export async function releaseLock(caller: Caller, id: string, idempotencyKey: string): Promise<void> {
  await ask(caller, { method: "POST", path: `/v1/desk/locks/${encodeURIComponent(id)}/release`, idempotencyKey });
}

export async function listPresences(caller: Caller, site: string): Promise<readonly Presence[]> {
  return (await items(caller, `/v1/desk/presences${of(site)}`)).map((one) => ({
    arrival: text(one.arrival),
    code: text(one.code),
    draw: text(one.draw),
    state: text(one.state),
    arrivedAt: text(one.arrived_at),
    releasedAt: textOrNull(one.released_at),
  }));
}

export async function releaseArrival(caller: Caller, arrival: string, reason: string, idempotencyKey: string): Promise<void> {
  const path = `/v1/desk/arrivals/${encodeURIComponent(arrival)}/release`;
  await ask(caller, { method: "POST", path, body: { reason }, idempotencyKey });
}

/** Everybody who came for a draw, at every site; how many were let go now. */
export async function releaseDraw(caller: Caller, draw: string, reason: string, idempotencyKey: string): Promise<number> {
  const body = { draw, reason };
  return number(record(await ask(caller, { method: "POST", path: "/v1/desk/releases", body, idempotencyKey })).released);
}

export async function attest(caller: Caller, site: string, idempotencyKey: string): Promise<Attestation> {
  const found = record(await ask(caller, { method: "POST", path: "/v1/desk/attestations", body: { site }, idempotencyKey }));
  return { id: text(found.attestation), expiresAt: text(found.expires_at) };
}

export async function readLedger(caller: Caller, site: string, day: string): Promise<Ledger> {
  const asked = day === "" ? "" : `&day=${encodeURIComponent(day)}`;
  const found = record(await ask(caller, { path: `/v1/desk/ledger${of(site)}${asked}` }));
  const entries = list(found.entries).map(record);
  return {
    day: text(found.day),
    intact: found.intact === true,
    fault: textOrNull(found.fault),
    hash: text(found.hash),
    entries: entries.map((one) => ({
      number: number(one.number),
      time: text(one.time),
      kind: text(one.kind),
      actor: text(one.actor),
      about: record(one.about),
    })),
  };
}
