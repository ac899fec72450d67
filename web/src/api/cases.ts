// Cases (立案) of a room's draw, for supervisors: opened with what there is frozen, decided, handed over or closed.
import { askHere as ask, type Here } from "./here.ts";
import { list, number, record, text, textOrNull } from "./http.ts";

export const REASONS = [
  "phone-found-inside",
  "outside-contact",
  "identity-mismatch",
  "left-without-leave",
  "undue-influence",
  "disclosure",
  "conflict-concealed",
  "tampering",
  "other-breach",
] as const;
export const CAUSES = ["recusal", "conflict", "venue"] as const;
export const MOST_TEXT = 1_000;
export const MOST_DECISION = 150;
export const MOST_REASON = 200;
export const MOST_OFFICE = 100;

export interface CaseStep {
  readonly number: number;
  readonly state: string;
  readonly at: string;
  readonly by: string;
  readonly words: string | null;
  readonly to: string | null;
  readonly digest: string;
  readonly logIndex: number;
}

export interface CaseFile {
  readonly id: string;
  readonly reason: string;
  readonly seat: number | null;
  readonly state: string;
  readonly outcome: string | null;
  /** Of everything that was frozen, as the log holds it. */
  readonly digest: string;
  readonly steps: readonly CaseStep[];
}

export interface NewCase {
  readonly reason: string;
  readonly text: string;
  readonly member: string | null;
  readonly alert: string | null;
  readonly node: string | null;
}

export interface Finding {
  readonly item: string;
  readonly of: string;
  readonly code: string | null;
}

export interface SiteAlert {
  readonly id: string;
  readonly kind: string;
  readonly openedAt: string;
}

const at = (id: string): string => encodeURIComponent(id);

/** The draw that a room belongs to. */
export async function drawOf(here: Here, room: string): Promise<string> {
  return text(record(await ask(here, { path: `/v1/rooms/${at(room)}` })).draw);
}

/** The newest alerts of a site. */
export async function siteAlerts(here: Here, site: string): Promise<readonly SiteAlert[]> {
  const found = record(await ask(here, { path: `/v1/desk/alerts?site=${at(site)}` }));
  return list(found.items).map(record).map((one) => ({ id: text(one.alert), kind: text(one.kind), openedAt: text(one.opened_at) }));
}

export async function listCases(here: Here, draw: string): Promise<readonly CaseFile[]> {
  return list(record(await ask(here, { path: `/v1/draws/${at(draw)}/cases` })).items).map(caseOf);
}

/** Opens a case; gives its id. */
export async function openCase(here: Here, draw: string, asked: NewCase, idempotencyKey: string): Promise<string> {
  return text(record(await ask(here, { method: "POST", path: `/v1/draws/${at(draw)}/cases`, body: { ...asked }, idempotencyKey })).case);
}

/** Every item of a case with whether it still holds. */
export async function checkCase(here: Here, id: string): Promise<readonly Finding[]> {
  const found = record(await ask(here, { path: `/v1/cases/${at(id)}/check` }));
  return list(found.items).map(record).map((one) => ({ item: text(one.item), of: text(one.of), code: textOrNull(one.code) }));
}

export async function decideCase(here: Here, id: string, cause: string | null, reason: string, idempotencyKey: string): Promise<void> {
  const body = { outcome: cause === null ? "stays" : "vacated", cause, reason };
  await ask(here, { method: "POST", path: `/v1/cases/${at(id)}/decision`, body, idempotencyKey });
}

export async function transferCase(here: Here, id: string, to: string, reason: string, idempotencyKey: string): Promise<void> {
  await ask(here, { method: "POST", path: `/v1/cases/${at(id)}/transfer`, body: { to, reason }, idempotencyKey });
}

export async function closeCase(here: Here, id: string, reason: string, idempotencyKey: string): Promise<void> {
  await ask(here, { method: "POST", path: `/v1/cases/${at(id)}/closure`, body: { reason }, idempotencyKey });
}

function caseOf(value: unknown): CaseFile {
  const found = record(value);
  return {
    id: text(found.case),
    reason: text(found.reason),
    seat: typeof found.seat === "number" ? found.seat : null,
    state: text(found.state),
    outcome: textOrNull(found.outcome),
    digest: text(found.digest),
    steps: list(found.steps).map(record).map((one) => ({
      number: number(one.number),
      state: text(one.state),
      at: text(one.at),
      by: text(one.by),
      words: textOrNull(one.words),
      to: textOrNull(one.to),
      digest: text(one.digest),
      logIndex: number(one.log_index),
    })),
  };
}
