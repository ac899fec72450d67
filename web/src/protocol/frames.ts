// Frames of the signalling protocol, version 1 (docs/spec/signalling.md §2 to §4, §6): what a client sends, and a strict
// reading of what the server says. A frame that does not hold together throws FrameError; nothing is repaired.
import { array, choice, count, flag, FrameError, int, isRecord, matching, maybe, orNull, record, table, text, type Read, type Reader } from "./read.ts";

export const VERSION = 1;
export const SUBPROTOCOL = "qiantong.room.1";
export const MAX_TEXT = 500;
// A snapshot with its chat is larger than any frame of a client.
const MAX_FRAME = 2 * 1024 * 1024;
const MAX_SDP = 65_536;

// ---- pieces

const id = matching(/^[A-Za-z0-9_.:-]{1,64}$/);
const path = matching(/^[A-Za-z0-9_.:/-]{1,200}$/);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const said = text(MAX_TEXT * 2);
const word = text(200);
const device = choice("ok", "absent", "denied", "busy", "off");

export const ROLES = ["expert", "owner", "witness", "supervisor", "site", "camera", "bidder"] as const;
export const PHASES = ["preparing", "check-in", "evaluating", "clarifying", "signing", "closed"] as const;
export const CALL_REASONS = ["help", "technical", "health", "conduct", "other"] as const;
export const FOUND = ["staff", "operator", "agency", "supervisor", "bidder", "unknown"] as const;
export const ZONES = ["evaluation", "negotiation", "consultation", "inquiry", "relay", "supervision", "witness", "waiting", "check-in", "storage", "dining", "overnight"] as const;
/** Where a committee may go in a break. */
export const BREAK_ZONES = ["waiting", "dining", "overnight"] as const;
export const PARTS = ["camera", "microphone", "speaker", "network", "pc", "document", "other"] as const;

const phase = choice(...PHASES);
const label = record({ zh: word, en: word });
const devices = record({ camera: device, microphone: device, speaker: device });
const media = record({ seen: orNull(flag), heard: orNull(flag), at: orNull(time) });
const holdKind = choice("frozen", "paused", "break", "held");
const callState = choice("asked", "released", "refused", "live", "ended");

const member = record({
  id,
  role: choice(...ROLES),
  site: orNull(id),
  zone: orNull(id),
  seat: orNull(id),
  label,
  chair: flag,
  presence: choice("here", "reconnecting", "away", "expected"),
  hand: flag,
  confirmed: flag,
  device: devices,
  media,
});
const track = record({ id: path, member: orNull(id), source: id, kind: choice("audio", "video") });
const site = record({
  id,
  label,
  part: choice("host", "remote"),
  link: choice("up", "degraded", "lost"),
  recording: choice("ok", "late", "off"),
  lag_ms: maybe(int),
  clock_ms: maybe(int),
});
const chatText = record({ seq: count, at: time, from: id, text: said });
const consent = record({ role: choice("witness", "supervisor"), from: id, allow: flag, reason: said, at: time });
const request = record({
  id,
  kind: choice("called", "problem", "entry", "contact", "unrecorded"),
  from: id,
  site: orNull(id),
  at: time,
  what: said,
  text: orNull(said),
  whom: orNull(word),
  zone: orNull(word),
  state: choice("open", "allowed", "denied", "running", "settled", "lapsed"),
  consents: array(consent, 64),
  recording: orNull(word),
  camera: maybe(id),
  minutes: maybe(count),
  until: maybe(time),
});
// Somebody who came in while the room sat; without a request nobody had consented.
const visit = record({
  id,
  request: orNull(id),
  whom: word,
  zone: word,
  site: id,
  text: orNull(said),
  from: id,
  at: time,
  until: orNull(time),
  left_at: orNull(time),
  left_by: orNull(id),
});
// A bidder's own call has only the first three.
const call = record({
  id,
  question: said,
  state: callState,
  bidder: maybe(id),
  from: maybe(id),
  at: maybe(time),
  reason: maybe(said),
  speaking: maybe(array(id, 200)),
  started_at: maybe(time),
  ended_at: maybe(time),
});
const node = record({
  id: path,
  site: id,
  label,
  state: choice("open", "ok", "exception"),
  text: orNull(said),
  from: orNull(id),
  at: orNull(time),
});
const alarm = record({ code: id, at: time, site: orNull(id), track: orNull(path), value: orNull(int) });
const outageState = choice("open", "returned", "due", "decided", "over");
const outageScope = choice("site", "engine", "recorder");
// Of the room's engine or recorder it has no site.
const outage = record({
  id,
  site: orNull(id),
  scope: outageScope,
  rule: choice("before", "during"),
  state: outageState,
  since: time,
  due: time,
  returned_at: orNull(time),
  ended_at: orNull(time),
  decided: orNull(record({ from: id, reason: said, at: time })),
});
const intercom = record({ from: id, reason: orNull(word), since: time, to_member: orNull(id), to_site: orNull(id) });
const watch = record({
  id,
  from: id,
  minutes: count,
  reason: said,
  at: time,
  state: choice("asked", "running", "refused", "over"),
  until: orNull(time),
});
const timeAsk = record({ from: id, minutes: count, reason: said, at: time });
const snapshot = record({
  seq: count,
  room: record({
    id,
    title: orNull(word),
    opened_at: orNull(time),
    begins_at: orNull(time),
    ends_at: orNull(time),
    phase: orNull(phase),
    holds: array(record({ kind: holdKind, cause: orNull(path), since: time, until: orNull(time), zone: maybe(word), escorts: maybe(array(id, 20)) }), 4),
  }),
  you: member,
  members: array(member, 500),
  tracks: array(track, 1_000),
  sites: array(site, 64),
  chat: array(chatText, 400),
  requests: array(request, 5_000),
  visits: array(visit, 500),
  astray: array(record({ member: id, zone: word }), 99),
  calls: array(call, 1_000),
  nodes: array(node, 2_000),
  alarms: array(alarm, 2_000),
  directive: orNull(record({ order: choice("pause", "resume"), reason: said, at: time })),
  outages: array(outage, 2_000),
  intercoms: array(intercom, 64),
  watches: array(watch, 2_000),
  more_time: orNull(record({ asks: array(timeAsk, 99), of: count, due: flag })),
  server_time: time,
});
const iceServer = record({ urls: array(text(300), 16), username: maybe(word), credential: maybe(text(400)) });
const welcome = record({
  member: id,
  resume: text(512),
  resumed: flag,
  heartbeat_ms: int,
  ice: array(iceServer, 16),
  relay_only: flag,
  engine: record({ fingerprint: orNull(word), offers: flag }),
  snapshot: orNull(snapshot),
});

export type Member = Read<typeof member>;
export type Track = Read<typeof track>;
export type Site = Read<typeof site>;
export type ChatText = Read<typeof chatText>;
export type Request = Read<typeof request>;
export type Visit = Read<typeof visit>;
export type Call = Read<typeof call>;
export type Node = Read<typeof node>;
export type Alarm = Read<typeof alarm>;
export type Outage = Read<typeof outage>;
export type Intercom = Read<typeof intercom>;
export type Watch = Read<typeof watch>;
export type TimeAsk = Read<typeof timeAsk>;
export type Devices = Read<typeof devices>;
export type DeviceState = Devices["camera"];
export type Role = Member["role"];
export type Phase = Read<typeof phase>;
export type Snapshot = Read<typeof snapshot>;
export type Welcome = Read<typeof welcome>;

// ---- events

const asked = { request: id, text: maybe(said), site: maybe(id) };

/** Bodies by kind. Where a bidder is told less than the others, what it is not told is null. */
const EVENTS = {
  phase: record({ from: phase, to: phase }),
  hold: record({ on: flag, kind: maybe(holdKind), causes: maybe(array(path, 64)), cause: maybe(path), until: maybe(time), zone: maybe(word), escorts: maybe(array(id, 20)) }),
  member: record({ id: maybe(id), change: maybe(choice("admitted", "presence", "expelled", "chair", "confirmed")), member: maybe(member) }),
  device: devices,
  track: record({ id: path, member: maybe(id), source: id, kind: choice("audio", "video"), up: flag }),
  chat: record({ text: said }),
  hand: record({ up: flag }),
  called: record({ ...asked, reason: word }),
  problem: record({ ...asked, part: word }),
  settled: record({ ...asked, member: maybe(id) }),
  entry: record({ request: id, whom: word, zone: word, reason: said, site: maybe(id), minutes: maybe(count) }),
  visit: record({ visit: id, state: choice("in", "out"), request: orNull(id), whom: word, zone: word, site: id, text: orNull(said), until: orNull(time) }),
  unrecorded: record({ request: id, camera: id, minutes: count, reason: said, site: maybe(id) }),
  lapsed: record({ request: id, kind: word, member: maybe(id), site: maybe(id) }),
  astray: record({ member: id, zone: orNull(word), site: maybe(id) }),
  contact: record({ request: id, state: choice("asked", "running", "ended"), member: maybe(id), site: maybe(id), reason: maybe(said), recording: maybe(word) }),
  consent: record({
    request: id,
    role: choice("witness", "supervisor"),
    allow: flag,
    reason: said,
    state: choice("open", "allowed", "denied"),
    member: maybe(id),
    until: maybe(time),
  }),
  intercom: record({ on: flag, reason: maybe(word), to_member: maybe(id), to_site: maybe(id), member: maybe(id) }),
  speak: record({ call: id, on: flag, member: maybe(id) }),
  clarification: record({
    call: id,
    state: choice("asked", "released", "refused", "live", "ended", "masked"),
    bidder: maybe(id),
    question: maybe(said),
    reason: maybe(said),
    track: maybe(path),
  }),
  node: record({ node: path, state: choice("ok", "exception"), text: maybe(said), site: maybe(id) }),
  "more-time": record({ on: flag, minutes: maybe(count), reason: maybe(said), asking: count, of: count, due: flag }),
  "put-off": record({ begins_at: time, ends_at: time }),
  extended: record({ minutes: count, reason: said, ends_at: time }),
  directive: record({ order: choice("pause", "resume"), reason: said }),
  watch: record({
    watch: id,
    state: choice("asked", "running", "refused", "over"),
    member: maybe(id),
    reason: maybe(said),
    until: maybe(time),
    minutes: maybe(count),
  }),
  site: record({ site: id, link: choice("up", "degraded", "lost"), recording: choice("ok", "late", "off"), clock_ms: maybe(int) }),
  outage: record({
    outage: id,
    site: orNull(id),
    // A ledger from before there were others tells of sites only.
    scope: maybe(outageScope),
    rule: choice("before", "during"),
    state: outageState,
    since: time,
    due: time,
    reason: maybe(said),
  }),
  alarm: record({ code: id, site: maybe(id), track: maybe(path), value: maybe(int) }),
  clear: record({ code: id, site: maybe(id), track: maybe(path) }),
  swap: record({ seat: id, to: id, member: maybe(id), site: maybe(id) }),
  report: record({ digest: text(128) }),
  closed: record({ from: maybe(phase), cause: maybe(word), reason: maybe(said) }),
  speaking: record({ member: id, level: count }),
  health: record({ member: id, seen: orNull(flag), heard: orNull(flag) }),
  recording: record({ site: id, lag_ms: orNull(int) }),
  sight: record({ members: array(member, 500), tracks: array(track, 1_000) }),
};

export type EventKind = keyof typeof EVENTS;
type EventOf<K extends EventKind> = {
  readonly type: "event";
  readonly seq: number;
  readonly at: string;
  readonly kind: K;
  readonly from: string | null;
  readonly body: Read<(typeof EVENTS)[K]>;
};
export type RoomEvent = { [K in EventKind]: EventOf<K> }[EventKind];

/** Sent with the number of the event before, neither kept nor sent again. */
export const PASSING: ReadonlySet<string> = new Set<EventKind>(["speaking", "health", "recording", "sight"]);

// ---- frames of the server

export interface Ok {
  readonly type: "ok";
  readonly to: string;
  readonly body: Readonly<Record<string, unknown>>;
}
export interface Refused {
  readonly type: "error";
  readonly to: string | null;
  readonly code: string;
  readonly retryable: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}
/** The server's first frame: a seat signs for this nonce, so that no hello is good for a second socket. */
export interface Challenge {
  readonly type: "challenge";
  readonly body: { readonly nonce: string };
}
export interface Welcomed {
  readonly type: "welcome";
  readonly to: string;
  readonly body: Welcome;
}
/** An event of a kind that this page does not know: only its number counts. */
export interface Unknown {
  readonly type: "unknown";
  readonly seq: number;
}
export type ServerFrame = Ok | Refused | Challenge | Welcomed | RoomEvent | Unknown;

const frameId = matching(/^[A-Za-z0-9_-]{1,36}$/);
const anything: Reader<Record<string, unknown>> = (value, at) => {
  if (!isRecord(value)) throw new FrameError(at);
  return value;
};
const okFrame = record({ to: frameId, body: anything });
const errorFrame = record({ to: orNull(frameId), code: matching(/^[a-z][a-z0-9.-]{0,63}$/), retryable: flag, detail: anything });
const welcomeFrame = record({ to: frameId, body: welcome });
const eventFrame = record({ seq: count, at: time, kind: matching(/^[a-z][a-z-]{0,31}$/), from: orNull(id), body: anything });
const challengeFrame = record({ body: record({ nonce: matching(/^[0-9a-f]{64}$/) }) });
const MEMBERS: Readonly<Record<string, number>> = { challenge: 3, ok: 4, welcome: 4, error: 6, event: 7 };

/** Reads one frame of the server. Throws FrameError. */
export function readFrame(data: unknown): ServerFrame {
  if (typeof data !== "string" || data.length > MAX_FRAME) throw new FrameError("size");
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new FrameError("json");
  }
  if (!isRecord(value) || value.v !== VERSION) throw new FrameError("/v");
  const type = value.type;
  if (typeof type !== "string" || !Object.hasOwn(MEMBERS, type)) throw new FrameError("/type");
  if (Object.keys(value).length !== MEMBERS[type]) throw new FrameError("/");
  if (type === "ok") return { type, ...okFrame(value, "") };
  if (type === "error") return { type, ...errorFrame(value, "") };
  if (type === "challenge") return { type, ...challengeFrame(value, "") };
  if (type === "welcome") return { type, ...welcomeFrame(value, "") };
  return readEvent(value);
}

function readEvent(value: Record<string, unknown>): RoomEvent | Unknown {
  const found = eventFrame(value, "");
  if (!Object.hasOwn(EVENTS, found.kind)) return { type: "unknown", seq: found.seq };
  const read = EVENTS[found.kind as EventKind] as Reader<object>;
  return { ...found, type: "event", body: read(found.body, "/body") } as RoomEvent;
}

// ---- frames of the client

export type Source = "camera" | "microphone" | "intercom";

export interface Stats {
  readonly rtt_ms: number;
  readonly lost: number;
  readonly kbps_up: number;
  readonly kbps_down: number;
  readonly freezes: number;
}
export type Credential =
  | { readonly seat: string }
  | { readonly call: string }
  | { readonly account: true; readonly camera?: string };

export interface Hello {
  readonly credential: Credential;
  readonly fingerprint: string;
  readonly binding: string | null;
  readonly device: Devices;
}

/** Bodies by type; see §4. */
export interface Bodies {
  hello: Hello & { readonly resume: { readonly member: string; readonly token: string; readonly seq: number } | null };
  ping: { readonly seq: number; readonly stats: Stats | null };
  publish: { readonly sdp: string; readonly sources: Readonly<Record<string, Source>> };
  view: { readonly sdp: string; readonly wants: Readonly<Record<string, string>> } | { readonly wants: readonly string[]; readonly restart?: true };
  "view-answer": { readonly sdp: string };
  restart: { readonly purpose: "publish" | "view"; readonly sdp: string };
  device: Devices;
  chat: { readonly text: string };
  hand: { readonly up: boolean };
  "call-witness": { readonly reason: (typeof CALL_REASONS)[number]; readonly text: string | null };
  problem: { readonly part: (typeof PARTS)[number]; readonly text: string | null };
  settle: { readonly request: string; readonly text: string };
  intercom:
    | { readonly on: false }
    | { readonly on: true; readonly reason: string; readonly to: { readonly member: string } | { readonly site: string } | { readonly all: true } };
  speak: { readonly on: boolean };
  clarify: { readonly bidder: string; readonly question: string };
  "call-release": { readonly call: string };
  "call-refuse": { readonly call: string; readonly reason: string };
  "call-start": { readonly call: string };
  "call-end": { readonly call: string };
  "entry-ask": { readonly whom: "staff" | "operator" | "agency" | "supervisor"; readonly zone: string; readonly reason: string; readonly minutes?: number };
  "visit-in": { readonly request: string } | { readonly whom: (typeof FOUND)[number]; readonly zone: (typeof ZONES)[number]; readonly site: string; readonly text: string };
  "visit-out": { readonly visit: string };
  "unrecorded-ask": { readonly camera: string; readonly minutes: number; readonly reason: string };
  astray: { readonly member: string; readonly zone: (typeof ZONES)[number] | "outside" };
  "contact-ask": { readonly reason: string };
  consent: { readonly request: string; readonly reason: string };
  deny: { readonly request: string; readonly reason: string };
  "contact-begin": { readonly request: string; readonly recording: string };
  "contact-end": { readonly request: string; readonly recording: string };
  node: { readonly node: string; readonly state: "ok" | "exception"; readonly text: string | null };
  phase: { readonly to: Phase };
  break: { readonly on: false } | { readonly on: true; readonly kind: "meal" | "rest" | "night"; readonly minutes: number; readonly zone?: (typeof BREAK_ZONES)[number]; readonly escorts?: readonly string[] };
  "time-ask": { readonly on: false } | { readonly on: true; readonly minutes: number; readonly reason: string };
  extend: { readonly minutes: number; readonly reason: string };
  directive: { readonly order: "pause" | "resume"; readonly reason: string };
  "watch-ask": { readonly minutes: number; readonly reason: string };
  "watch-decide": { readonly watch: string; readonly allow: boolean; readonly reason: string };
  "resume-site": { readonly site: string; readonly confirmed: readonly string[] };
  reform: { readonly reason: string };
  "go-on": { readonly outage: string; readonly reason: string };
  swap: { readonly seat: string; readonly to: string };
  bye: Record<string, never>;
}
export type FrameType = keyof Bodies;

export const write = <T extends FrameType>(name: string, type: T, body: Bodies[T]): string =>
  JSON.stringify({ v: VERSION, id: name, type, body });

const answered = record({ sdp: text(MAX_SDP), refused: table(id, 64) });
const offered = record({ sdp: text(MAX_SDP), mids: table(path, 128) });
export type Answered = Read<typeof answered>;
export type Offered = Read<typeof offered>;

export const readAnswered = (body: unknown): Answered => answered(body, "/body");
export const readOffered = (body: unknown): Offered => offered(body, "/body");

/** Milliseconds since 1970 of a time that was read. */
export const momentOf = (written: string): number => Date.parse(written);
