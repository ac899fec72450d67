// Evaluation rooms over HTTP: what stands before and after a room's socket.
import { askHere as ask, type Here } from "./here.ts";
import { list, number, problemOf, record, text, textOrNull, Unreachable } from "./http.ts";

export interface RoomInfo {
  readonly id: string;
  readonly draw: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly events: number;
}

const at = (id: string): string => encodeURIComponent(id);

/** Open rooms that the caller has to do with, or every room of one draw. */
export async function listRooms(here: Here, draw: string | null = null): Promise<readonly RoomInfo[]> {
  const found = record(await ask(here, { path: draw === null ? "/v1/rooms" : `/v1/rooms?draw=${at(draw)}` }));
  return list(found.items).map(roomOf);
}

export interface SiteReadiness {
  readonly id: string;
  readonly label: { readonly zh: string; readonly en: string };
  readonly seats: { readonly booked: number; readonly ready: number; readonly faulty: number; readonly unchecked: number };
  readonly link: string;
  readonly recording: string;
  readonly clockMs: number | null;
  /** Room cameras that are off by approval. */
  readonly unrecorded: number;
}

export interface StartReadiness {
  readonly phase: string;
  readonly sites: readonly SiteReadiness[];
  readonly holds: readonly string[];
  /** What would refuse a start at present; each names what it is about, never a person. */
  readonly reasons: readonly Readonly<Record<string, unknown>>[];
}

/** How ready all sites of a room are, in counts. */
export async function readReadiness(here: Here, room: string): Promise<StartReadiness> {
  const found = record(await ask(here, { path: `/v1/rooms/${at(room)}/readiness` }));
  return { phase: text(found.phase), sites: list(found.sites).map(siteReadinessOf), holds: list(found.holds).map(text), reasons: list(found.reasons).map(record) };
}

function siteReadinessOf(value: unknown): SiteReadiness {
  const found = record(value);
  const label = record(found.label);
  const seats = record(found.seats);
  return {
    id: text(found.id),
    label: { zh: text(label.zh), en: text(label.en) },
    seats: { booked: number(seats.booked), ready: number(seats.ready), faulty: number(seats.faulty), unchecked: number(seats.unchecked) },
    link: text(found.link),
    recording: text(found.recording),
    clockMs: typeof found.clock_ms === "number" ? found.clock_ms : null,
    unrecorded: number(found.unrecorded),
  };
}

export interface RegisteredCamera {
  readonly id: string;
  /** The name of the room that it films. */
  readonly room: string;
}

/** The cameras that stand in a site's plan. */
export async function listCameras(here: Here, site: string): Promise<readonly RegisteredCamera[]> {
  const found = record(await ask(here, { path: `/v1/venues/${at(site)}` }));
  const rooms = list(found.zones).map(record).flatMap((zone) => list(zone.rooms).map(record));
  return rooms.flatMap((room) => list(room.cameras).map((id) => ({ id: text(id), room: text(room.name) })));
}

export interface CallLink {
  readonly link: string;
  readonly expiresAt: string;
}

/** A bidder's way into a released call. One that was made before opens nothing any more. */
export async function makeCallLink(here: Here, room: string, call: string): Promise<CallLink> {
  const found = record(await ask(here, { method: "POST", path: `/v1/rooms/${at(room)}/calls/${at(call)}/token` }));
  return { link: text(found.link), expiresAt: text(found.expires_at) };
}

export async function nameChair(here: Here, room: string, member: string, idempotencyKey: string): Promise<void> {
  await ask(here, { method: "POST", path: `/v1/rooms/${at(room)}/chair`, body: { member }, idempotencyKey });
}

/** Signs the witness report; `signature` is a PNG in base64url. Gives the document's digest. */
export async function signReport(here: Here, room: string, words: string, signature: string, idempotencyKey: string): Promise<string> {
  const path = `/v1/rooms/${at(room)}/report`;
  return text(record(await ask(here, { method: "POST", path, body: { words, signature }, idempotencyKey })).digest);
}

export interface Presence {
  readonly member: string;
  readonly role: string;
  readonly label: { readonly zh: string; readonly en: string };
  readonly presence: string;
  readonly session: number;
  /** Milliseconds by bucket. */
  readonly spent: Readonly<Record<string, number>>;
}

export interface PresenceLedger {
  readonly evaluation: number;
  readonly members: readonly Presence[];
}

export async function readPresence(here: Here, room: string): Promise<PresenceLedger> {
  const found = record(await ask(here, { path: `/v1/rooms/${at(room)}/presence` }));
  return { evaluation: number(found.evaluation_ms), members: list(found.members).map(presenceOf) };
}

function presenceOf(value: unknown): Presence {
  const found = record(value);
  const label = record(found.label);
  return {
    member: text(found.member),
    role: text(found.role),
    label: { zh: text(label.zh), en: text(label.en) },
    presence: text(found.presence),
    session: number(found.session_ms),
    spent: Object.fromEntries(Object.entries(record(found.spent_ms)).map(([bucket, spent]) => [bucket, number(spent)])),
  };
}

/** An event as the room's ledger keeps it. */
export interface LedgerEvent {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly member: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

const MOST_PAGES = 20;

/** The room's ledger from its first event on. */
export async function readLedger(here: Here, room: string): Promise<readonly LedgerEvent[]> {
  const all: LedgerEvent[] = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const found = record(await ask(here, { path: `/v1/rooms/${at(room)}/events?after=${all.at(-1)?.seq ?? 0}` }));
    const items = list(found.items).map(record);
    all.push(...items.map((one) => ({ seq: number(one.seq), at: text(one.at), kind: text(one.kind), member: textOrNull(one.member), body: record(one.body) })));
    if (found.more !== true || items.length === 0) break;
  }
  return all;
}

export interface Recorded {
  readonly track: string;
  readonly class: string;
  readonly from: number | null;
  readonly to: number | null;
}

export interface RecordedGap {
  readonly track: string;
  readonly from: number;
  readonly to: number | null;
  readonly cause: string;
}

/** When a track was open to the recorder, and what of it was kept; `to` is null where nothing tells the end. */
export interface RecordedTrack {
  readonly track: string;
  readonly opened: readonly { readonly from: number; readonly to: number | null; readonly cause: string | null }[];
  readonly kept: readonly { readonly from: number; readonly to: number }[];
}

export interface RecordedPart {
  readonly part: number;
  readonly ended: boolean;
  readonly openedAt: number | null;
  /** From when to when the recorder ran. */
  readonly from: number | null;
  readonly to: number | null;
  readonly tracks: readonly RecordedTrack[];
  readonly recordings: readonly Recorded[];
  readonly gaps: readonly RecordedGap[];
}

/** A look at a recording: who asked for what, when, why, and when it was opened, if it was. */
export interface Look {
  readonly part: number;
  readonly track: string;
  readonly who: string;
  readonly reason: string;
  readonly askedAt: string;
  readonly openedAt: string | null;
}

/** A room camera that was off by approval, in wall clock; `to` is null while it is. */
export interface OffRecord {
  readonly camera: string;
  readonly from: string;
  readonly to: string | null;
  readonly reason: string;
  readonly approvedBy: string;
}

export interface Recordings {
  /** Nobody looks before. */
  readonly closedAt: string | null;
  readonly parts: readonly RecordedPart[];
  readonly looks: readonly Look[];
  readonly off: readonly OffRecord[];
}

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

export async function listRecordings(here: Here, room: string): Promise<Recordings> {
  const found = record(await ask(here, { path: `/v1/rooms/${at(room)}/recordings` }));
  return { closedAt: textOrNull(found.closed_at), parts: list(found.parts).map(partOf), looks: list(found.views).map(lookOf), off: list(found.unrecorded).map(offOf) };
}

function offOf(value: unknown): OffRecord {
  const one = record(value);
  return { camera: text(one.camera), from: text(one.from), to: textOrNull(one.to), reason: text(one.reason), approvedBy: text(one.approved_by) };
}

function partOf(value: unknown): RecordedPart {
  const one = record(value);
  return {
    part: number(one.part),
    ended: one.ended === true,
    openedAt: numberOrNull(one.opened_at),
    from: numberOrNull(one.from),
    to: numberOrNull(one.to),
    tracks: list(one.tracks).map(record).map((each) => ({
      track: text(each.track),
      opened: list(each.opened).map(record).map((span) => ({ from: number(span.from), to: numberOrNull(span.to), cause: textOrNull(span.cause) })),
      kept: list(each.kept).map(record).map((span) => ({ from: number(span.from), to: number(span.to) })),
    })),
    recordings: list(one.recordings).map(record).map((each) => ({ track: text(each.track), class: text(each.class), from: numberOrNull(each.from), to: numberOrNull(each.to) })),
    gaps: list(one.gaps).map(record).map((each) => ({ track: text(each.track), from: number(each.from), to: numberOrNull(each.to), cause: text(each.cause) })),
  };
}

function lookOf(value: unknown): Look {
  const one = record(value);
  return { part: number(one.part), track: text(one.track), who: text(one.who), reason: text(one.reason), askedAt: text(one.asked_at), openedAt: textOrNull(one.opened_at) };
}

/** Asks to look at a track, with a reason that stays on record. Gives what opens it once, within a minute. */
export async function askView(here: Here, room: string, part: number, track: string, reason: string): Promise<string> {
  const path = `/v1/rooms/${at(room)}/recordings/views`;
  return text(record(await ask(here, { method: "POST", path, body: { part, track, reason } })).view);
}

function roomOf(value: unknown): RoomInfo {
  const found = record(value);
  return { id: text(found.id), draw: text(found.draw), openedAt: text(found.opened_at), closedAt: textOrNull(found.closed_at), events: number(found.events) };
}

/** Opens a look that was asked for, once: Matroska, as the platform deciphers it. Throws Problem or Unreachable. */
export async function openView(here: Here, view: string): Promise<ReadableStream<Uint8Array>> {
  const headers = { Accept: "video/x-matroska, application/problem+json", "Accept-Language": here.language(), "X-Qiantong": "1" };
  const path = `/v1/recordings/${at(view)}`;
  const answer = await (here.fetch ?? fetch)(path, { headers, credentials: "same-origin", cache: "no-store", referrerPolicy: "no-referrer" }).catch(() => {
    throw new Unreachable();
  });
  if (answer.ok && answer.body !== null) return answer.body;
  throw problemOf(answer.status, await answer.json().catch(() => null));
}
