// What becomes of a closed room's recordings: terms, holds, checks and deletions; who keeps them.
import { askHere as ask, type Here } from "./here.ts";
import { list, number, record, text, textOrNull } from "./http.ts";

export interface Custodian {
  readonly login: string | null;
  readonly at: string | null;
}

export interface Term {
  readonly class: string;
  readonly until: string | null;
  readonly source: string;
  readonly status: string;
  readonly zh: string;
  readonly en: string;
  readonly files: number;
}

export interface Act {
  readonly number: number;
  readonly kind: string;
  readonly at: string;
  readonly by: string;
  readonly subject: string | null;
  readonly words: string | null;
  readonly class: string | null;
  readonly files: number;
  readonly faulty: number;
}

export interface Preservation {
  readonly closedAt: string | null;
  readonly custodian: Custodian;
  readonly nextCheck: string | null;
  readonly terms: readonly Term[];
  readonly holds: readonly string[];
  readonly incidents: readonly string[];
  readonly proposals: readonly string[];
  /** Deletions that were approved and are not carried out yet. */
  readonly approved: readonly string[];
  readonly acts: readonly Act[];
}

const at = (id: string): string => encodeURIComponent(id);
const path = (room: string): string => `/v1/rooms/${at(room)}/recordings/preservation`;

export async function readPreservation(here: Here, room: string): Promise<Preservation> {
  const found = record(await ask(here, { path: path(room) }));
  const ids = (value: unknown): string[] => list(value).map(text);
  return {
    closedAt: textOrNull(found.closed_at),
    custodian: custodianOf(found.custodian),
    nextCheck: textOrNull(found.next_check),
    terms: list(found.terms).map(record).map((one) => ({
      class: text(one.class),
      until: textOrNull(one.until),
      source: text(one.source),
      status: text(one.status),
      zh: text(one.zh),
      en: text(one.en),
      files: number(one.files),
    })),
    holds: ids(found.holds),
    incidents: ids(found.incidents),
    proposals: ids(found.proposals),
    approved: ids(found.approved),
    acts: list(found.acts).map(actOf),
  };
}

/** One step of a room's preservation, as `holds` or `deletions/<id>/approval`; each is done once. */
export async function act(here: Here, room: string, step: string, body?: Readonly<Record<string, string>>): Promise<void> {
  await ask(here, { method: "POST", path: `${path(room)}/${step}`, body, idempotencyKey: crypto.randomUUID() });
}

export async function nameCustodian(here: Here, login: string): Promise<void> {
  await ask(here, { method: "PUT", path: "/v1/recording-custodian", body: { login }, idempotencyKey: crypto.randomUUID() });
}

function custodianOf(value: unknown): Custodian {
  const found = record(value);
  return { login: textOrNull(found.login), at: textOrNull(found.at) };
}

function actOf(value: unknown): Act {
  const found = record(value);
  const body = record(found.body);
  const files = Array.isArray(body.files) ? body.files.length : typeof body.files === "number" ? body.files : 0;
  return {
    number: number(found.number),
    kind: text(found.kind),
    at: text(found.at),
    by: text(found.by),
    subject: textOrNull(found.subject),
    words: textOrNull(found.words),
    class: textOrNull(body.class ?? null),
    files,
    faulty: typeof body.faulty === "number" ? body.faulty : 0,
  };
}
