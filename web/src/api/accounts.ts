// Accounts, for those who manage them. An enrolment code comes with adding and resetting, this once; nothing here keeps it.
import { ask, list, record, text, textOrNull, type Caller } from "./http.ts";
import type { Role } from "./sessions.ts";

export interface Account {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly agency: string | null;
  readonly site: string | null;
  readonly state: string;
  readonly createdBy: string;
  readonly approvedBy: string | null;
  readonly seenAt: string | null;
}

export interface Enrolment {
  readonly login: string;
  readonly code: string;
  readonly until: string;
}

export interface Wanted {
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly agency: string | null;
  readonly site: string | null;
}

export async function listAccounts(caller: Caller, cursor: string | null): Promise<{ accounts: readonly Account[]; next: string | null }> {
  const after = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
  const found = record(await ask(caller, { path: `/v1/users${after}` }));
  return { accounts: list(found.items).map(record).map(accountOf), next: textOrNull(found.next) };
}

/** The accounts of some ids; unknown ones are left out. */
export async function findAccounts(caller: Caller, ids: readonly string[]): Promise<readonly Account[]> {
  const asked = new URLSearchParams(ids.map((id) => ["id", id]));
  return list(record(await ask(caller, { path: `/v1/users?${asked}` })).items).map(record).map(accountOf);
}

export async function addAccount(caller: Caller, wanted: Wanted): Promise<Enrolment> {
  return enrolmentOf(await ask(caller, { method: "POST", path: "/v1/users", body: wanted }));
}

export async function resetAccount(caller: Caller, id: string): Promise<Enrolment> {
  return enrolmentOf(await ask(caller, { method: "POST", path: `${at(id)}:reset` }));
}

export async function settleAccount(caller: Caller, id: string, act: "approve" | "disable", idempotencyKey: string): Promise<void> {
  await ask(caller, { method: "POST", path: `${at(id)}:${act}`, idempotencyKey });
}

const at = (id: string): string => `/v1/users/${encodeURIComponent(id)}`;

function enrolmentOf(value: unknown): Enrolment {
  const found = record(value);
  return { login: text(found.login), code: text(found.enrolment), until: text(found.enrolment_until) };
}

const accountOf = (found: Record<string, unknown>): Account => ({
  id: text(found.id),
  login: text(found.login),
  name: text(found.name),
  role: text(found.role) as Role,
  agency: textOrNull(found.agency),
  site: textOrNull(found.site),
  state: text(found.state),
  createdBy: text(found.created_by),
  approvedBy: textOrNull(found.approved_by),
  seenAt: textOrNull(found.seen_at),
});
