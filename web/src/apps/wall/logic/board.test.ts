import { describe, expect, it } from "vitest";
import type { Member, Request, Watch } from "../../../protocol/frames.ts";
import { MEMBER, snapshotOf, TIME } from "../../../protocol/fakes.ts";
import { NOWHERE, reduce, type RoomView } from "../../../protocol/state.ts";
import { actsOn, groupsOf, lacking, ownWatch, reformBy, undecided, STEPS, toResume, watchLeft } from "./board.ts";
import { clock, span } from "./moments.ts";
import { partsOf, isWallRole } from "./parts.ts";

const site = (id: string, part: "host" | "remote") => ({ id, label: { zh: id, en: id }, part, link: "up", recording: "ok", lag_ms: 0, clock_ms: 0 });
const person = (id: string, over: Partial<Member> = {}): Member => ({ ...(MEMBER as Member), id, role: "expert", site: "a", seat: id, confirmed: true, presence: "here", ...over });

function view(over: object): RoomView {
  const snapshot = { ...snapshotOf(), sites: [site("b", "remote"), site("a", "host")], ...over };
  return reduce(NOWHERE, { type: "welcome", body: { snapshot } } as unknown as Parameters<typeof reduce>[1]);
}

const request = (kind: Request["kind"], over: Partial<Request> = {}): Request => ({
  id: "r",
  kind,
  from: "m",
  site: "a",
  at: TIME,
  what: "x",
  text: null,
  whom: null,
  zone: null,
  state: "open",
  consents: [],
  recording: null,
  camera: null,
  minutes: null,
  until: null,
  ...over,
});
const yes = (role: "witness" | "supervisor") => ({ role, from: "w", allow: true, reason: "r", at: TIME });

describe("tiles", () => {
  it("stand by site, the main one first, seats before cameras; who has no picture has no tile", () => {
    const members = [
      person("c1", { role: "camera", seat: null }),
      person("e10", { seat: "10" }),
      person("e2", { seat: "2" }),
      person("w", { role: "witness", seat: null }),
      person("f", { site: "b" }),
    ];
    const you = person("me", { role: "witness", seat: null, site: "a" });
    const groups = groupsOf(view({ members, you }));
    expect(groups.map((one) => [one.site?.id, one.members.map((each) => each.id)])).toEqual([
      ["a", ["e2", "e10", "c1"]],
      ["b", ["f"]],
    ]);
  });

  it("of bidders are apart from every site, and first", () => {
    const groups = groupsOf(view({ members: [person("bid", { role: "bidder", site: null, seat: null })], you: person("me", { role: "witness" }) }));
    expect(groups[0]).toMatchObject({ site: null, members: [{ id: "bid" }] });
  });
});

describe("requests", () => {
  it("an entry needs both, a contact a witness alone", () => {
    expect(lacking(request("entry"))).toEqual(["witness", "supervisor"]);
    expect(lacking(request("entry", { consents: [yes("witness")] }))).toEqual(["supervisor"]);
    expect(lacking(request("contact"))).toEqual(["witness"]);
    expect(lacking(request("called"))).toEqual([]);
    expect(lacking(request("entry", { state: "denied" }))).toEqual([]);
  });

  it.each([
    ["witness", request("called"), ["settle"]],
    ["supervisor", request("called"), []],
    ["site", request("problem"), ["settle"]],
    ["witness", request("entry"), ["decide"]],
    ["supervisor", request("entry", { consents: [yes("witness")] }), ["decide"]],
    ["witness", request("entry", { consents: [yes("witness")] }), []],
    ["supervisor", request("contact"), []],
    ["site", request("entry"), []],
    ["site", request("contact", { state: "allowed" }), ["begin", "settle"]],
    ["site", request("contact", { state: "running" }), ["end"]],
    ["witness", request("contact", { state: "running" }), []],
    ["witness", request("entry", { state: "denied" }), ["settle"]],
    ["witness", request("called", { state: "settled" }), []],
  ] as const)("%s may do with it what the room would take", (role, one, acts) => {
    expect(actsOn(one, role)).toEqual(acts);
  });
});

describe("sites that come back", () => {
  const you = person("me", { role: "witness", site: "a", seat: null });
  it("are those with people to identify, after an outage or a night", () => {
    expect(toResume(view({ you, members: [person("e")] }))).toEqual([]);
    expect(toResume(view({ you, members: [person("e", { site: "b", confirmed: false })] })).map((one) => one.id)).toEqual(["b"]);
    expect(toResume(view({ you, members: [person("e", { site: "b", confirmed: false, presence: "away" })] }))).toEqual([]);
    const outages = [{ id: "o", site: "a", rule: "during", state: "returned", since: TIME, due: TIME, returned_at: TIME, ended_at: null }];
    expect(toResume(view({ you, outages })).map((one) => one.id)).toEqual(["a"]);
    const room = { ...snapshotOf().room, holds: [{ kind: "frozen" as const, cause: "identify:b", since: TIME, until: null }] };
    expect(toResume(view({ you, room })).map((one) => one.id)).toEqual(["b"]);
  });
});

describe("what a supervisor may decide", () => {
  const you = person("me", { role: "supervisor", site: null, seat: null });
  const outage = (over: object) => ({ id: "o", site: "a", scope: "site", rule: "during", state: "open", since: TIME, due: TIME, returned_at: null, ended_at: null, decided: null, ...over });
  const now = (phase: string, over: object = {}): RoomView => view({ you, room: { ...snapshotOf().room, phase } as never, ...over });
  it("to go on, only of what is past the limit before the start, once", () => {
    const outages = [outage({}), outage({ id: "p", state: "due" }), outage({ id: "q", rule: "before", state: "due", site: null, scope: "engine" }), outage({ id: "r", rule: "before", state: "decided" })];
    expect(undecided(now("check-in", { outages })).map((one) => one.id)).toEqual(["q"]);
  });
  it("a new committee: past a limit, or while members are missing", () => {
    expect(reformBy(now("evaluating", { outages: [outage({})] }))).toBeNull();
    for (const state of ["due", "decided"]) expect(reformBy(now("evaluating", { outages: [outage({ state })] }))).toBe("limit");
    const alarms = [{ code: "quorum", at: TIME, site: null, track: null, value: 4 }];
    expect(reformBy(now("evaluating", { alarms }))).toBe("quorum");
    expect(reformBy(now("signing"))).toBe("quorum");
  });
});

describe("a watch", () => {
  const watch = (over: Partial<Watch>): Watch => ({ id: "w", from: "me", minutes: 5, reason: "r", at: TIME, state: "running", until: "2026-11-24T01:05:00.000Z", ...over });
  it("of another supervisor is not one's own, and the newest counts", () => {
    const you = person("me", { role: "supervisor", site: null, seat: null });
    const watches = [watch({ id: "1", state: "over" }), watch({ id: "2", at: "2026-11-24T09:00:00.000Z" }), watch({ id: "3", from: "other", at: "2026-11-24T10:00:00.000Z" })];
    expect(ownWatch(view({ you, watches }))?.id).toBe("2");
    expect(ownWatch(view({ you, watches: [] }))).toBeNull();
  });
  it("has so much left, and never less than nothing", () => {
    expect(watchLeft(watch({}), Date.parse("2026-11-24T01:04:00.000Z"))).toBe(60_000);
    expect(watchLeft(watch({}), Date.parse("2026-11-24T02:04:00.000Z"))).toBe(0);
    expect(watchLeft(watch({ until: null }), 0)).toBe(0);
  });
});

describe("steps and parts", () => {
  it("offer no way on out of a call, and none out of a closed room", () => {
    expect(STEPS.clarifying).toEqual([]);
    expect(STEPS.closed).toEqual([]);
    expect(STEPS.evaluating.map((one) => one.to)).toEqual(["signing"]);
  });
  it("are for three roles alone", () => {
    expect(isWallRole("agency")).toBe(false);
    expect(partsOf("operator")).toEqual([]);
    expect(partsOf("supervisor")).not.toContain("phase");
    expect(partsOf("site")).not.toContain("chat");
  });
});

describe("time", () => {
  it("is Beijing's", () => {
    expect(clock("2026-11-24T01:02:03.000Z", "zh-CN")).toBe("09:02:03");
    expect(clock("2026-11-23T16:00:00.000Z", "en")).toBe("00:00:00");
    expect(clock("no time", "en")).toBe("no time");
  });
  it("left is written short", () => {
    expect(span(59_999)).toBe("0:59");
    expect(span(3_723_000)).toBe("1:02:03");
    expect(span(-5)).toBe("0:00");
  });
});
