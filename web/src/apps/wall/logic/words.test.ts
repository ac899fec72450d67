import { describe, expect, it } from "vitest";
import { Refusal, Unanswered } from "../../../protocol/client.ts";
import type { RoomEvent } from "../../../protocol/frames.ts";
import { MEMBER, snapshotOf, TIME } from "../../../protocol/fakes.ts";
import { alarmKey, NOWHERE, reduce, type RoomView } from "../../../protocol/state.ts";
import { filled } from "../../../i18n/small.ts";
import english from "../../../i18n/en/wall.ts";
import englishRoom from "../../../i18n/en/room.ts";
import englishWords from "../../../i18n/en/wall-words.ts";
import chinese from "../../../i18n/zh-CN/wall.ts";
import chineseRoom from "../../../i18n/zh-CN/room.ts";
import chineseWords from "../../../i18n/zh-CN/wall-words.ts";
import { Names, type Tongue } from "./names.ts";
import { reasonsOf, refusalWords, Unfit } from "./refusals.ts";
import { before, followAlarms, sentence, type PastAlarm } from "./timeline.ts";

const TREES = {
  "zh-CN": { page: { ...chinese, ...chineseWords, room: chineseRoom } },
  en: { page: { ...english, ...englishWords, room: englishRoom } },
};

function tongueOf(language: "zh-CN" | "en"): Tongue {
  const find = (key: string): unknown => key.split(".").reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], TREES[language]);
  return {
    t: (key, values = {}) => {
      const found = find(key);
      return typeof found === "string" ? filled(found, values) : key;
    },
    has: (key) => typeof find(key) === "string",
    language: () => language,
  };
}

const SITE = { id: "s1", label: { zh: "主场", en: "Main site" }, part: "host", link: "up", recording: "ok", lag_ms: 0, clock_ms: 0 } as const;
const NODE = { id: "s1/views", site: "s1", label: { zh: "画面完整", en: "Views complete" }, state: "open", text: null, from: null, at: null } as const;

function view(over: object = {}): RoomView {
  const snapshot = { ...snapshotOf(), sites: [SITE], nodes: [NODE], ...over };
  return reduce(NOWHERE, { type: "welcome", body: { snapshot } } as unknown as Parameters<typeof reduce>[1]);
}

function namesIn(language: "zh-CN" | "en"): { names: Names; tongue: Tongue } {
  const tongue = tongueOf(language);
  const names = new Names(tongue);
  names.learn(view());
  return { names, tongue };
}

const event = (kind: string, body: object, from: string | null = MEMBER.id): RoomEvent => ({ type: "event", seq: 11, at: TIME, kind, from, body }) as unknown as RoomEvent;

const MEMBER_GONE = { ...MEMBER, id: "mem_9", label: { zh: "副场 2 号席", en: "Sub-site, seat 2" } };
const EVENTS: readonly RoomEvent[] = [
  event("phase", { from: "preparing", to: "check-in" }),
  event("closed", { from: "signing", cause: "witness", reason: null }),
  event("closed", { from: "evaluating", cause: "reform", reason: "x" }),
  ...["frozen", "paused", "break", "held"].map((kind) => event("hold", { kind, on: true, causes: [], cause: null, until: null, zone: null, escorts: null }, null)),
  ...["site:s1", "identify:s1", "recorder", "engine", "quorum", "directive", "meal"].map((cause) => event("hold", { kind: "frozen", on: true, causes: [cause], cause, until: null, zone: null, escorts: null }, null)),
  event("hold", { kind: "break", on: false, causes: [], cause: null, until: null, zone: null, escorts: null }),
  ...["admitted", "expelled", "chair", "confirmed"].map((change) => event("member", { id: MEMBER.id, change, member: MEMBER }, null)),
  ...["here", "reconnecting", "away", "expected"].map((presence) => event("member", { id: MEMBER.id, change: "presence", member: { ...MEMBER, presence } }, null)),
  event("device", { camera: "absent", microphone: "denied", speaker: "busy" }),
  ...[true, false].flatMap((up) => ["camera", "microphone", "intercom", "masked"].map((source) => event("track", { id: `m/${source}`, member: MEMBER.id, source, kind: "audio", up }, null))),
  event("chat", { text: "ok" }),
  ...[true, false].map((up) => event("hand", { up })),
  ...["help", "technical", "health", "conduct", "other"].map((reason) => event("called", { request: "r", reason, text: null, site: "s1" })),
  ...["camera", "microphone", "speaker", "network", "pc", "document", "other"].map((part) => event("problem", { request: "r", part, text: "t", site: "s1" })),
  event("settled", { request: "r", text: "done", member: MEMBER.id, site: "s1" }),
  ...["staff", "operator", "agency", "supervisor"].map((whom) => event("entry", { request: "r", whom, zone: "evaluation", reason: "fix", site: "s1" })),
  ...["in", "out"].flatMap((state) => [null, "r"].map((request) => event("visit", { visit: "v", state, request, whom: request === null ? "unknown" : "staff", zone: "evaluation", site: "s1", text: request === null ? "x" : null, until: null }))),
  event("unrecorded", { request: "r", camera: MEMBER.id, minutes: 30, reason: "x", site: "s1" }),
  ...["entry", "unrecorded"].map((kind) => event("lapsed", { request: "r", kind, member: MEMBER.id, site: "s1" }, null)),
  ...["outside", "dining", null].map((zone) => event("astray", { member: MEMBER.id, zone, site: "s1" })),
  event("hold", { kind: "break", on: true, causes: ["meal"], cause: "meal", until: null, zone: "dining", escorts: [MEMBER.id] }),
  ...["asked", "running", "ended"].map((state) => event("contact", { request: "r", state, member: MEMBER.id, site: "s1", reason: "call", recording: "R1" })),
  ...[true, false].map((allow) => event("consent", { request: "r", role: "witness", allow, reason: "ok", state: "open", member: MEMBER.id, site: "s1" })),
  ...["conduct", "order", "time", "technical", "other"].map((reason) => event("intercom", { on: true, reason, to_member: null, to_site: "s1", member: null })),
  event("intercom", { on: false, reason: null, to_member: null, to_site: null, member: MEMBER.id }, null),
  ...[true, false].map((on) => event("speak", { call: "c", on, member: null })),
  ...["asked", "released", "refused", "live", "ended", "masked"].map((state) => event("clarification", { call: "c", state, bidder: "B1", question: "q", reason: "r", track: null })),
  ...["ok", "exception"].map((state) => event("node", { node: NODE.id, state, text: "t", site: "s1" })),
  ...[true, false].map((on) => event("more-time", { on, minutes: on ? 60 : null, reason: on ? "r" : null, asking: 1, of: 5, due: false })),
  event("extended", { minutes: 60, reason: "r", from: TIME, ends_at: TIME, asking: 2, of: 5 }),
  event("put-off", { from: TIME, begins_at: TIME, ends_at: TIME }, null),
  ...["pause", "resume"].map((order) => event("directive", { order, reason: "r" })),
  ...["asked", "running", "refused", "over"].map((state) => event("watch", { watch: "w", state, member: MEMBER.id, reason: "r", until: null, minutes: 5 })),
  ...["up", "degraded", "lost"].map((link) => event("site", { site: "s1", link, recording: "late", clock_ms: 0 }, null)),
  ...["open", "returned", "due", "over"].map((state) => event("outage", { outage: "o", site: "s1", scope: "site", rule: "during", state, since: TIME, due: TIME, reason: null }, null)),
  ...["engine", "recorder"].map((scope) => event("outage", { outage: "o", site: null, scope, rule: "during", state: "open", since: TIME, due: TIME, reason: null }, null)),
  event("outage", { outage: "o", site: "s1", scope: "site", rule: "before", state: "decided", since: TIME, due: TIME, reason: "r" }),
  ...["black", "frozen", "silent", "disk", "recorder", "clock", "detector", "stranger", "gate-exit", "entry", "overstay", "inside", "astray", "loop-lag", "voice", "break-over", "engine", "quorum", "witness", "platform"].map((code) => event("alarm", { code, site: "s1", track: null, value: 1 }, null)),
  event("clear", { code: "black", site: null, track: `${MEMBER.id}/camera` }, null),
  event("swap", { seat: "a", to: "b", member: MEMBER.id, site: "s1" }),
  event("report", { digest: "ab" }),
];

describe("events in words", () => {
  it.each(["zh-CN", "en"] as const)("every event has a whole sentence in %s", (language) => {
    const { names, tongue } = namesIn(language);
    for (const one of EVENTS) {
      const said = sentence(one, tongue, names, (at) => at);
      // Neither a key of the texts nor a brace nor a word of the program stays in a sentence.
      expect(said, JSON.stringify(one)).toMatch(/\S/);
      expect(said).not.toMatch(/page\.|\{|\}|undefined|null/);
      if (language === "zh-CN") expect(said, JSON.stringify(one)).toMatch(/[\u4e00-\u9fff]/);
      else expect(said).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it("passing ones have none", () => {
    const { names, tongue } = namesIn("en");
    for (const kind of ["speaking", "health", "recording", "sight"]) expect(sentence(event(kind, {}, null), tongue, names, String)).toBeNull();
  });

  it("name who has left as they were called", () => {
    const { names, tongue } = namesIn("zh-CN");
    names.keep(MEMBER_GONE);
    names.learn(view());
    expect(sentence(event("member", { id: "mem_9", change: "expelled", member: null }, null), tongue, names, String)).toContain("副场 2 号席");
  });

  it("of the time before come from the snapshot, in order", () => {
    const chat = [{ seq: 4, at: "2026-11-24T01:00:05.000Z", from: MEMBER.id, text: "二" }];
    const nodes = [{ ...NODE, state: "ok", from: MEMBER.id, at: "2026-11-24T01:00:01.000Z" }];
    const asks = [{ from: MEMBER.id, minutes: 60, reason: "多", at: "2026-11-24T01:00:09.000Z" }];
    const decided = { from: MEMBER.id, reason: "等", at: "2026-11-24T01:00:12.000Z" };
    const outages = [{ id: "o", site: "s1", scope: "site", rule: "before", state: "decided", since: "2026-11-24T01:00:00.000Z", due: TIME, returned_at: null, ended_at: null, decided }];
    const told = before(view({ chat, nodes, outages, more_time: { asks, of: 5, due: false } }));
    expect(told.map((one) => one.kind)).toEqual(["outage", "node", "chat", "more-time", "outage"]);
    const { names, tongue } = namesIn("zh-CN");
    expect(sentence(told[4] as RoomEvent, tongue, names, String)).toContain("等");
  });
});

describe("alarms", () => {
  const raised = event("alarm", { code: "black", site: "s1", track: null, value: null }, null);
  it("stay with the time at which they were cleared", () => {
    let past: readonly PastAlarm[] = [];
    past = followAlarms(past, raised, alarmKey);
    past = followAlarms(past, raised, alarmKey);
    expect(past.length).toBe(1);
    past = followAlarms(past, { ...event("clear", { code: "black", site: "s1", track: null }, null), at: "2026-11-24T02:00:00.000Z" } as RoomEvent, alarmKey);
    expect(past[0]?.cleared).toBe("2026-11-24T02:00:00.000Z");
    past = followAlarms(past, raised, alarmKey);
    expect(past.map((one) => one.cleared)).toEqual([null, "2026-11-24T02:00:00.000Z"]);
  });

  it("that were never raised here are not cleared", () => {
    expect(followAlarms([], event("clear", { code: "black", site: null, track: null }, null), alarmKey)).toEqual([]);
  });
});

// docs/spec/signalling.md §7
const REASONS: readonly (readonly [string, string])[] = [
  ...["recording", "link", "clock", "view", "black", "frozen", "camera", "microphone", "quorum", "witness", "alarm", "contact", "bidder-absent", "put-off"].map((one) => ["room.not-ready", one] as const),
  ...["transition", "reform-only", "not-sitting", "closed"].map((one) => ["room.phase", one] as const),
  ...["frozen", "paused", "break"].map((one) => ["room.held", one] as const),
  ["room.quorum", "quorum"],
  ..."call decided undecided settled not-yours no-consent not-running recording-used recording-other too-many text-missing reason-missing report-signed node-open paused not-paused no-break not-held link limit third past seat-booked too-long watch-open escort asked left seat-taken seat-unknown seat-faulty seat-zone seat-unenrolled room-taken not-seated not-booked full identity closed"
    .split(" ")
    .map((one) => ["room.state", one] as const),
];

describe("refusals", () => {
  it.each(REASONS)("%s has a sentence for %s in both languages", (code, reason) => {
    const detail = { reasons: [{ code: reason, site: "s1", state: "lost", track: `${MEMBER.id}/camera`, member: MEMBER.id, node: NODE.id, alarm: "disk", from: "signing", ms: 9, begins_at: TIME, have: 3, need: 5 }] };
    for (const language of ["zh-CN", "en"] as const) {
      const { names, tongue } = namesIn(language);
      const [first, why] = refusalWords(tongue, names, new Refusal(code, false, detail));
      expect(first).not.toMatch(/page\.|\{|room\./);
      expect(why).not.toBe(reason);
      expect(why).not.toMatch(/page\.|\{|undefined/);
    }
  });

  it("tell every reason, and one that is not known by its code", () => {
    const { names, tongue } = namesIn("zh-CN");
    const words = refusalWords(tongue, names, new Refusal("room.not-ready", false, { reasons: [{ code: "quorum", have: 3, need: 5 }, { code: "view", site: "s1" }, { code: "weather" }] }));
    expect(words.length).toBe(4);
    expect(words[1]).toContain("3");
    expect(words[2]).toContain("主场");
    expect(words[3]).toBe("weather");
  });

  it("take nothing for a reason that is none", () => {
    expect(reasonsOf(new Refusal("room.state", false, { reasons: [null, 3, {}, { code: 4 }] }))).toEqual([]);
    expect(reasonsOf(new Refusal("room.state", false, {}))).toEqual([]);
    expect(reasonsOf(new Error())).toEqual([]);
  });

  it("do not claim that nothing happened when no answer came", () => {
    const { names, tongue } = namesIn("zh-CN");
    expect(refusalWords(tongue, names, new Unanswered("x"))[0]).toContain("可能已办成");
    expect(refusalWords(tongue, names, new Unfit())).toEqual([]);
  });
});
