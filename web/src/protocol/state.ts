// What a client knows of its room: one reducer from what the server said to a view. Pure; time comes with what happened.
// An event about something that is not known changes nothing: whoever is not told of a thing has no place for it.
import { momentOf, type Alarm, type Call, type ChatText, type Devices, type Intercom, type Member, type Node, type Outage, type Phase, type Request, type RoomEvent, type Site, type Snapshot, type TimeAsk, type Track, type Visit, type Watch } from "./frames.ts";
import type { Ending, LinkState, News } from "./client.ts";

export interface Hold {
  /** `held`: a bidder is told no more than that. */
  readonly kind: "frozen" | "paused" | "break" | "held";
  readonly cause: string | null;
  readonly since: string;
  readonly until: string | null;
  /** Of a break: where the committee went, and who with it. */
  readonly zone: string | null;
  readonly escorts: readonly string[] | null;
}

export interface Link {
  readonly state: LinkState;
  readonly ending: Ending | null;
  /** Since when there is no connection, by the client's own clock; null while there is one. */
  readonly cutSince: number | null;
  readonly rtt: number | null;
  /** The server's wall clock less the client's own one. */
  readonly ahead: number | null;
}

export interface RoomView {
  readonly link: Link;
  /** Whether there was a welcome; before it, everything below is empty. */
  readonly entered: boolean;
  readonly room: { readonly id: string; readonly opened_at: string | null; readonly begins_at: string | null; readonly ends_at: string | null };
  readonly phase: Phase | null;
  readonly holds: ReadonlyMap<Hold["kind"], Hold>;
  readonly you: Member | null;
  readonly members: ReadonlyMap<string, Member>;
  readonly tracks: ReadonlyMap<string, Track>;
  readonly sites: ReadonlyMap<string, Site>;
  readonly chat: readonly ChatText[];
  readonly requests: ReadonlyMap<string, Request>;
  readonly visits: ReadonlyMap<string, Visit>;
  /** Who was seen outside the break's zone, and where. */
  readonly astray: ReadonlyMap<string, string>;
  readonly calls: ReadonlyMap<string, Call>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly alarms: ReadonlyMap<string, Alarm>;
  readonly outages: ReadonlyMap<string, Outage>;
  readonly intercoms: ReadonlyMap<string, Intercom>;
  readonly watches: ReadonlyMap<string, Watch>;
  /** Who of the committee asks for more time, by member, and of how many they are; null where that is not told. */
  readonly moreTime: { readonly asks: ReadonlyMap<string, TimeAsk>; readonly of: number; readonly due: boolean } | null;
  /** Who speaks: loudness 0 (loudest) to 127, and when it was heard, server time. */
  readonly speaking: ReadonlyMap<string, { readonly level: number; readonly at: string }>;
  /** The last words of a directive. */
  readonly directive: { readonly order: "pause" | "resume"; readonly reason: string; readonly at: string } | null;
  readonly report: string | null;
  /** The engine was lost and is back, or the room is another one: both media connections begin anew. */
  readonly renewals: number;
}

const MAX_CHAT = 200;
const MAX_SETTLED = 200;
const URGENCY = ["frozen", "paused", "break", "held"] as const;
const ENGINE = "engine";

export const NOWHERE: RoomView = {
  link: { state: "connecting", ending: null, cutSince: null, rtt: null, ahead: null },
  entered: false,
  room: { id: "", opened_at: null, begins_at: null, ends_at: null },
  phase: null,
  holds: new Map(),
  you: null,
  members: new Map(),
  tracks: new Map(),
  sites: new Map(),
  chat: [],
  requests: new Map(),
  visits: new Map(),
  astray: new Map(),
  calls: new Map(),
  nodes: new Map(),
  alarms: new Map(),
  outages: new Map(),
  intercoms: new Map(),
  watches: new Map(),
  moreTime: null,
  speaking: new Map(),
  directive: null,
  report: null,
  renewals: 0,
};

/** The hold that is shown: the most urgent one. */
export const holdOf = (view: RoomView): Hold | null => URGENCY.map((kind) => view.holds.get(kind)).find((one) => one !== undefined) ?? null;

export const liveCall = (view: RoomView): Call | null => [...view.calls.values()].find((one) => one.state === "live") ?? null;

/** A member, you too. */
export const memberOf = (view: RoomView, id: string): Member | null => (view.you?.id === id ? view.you : (view.members.get(id) ?? null));

export function reduce(view: RoomView, news: News): RoomView {
  if (news.type === "event") return fold(view, news.event);
  if (news.type === "welcome") return news.body.snapshot === null ? view : entered(view, news.body.snapshot);
  if (news.type === "pong") return { ...view, link: { ...view.link, rtt: news.rtt, ahead: news.ahead } };
  const cutSince = news.state === "open" ? null : (view.link.cutSince ?? news.since);
  return { ...view, link: { ...view.link, state: news.state, ending: news.ending, cutSince } };
}

const byId = <T extends { readonly id: string }>(list: readonly T[]): Map<string, T> => new Map(list.map((one) => [one.id, one]));

export const alarmKey = (one: { readonly code: string; readonly site: string | null; readonly track: string | null }): string =>
  `${one.code}|${one.site ?? ""}|${one.track ?? ""}`;

function entered(before: RoomView, told: Snapshot): RoomView {
  return {
    ...NOWHERE,
    link: before.link,
    entered: true,
    room: { id: told.room.id, opened_at: told.room.opened_at, begins_at: told.room.begins_at, ends_at: told.room.ends_at },
    phase: told.room.phase,
    holds: new Map(told.room.holds.map((one) => [one.kind, one])),
    you: told.you,
    members: byId(told.members),
    tracks: byId(told.tracks),
    sites: byId(told.sites),
    chat: told.chat.slice(-MAX_CHAT),
    requests: byId(told.requests),
    visits: byId(told.visits),
    astray: new Map(told.astray.map((one) => [one.member, one.zone])),
    calls: byId(told.calls),
    nodes: byId(told.nodes),
    alarms: new Map(told.alarms.map((one) => [alarmKey(one), one])),
    directive: told.directive,
    outages: byId(told.outages),
    intercoms: new Map(told.intercoms.map((one) => [one.from, one])),
    watches: byId(told.watches),
    moreTime: told.more_time && { ...told.more_time, asks: new Map(told.more_time.asks.map((one) => [one.from, one])) },
    renewals: before.renewals,
  };
}

// ---- changes

const put = <T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> => new Map(map).set(key, value);

function without<K, T>(map: ReadonlyMap<K, T>, key: K): ReadonlyMap<K, T> {
  if (!map.has(key)) return map;
  const left = new Map(map);
  left.delete(key);
  return left;
}

const changed = <T>(map: ReadonlyMap<string, T>, key: string, change: (one: T) => T): ReadonlyMap<string, T> => {
  const found = map.get(key);
  return found === undefined ? map : put(map, key, change(found));
};

function person(view: RoomView, id: string | null, change: (one: Member) => Member): RoomView {
  if (id === null) return view;
  if (view.you?.id === id) return { ...view, you: change(view.you) };
  return { ...view, members: changed(view.members, id, change) };
}

function fold(view: RoomView, event: RoomEvent): RoomView {
  switch (event.kind) {
    case "phase":
      return { ...view, phase: event.body.to };
    case "closed":
      return { ...view, phase: "closed", holds: new Map(), tracks: new Map(), intercoms: new Map() };
    case "hold":
      return hold(view, event);
    case "member":
      return member(view, event);
    case "sight":
      return { ...view, members: byId(event.body.members), tracks: byId(event.body.tracks) };
    case "device":
      return person(view, event.from ?? view.you?.id ?? null, (one) => ({ ...one, device: event.body }));
    case "hand":
      return person(view, event.from, (one) => ({ ...one, hand: event.body.up }));
    case "health":
      return person(view, event.body.member, (one) => ({ ...one, media: { seen: event.body.seen, heard: event.body.heard, at: event.at } }));
    case "speaking":
      return { ...view, speaking: put(view.speaking, event.body.member, { level: event.body.level, at: event.at }) };
    case "swap":
      return person(view, event.body.member, (one) => ({ ...one, seat: event.body.to, presence: "reconnecting" }));
    case "track":
      return track(view, event);
    case "chat":
      return chat(view, event);
    case "called":
    case "problem":
    case "entry":
    case "contact":
    case "unrecorded":
    case "consent":
    case "settled":
    case "lapsed":
      return request(view, event);
    case "visit":
      return visit(view, event);
    case "astray": {
      const { member: who, zone } = event.body;
      return { ...view, astray: zone === null ? without(view.astray, who) : put(view.astray, who, zone) };
    }
    case "clarification":
    case "speak":
      return call(view, event);
    case "intercom":
      return intercom(view, event);
    case "node":
      return { ...view, nodes: changed(view.nodes, event.body.node, (one) => ({ ...one, state: event.body.state, text: event.body.text, from: event.from, at: event.at })) };
    case "watch":
      return watch(view, event);
    case "site":
      return { ...view, sites: changed(view.sites, event.body.site, (one) => ({ ...one, link: event.body.link, recording: event.body.recording, clock_ms: event.body.clock_ms })) };
    case "recording":
      return { ...view, sites: changed(view.sites, event.body.site, (one) => ({ ...one, lag_ms: event.body.lag_ms })) };
    case "outage":
      return outage(view, event);
    case "alarm":
      return { ...view, alarms: put(view.alarms, alarmKey(event.body), { ...event.body, at: event.at }) };
    case "clear":
      return { ...view, alarms: without(view.alarms, alarmKey(event.body)), renewals: view.renewals + (event.body.code === ENGINE ? 1 : 0) };
    case "more-time":
      return moreTime(view, event);
    case "extended":
      return { ...view, room: { ...view.room, ends_at: event.body.ends_at }, moreTime: view.moreTime && { ...view.moreTime, asks: new Map(), due: false } };
    case "put-off":
      return { ...view, room: { ...view.room, begins_at: event.body.begins_at, ends_at: event.body.ends_at } };
    case "directive":
      return { ...view, directive: { ...event.body, at: event.at } };
    case "report":
      return { ...view, report: event.body.digest };
  }
}

type Of<K extends RoomEvent["kind"]> = Extract<RoomEvent, { kind: K }>;

function hold(view: RoomView, { at, body }: Of<"hold">): RoomView {
  // A bidder hears "on" alone.
  const kind = body.kind ?? "held";
  if (!body.on) return { ...view, holds: without(view.holds, kind), astray: kind === "break" ? new Map() : view.astray };
  const holds = new Map(view.holds);
  holds.set(kind, { kind, cause: body.cause, since: holds.get(kind)?.since ?? at, until: body.until, zone: body.zone, escorts: body.escorts });
  const sites = (body.causes ?? []).filter((one) => one.startsWith(IDENTIFY)).map((one) => one.slice(IDENTIFY.length));
  return doubted({ ...view, holds }, sites);
}
const IDENTIFY = "identify:";

/** The committee's people at these sites are to be identified again. */
function doubted(view: RoomView, sites: readonly string[]): RoomView {
  if (sites.length === 0) return view;
  const concerned = (one: Member): boolean =>
    one.site !== null && sites.includes(one.site) && (one.role === "expert" || one.role === "owner") && one.presence !== "expected";
  const doubt = (one: Member): Member => (concerned(one) ? { ...one, confirmed: false } : one);
  const members = new Map([...view.members].map(([id, one]) => [id, doubt(one)]));
  return { ...view, you: view.you === null ? null : doubt(view.you), members };
}

function member(view: RoomView, { body }: Of<"member">): RoomView {
  const { id, change, member: now } = body;
  if (id === null) return view;
  if (change === "expelled") return unasked({ ...view, members: without(view.members, id) }, id);
  if (now === null) return view;
  // Only one has the chair.
  const before = change === "chair" && now.chair ? unseated(view) : view;
  if (before.you?.id === id) return { ...before, you: now };
  return { ...before, members: put(before.members, id, now) };
}

/** Who is out asks for nothing any more. */
function unasked(view: RoomView, id: string): RoomView {
  if (view.moreTime === null) return view;
  const asks = without(view.moreTime.asks, id);
  return { ...view, moreTime: { ...view.moreTime, asks, due: 3 * asks.size > view.moreTime.of } };
}

function unseated(view: RoomView): RoomView {
  const stands = (one: Member): Member => (one.chair ? { ...one, chair: false } : one);
  const members = new Map([...view.members].map(([id, one]) => [id, stands(one)]));
  return { ...view, you: view.you === null ? null : stands(view.you), members };
}

function track(view: RoomView, { body }: Of<"track">): RoomView {
  if (!body.up) return { ...view, tracks: without(view.tracks, body.id) };
  return { ...view, tracks: put(view.tracks, body.id, { id: body.id, member: body.member, source: body.source, kind: body.kind }) };
}

function chat(view: RoomView, { seq, at, from, body }: Of<"chat">): RoomView {
  if (from === null) return view;
  return { ...view, chat: [...view.chat, { seq, at, from, text: body.text }].slice(-MAX_CHAT) };
}

function request(view: RoomView, event: Of<"called" | "problem" | "entry" | "contact" | "unrecorded" | "consent" | "settled" | "lapsed">): RoomView {
  const id = event.body.request;
  const became = (change: (one: Request) => Request): RoomView => ({ ...view, requests: tidied(changed(view.requests, id, change)) });
  if (event.kind === "settled" || event.kind === "lapsed") return became((one) => ({ ...one, state: event.kind }));
  if (event.kind === "consent") {
    const { state, until } = event.body;
    return became((one) => ({ ...one, state, until: until ?? one.until, consents: [...one.consents, consentOf(event)] }));
  }
  if (event.kind === "contact" && event.body.state !== "asked") {
    const state = event.body.state === "ended" ? "settled" : "running";
    return became((one) => ({ ...one, state, recording: event.body.recording ?? one.recording }));
  }
  const asked = askedOf(event);
  return asked === null ? view : { ...view, requests: put(view.requests, id, asked) };
}

const consentOf = ({ at, from, body }: Of<"consent">) => ({ role: body.role, from: from ?? "", allow: body.allow, reason: body.reason, at });

function askedOf(event: Of<"called" | "problem" | "entry" | "contact" | "unrecorded">): Request | null {
  if (event.from === null) return null;
  const { body } = event;
  return {
    id: body.request,
    kind: event.kind,
    from: event.from,
    site: body.site,
    at: event.at,
    what: ("part" in body ? body.part : body.reason) ?? "",
    text: "text" in body ? body.text : null,
    whom: "whom" in body ? body.whom : null,
    zone: "zone" in body ? body.zone : null,
    state: "open",
    consents: [],
    recording: null,
    camera: "camera" in body ? body.camera : null,
    minutes: "minutes" in body ? body.minutes : null,
    until: null,
  };
}

/** What is asked for no more. */
export const isOver = (one: Request): boolean => one.state === "settled" || one.state === "lapsed";

/** Somebody came in, by a consent that is used then, or left. */
function visit(view: RoomView, { at, from, body }: Of<"visit">): RoomView {
  const { visit: id, state, ...told } = body;
  const became = (to: "running" | "settled") => (told.request === null ? view.requests : changed(view.requests, told.request, (one) => ({ ...one, state: to })));
  if (state === "out") return { ...view, requests: tidied(became("settled")), visits: changed(view.visits, id, (one) => ({ ...one, left_at: at, left_by: from })) };
  return { ...view, requests: became("running"), visits: put(view.visits, id, { ...told, id, from: from ?? "", at, left_at: null, left_by: null }) };
}

/** The approval by which a room camera is off and not recorded. */
export const offRecord = (view: RoomView, camera: string): Request | null =>
  [...view.requests.values()].find((one) => one.kind === "unrecorded" && one.camera === camera && one.state === "allowed") ?? null;

/** Of what is settled, the newest are kept. */
function tidied(requests: ReadonlyMap<string, Request>): ReadonlyMap<string, Request> {
  const settled = [...requests.values()].filter(isOver);
  return settled.slice(0, Math.max(0, settled.length - MAX_SETTLED)).reduce((left, one) => without(left, one.id), requests);
}

function call(view: RoomView, event: Of<"clarification" | "speak">): RoomView {
  const id = event.body.call;
  if (event.kind === "speak") {
    const who = event.body.member ?? event.from ?? "";
    const others = (one: Call): string[] => (one.speaking ?? []).filter((speaker) => speaker !== who);
    return { ...view, calls: changed(view.calls, id, (one) => ({ ...one, speaking: event.body.on ? [...others(one), who] : others(one) })) };
  }
  const { state, bidder, question, reason } = event.body;
  if (state === "masked") return view;
  if (state === "asked") {
    const asked = { id, question: question ?? "", state, bidder, from: event.from, at: event.at, reason: null, speaking: [], started_at: null, ended_at: null } as const;
    return { ...view, calls: put(view.calls, id, asked) };
  }
  return { ...view, calls: changed(view.calls, id, (one) => callIn(one, state, event.at, reason)) };
}

function callIn(one: Call, state: Call["state"], at: string, reason: string | null): Call {
  const now = { ...one, state, reason: reason ?? one.reason };
  if (state === "live") return { ...now, started_at: at };
  return state === "ended" ? { ...now, ended_at: at, speaking: [] } : now;
}

function intercom(view: RoomView, { at, from, body }: Of<"intercom">): RoomView {
  const who = body.member ?? from;
  if (who === null) return view;
  if (!body.on) return { ...view, intercoms: without(view.intercoms, who) };
  const pressed = { from: who, reason: body.reason, since: at, to_member: body.to_member, to_site: body.to_site };
  return { ...view, intercoms: put(view.intercoms, who, pressed) };
}

function watch(view: RoomView, { at, from, body }: Of<"watch">): RoomView {
  const { watch: id, state, reason, until } = body;
  if (state !== "asked") return { ...view, watches: changed(view.watches, id, (one) => ({ ...one, state, until })) };
  const who = body.member ?? from;
  if (who === null) return view;
  return { ...view, watches: put(view.watches, id, { id, from: who, minutes: body.minutes ?? 0, reason: reason ?? "", at, state, until }) };
}

function moreTime(view: RoomView, { at, from, body: { on, minutes, reason, of, due } }: Of<"more-time">): RoomView {
  if (from === null) return view;
  const others = without(view.moreTime?.asks ?? new Map<string, TimeAsk>(), from);
  return { ...view, moreTime: { asks: on ? put(others, from, { from, minutes: minutes ?? 0, reason: reason ?? "", at }) : others, of, due } };
}

function outage(view: RoomView, { at, from, body }: Of<"outage">): RoomView {
  const { outage: id, site, rule, state, since, due, reason } = body;
  const before = view.outages.get(id);
  const returned = state === "returned" ? at : state === "open" ? null : (before?.returned_at ?? null);
  const ended = state === "over" ? at : (before?.ended_at ?? null);
  const decided = state === "decided" ? { from: from ?? "", reason: reason ?? "", at } : (before?.decided ?? null);
  const scope = body.scope ?? "site";
  const outages = put(view.outages, id, { id, site, scope, rule, state, since, due, returned_at: returned, ended_at: ended, decided });
  return doubted({ ...view, outages }, state === "open" && site !== null ? [site] : []);
}

// ---- what follows from a view

/** The server's wall clock now, or null before the first heartbeat was answered. */
export const serverNow = (link: Link, now: number): number | null => (link.ahead === null ? null : now + link.ahead);

/** Tracks of others that this member may receive. */
export const wanted = (view: RoomView): Track[] => [...view.tracks.values()].filter((one) => one.member === null || one.member !== view.you?.id);

export const speaksNow = (view: RoomView, id: string, now: number): boolean => {
  const found = view.speaking.get(id);
  const clock = serverNow(view.link, now);
  return found !== undefined && found.level < QUIET && (clock === null || clock - momentOf(found.at) < SPEAKING_MS);
};
const QUIET = 60;
const SPEAKING_MS = 1_500;

/** How the connection is, for the light. */
export type Light = "good" | "slow" | "narrow" | "cut" | "ended";
const SLOW_MS = 400;
/** `narrow`: there is no room for the own picture. */
export function lightOf(link: Link, narrow: boolean): Light {
  if (link.state === "ended") return "ended";
  if (link.state !== "open") return "cut";
  if (narrow) return "narrow";
  return link.rtt !== null && link.rtt > SLOW_MS ? "slow" : "good";
}

export const sameDevices = (one: Devices, other: Devices): boolean =>
  one.camera === other.camera && one.microphone === other.microphone && one.speaker === other.speaker;
