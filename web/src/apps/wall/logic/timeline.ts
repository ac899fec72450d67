// The room's events as sentences, the newest first, and what a snapshot tells of the time before. Passing events have
// no line. Alarms are a list of their own as well, with the time they were cleared.
import type { RoomEvent } from "../../../protocol/frames.ts";
import type { RoomView } from "../../../protocol/state.ts";
import { causeWords, word, type Names, type Tongue } from "./names.ts";

export interface Line {
  readonly key: string;
  readonly at: string;
  readonly kind: string;
  readonly words: string;
}

/** An event; of the ledger, a change of presence says which beside it. */
export type Past = RoomEvent & { readonly presence?: string };

/** What is cleared stays to be seen for a while. */
export interface PastAlarm {
  readonly key: string;
  readonly code: string;
  readonly site: string | null;
  readonly track: string | null;
  readonly at: string;
  readonly cleared: string | null;
}

export const MOST_LINES = 1_000;
export const MOST_PAST = 50;

const dashed = (text: string | null): string => (text === null || text === "" ? "" : ` ${text}`);

export const zoneWords = (tongue: Tongue, zone: string): string => word(tongue, "page.requests.zones", zone);

/** An event in words, or null for one that is not worth a line. */
export function sentence(event: Past, tongue: Tongue, names: Names, clock: (at: string) => string): string | null {
  const say = (key: string, values: Record<string, unknown> = {}): string => tongue.t(`page.lines.${key}`, { who: names.member(event.from), ...values });
  const about = (member: string | null): { who: string } => ({ who: names.member(member ?? event.from) });
  switch (event.kind) {
    case "phase":
      return say("phase", { to: word(tongue, "page.room.phase", event.body.to) });
    case "closed":
      return say(`closed.${event.body.cause === "reform" || event.body.cause === "moved" ? event.body.cause : "witness"}`);
    case "hold": {
      const hold = word(tongue, "page.holds", event.body.kind ?? "held");
      const { on, zone, escorts } = event.body;
      const told = say(`hold.${on ? "on" : "off"}`, { hold, cause: causeWords(tongue, names, event.body.cause) });
      return zone === null ? told : told + say("hold.gone", { zone: zoneWords(tongue, zone), escorts: (escorts ?? []).map((one) => names.member(one)).join(tongue.t("page.listMark")) });
    }
    case "member": {
      const { id, change, member } = event.body;
      const key = change === "presence" ? (member?.presence ?? event.presence ?? "away") : change;
      return key === null ? null : say(`member.${key}`, about(id));
    }
    case "device": {
      const parts = (["camera", "microphone", "speaker"] as const).map((one) =>
        tongue.t("page.tiles.device", { name: tongue.t(`page.device.${one}`), state: tongue.t(`page.devices.${event.body[one]}`) }),
      );
      return say("device", { devices: parts.join(tongue.t("page.listMark")) });
    }
    case "track":
      return say(`track.${event.body.up ? "up" : "down"}`, { ...about(event.body.member), source: word(tongue, "page.sources", event.body.source) });
    case "chat":
      return say("chat", { text: event.body.text });
    case "hand":
      return say(`hand.${event.body.up ? "up" : "down"}`);
    case "called":
      return say("called", { reason: word(tongue, "page.requests.why", event.body.reason), text: dashed(event.body.text) });
    case "problem":
      return say("problem", { part: word(tongue, "page.requests.parts", event.body.part), text: dashed(event.body.text) });
    case "settled":
      return say("settled", { text: dashed(event.body.text) });
    case "entry":
      return say("entry", { whom: word(tongue, "page.requests.whom", event.body.whom), zone: word(tongue, "page.requests.zones", event.body.zone), reason: event.body.reason });
    case "visit":
      return say(`visit.${event.body.state}${event.body.request === null ? "Unasked" : ""}`, {
        whom: word(tongue, "page.requests.whom", event.body.whom),
        zone: zoneWords(tongue, event.body.zone),
        site: names.site(event.body.site),
        text: dashed(event.body.text),
      });
    case "unrecorded":
      return say("unrecorded", { camera: names.member(event.body.camera), minutes: event.body.minutes, reason: event.body.reason });
    case "lapsed":
      return say(`lapsed.${event.body.kind === "unrecorded" ? "unrecorded" : "entry"}`, about(event.body.member));
    case "astray":
      return event.body.zone === null ? say("astray.back", about(event.body.member)) : say("astray.seen", { ...about(event.body.member), zone: zoneWords(tongue, event.body.zone) });
    case "contact":
      return say(`contact.${event.body.state}`, { ...about(event.body.member), reason: event.body.reason ?? "", recording: event.body.recording ?? "" });
    case "consent":
      return say(`consent.${event.body.allow ? "yes" : "no"}`, { reason: event.body.reason });
    case "intercom":
      return say(`intercom.${event.body.on ? "on" : "off"}`, {
        ...about(event.body.member),
        to: names.addressee(event.body),
        reason: word(tongue, "page.intercom.reasons", event.body.reason ?? ""),
      });
    case "speak":
      return say(`speak.${event.body.on ? "on" : "off"}`, about(event.body.member));
    case "clarification":
      return say(`clarification.${event.body.state}`, { bidder: event.body.bidder ?? "", reason: event.body.reason ?? "" });
    case "node":
      return say(`node.${event.body.state}`, { node: names.node(event.body.node), text: event.body.text ?? "" });
    case "more-time":
      return say(`moreTime.${event.body.on ? "on" : "off"}`, { minutes: event.body.minutes ?? "", reason: event.body.reason ?? "", n: event.body.asking, of: event.body.of });
    case "extended":
      return say("extended", { minutes: event.body.minutes, at: clock(event.body.ends_at), reason: event.body.reason });
    case "put-off":
      return say("putOff", { at: clock(event.body.begins_at) });
    case "directive":
      return say(`directive.${event.body.order}`, { reason: event.body.reason });
    case "watch":
      return say(`watch.${event.body.state}`, { ...about(event.body.member), minutes: event.body.minutes ?? "", reason: event.body.reason ?? "" });
    case "site":
      return say("site", {
        site: names.site(event.body.site),
        link: tongue.t(`page.links.${event.body.link}`),
        recording: tongue.t(`page.recordings.${event.body.recording}`),
      });
    case "outage":
      return say(`outage.${event.body.state}`, { site: outageOf(event.body, tongue, names), due: clock(event.body.due), reason: event.body.reason ?? "" });
    case "alarm":
    case "clear":
      return say(event.kind, { what: alarmWords(event.body, tongue, names) });
    case "swap":
      return say("swap", { ...about(event.body.member), seat: event.body.seat, to: event.body.to });
    case "report":
      return say("report");
    case "speaking":
    case "health":
    case "recording":
    case "sight":
      return null;
  }
}

/** The site that is lost, or what of the room is. */
export const outageOf = (one: { readonly site: string | null; readonly scope: string | null }, tongue: Tongue, names: Names): string =>
  one.site === null ? word(tongue, "page.outageOf", one.scope ?? "engine") : names.site(one.site);

/** "Picture black, picture of seat 3", in the words of a person who has to act on it. */
export function alarmWords(alarm: { readonly code: string; readonly site: string | null; readonly track: string | null }, tongue: Tongue, names: Names): string {
  const where = alarm.track !== null ? names.track(alarm.track) : names.site(alarm.site);
  const what = word(tongue, "page.alarms.codes", alarm.code);
  return where === "" ? what : `${what}${tongue.t("page.listMark")}${where}`;
}

/** What the snapshot remembers of the time before this page was there. */
export function before(view: RoomView): RoomEvent[] {
  const made: RoomEvent[] = [];
  const put = (kind: RoomEvent["kind"], at: string, from: string | null, body: object): void => {
    made.push({ type: "event", seq: 0, at, kind, from, body } as unknown as RoomEvent);
  };
  for (const one of view.chat) put("chat", one.at, one.from, { text: one.text });
  for (const one of view.nodes.values()) {
    if (one.state !== "open" && one.at !== null) put("node", one.at, one.from, { node: one.id, state: one.state, text: one.text });
  }
  for (const one of view.requests.values()) {
    if (one.kind === "called") put("called", one.at, one.from, { reason: one.what, text: one.text });
    if (one.kind === "problem") put("problem", one.at, one.from, { part: one.what, text: one.text });
    if (one.kind === "entry") put("entry", one.at, one.from, { whom: one.whom ?? "", zone: one.zone ?? "", reason: one.what });
    if (one.kind === "unrecorded") put("unrecorded", one.at, one.from, { camera: one.camera, minutes: one.minutes ?? 0, reason: one.what });
    if (one.kind === "contact") put("contact", one.at, one.from, { state: "asked", member: one.from, reason: one.what });
    for (const each of one.consents) put("consent", each.at, each.from, { allow: each.allow, reason: each.reason });
  }
  for (const one of view.visits.values()) {
    put("visit", one.at, one.from, { ...one, state: "in" });
    if (one.left_at !== null) put("visit", one.left_at, one.left_by, { ...one, state: "out" });
  }
  for (const one of view.calls.values()) if (one.at !== null) put("clarification", one.at, one.from, { state: "asked", bidder: one.bidder });
  for (const one of view.moreTime?.asks.values() ?? []) put("more-time", one.at, one.from, { ...one, on: true, asking: view.moreTime?.asks.size ?? 0, of: view.moreTime?.of ?? 0 });
  for (const one of view.watches.values()) put("watch", one.at, one.from, { state: "asked", member: one.from, minutes: one.minutes, reason: one.reason });
  for (const one of view.outages.values()) put("outage", one.since, null, { state: "open", site: one.site, scope: one.scope, due: one.due });
  for (const { decided, ...one } of view.outages.values()) if (decided !== null) put("outage", decided.at, decided.from, { ...one, state: "decided", reason: decided.reason });
  for (const one of view.alarms.values()) put("alarm", one.at, null, one);
  return made.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Alarms after an event: a new one on top, or the time at which one was cleared. */
export function followAlarms(past: readonly PastAlarm[], event: RoomEvent, keyOf: (one: { readonly code: string; readonly site: string | null; readonly track: string | null }) => string): readonly PastAlarm[] {
  if (event.kind !== "alarm" && event.kind !== "clear") return past;
  const key = keyOf(event.body);
  const open = past.findIndex((one) => one.key === key && one.cleared === null);
  if (event.kind === "clear") return open < 0 ? past : past.map((one, index) => (index === open ? { ...one, cleared: event.at } : one));
  if (open >= 0) return past;
  const { code, site, track } = event.body;
  return [{ key, code, site, track, at: event.at, cleared: null }, ...past].slice(0, MOST_PAST);
}
