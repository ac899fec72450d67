import { describe, expect, it } from "vitest";
import { memberOf as made, snapshotOf, TIME, welcomeOf } from "./fakes.ts";
import { readFrame, type RoomEvent, type Welcome } from "./frames.ts";
import { holdOf, lightOf, liveCall, memberOf, NOWHERE, reduce, speaksNow, wanted, type RoomView } from "./state.ts";

const welcome = (over: object = {}): Welcome => {
  const frame = readFrame(JSON.stringify({ v: 1, type: "welcome", to: "n1", body: { ...welcomeOf(), ...over } }));
  if (frame.type !== "welcome") throw new Error(frame.type);
  return frame.body;
};
const room = (over: Parameters<typeof snapshotOf>[0] = {}): RoomView => reduce(NOWHERE, { type: "welcome", body: welcome({ snapshot: snapshotOf(over) }) });

/** As it comes over the wire: what the reader refuses never reaches the reducer. */
function after(view: RoomView, ...events: [kind: string, body: object, from?: string | null][]): RoomView {
  return events.reduce((now, [kind, body, from = null], index) => {
    const frame = readFrame(JSON.stringify({ v: 1, type: "event", seq: 11 + index, at: TIME, kind, from, body }));
    return reduce(now, { type: "event", event: frame as RoomEvent });
  }, view);
}

describe("entering", () => {
  it("gives what the snapshot says and nothing of before", () => {
    const before = after(room({ members: [made("mem_9")] }), ["chat", { text: "旧" }, "mem_9"]);
    const view = reduce(before, { type: "welcome", body: welcome({ snapshot: snapshotOf({ members: [made("mem_2")] }) }) });
    expect([...view.members.keys()]).toEqual(["mem_2"]);
    expect(view.chat).toEqual([]);
  });
  it("again without a snapshot keeps all", () => {
    const before = room({ members: [made("mem_2")] });
    expect(reduce(before, { type: "welcome", body: welcome({ resumed: true, snapshot: null }) })).toBe(before);
  });
  it("shows what a bidder may see, which is next to nothing", () => {
    const view = room({ you: made("mem_b", { role: "bidder", site: null, seat: null }), room: { id: "r", title: null, opened_at: null, begins_at: null, ends_at: null, phase: null, holds: [] }, calls: [{ id: "c1", question: "工期？", state: "released" }] as never });
    expect(view.phase).toBeNull();
    expect(after(view, ["clarification", { call: "c1", state: "live", track: null }]).calls.get("c1")?.state).toBe("live");
    const held = after(view, ["hold", { on: true }]);
    expect(holdOf(held)?.kind).toBe("held");
    expect(holdOf(after(held, ["hold", { on: false }]))).toBeNull();
    expect(after(view, ["member", {}], ["closed", {}]).phase).toBe("closed");
  });
});

describe("people", () => {
  it("come, change, and go", () => {
    const view = after(room(), ["member", { id: "mem_2", change: "admitted", member: made("mem_2") }], ["hand", { up: true }, "mem_2"]);
    expect(memberOf(view, "mem_2")?.hand).toBe(true);
    expect(after(view, ["member", { id: "mem_2", change: "expelled", member: null }]).members.size).toBe(0);
  });
  it("you are one of them", () => {
    const view = after(room(), ["hand", { up: true }, "mem_1"], ["health", { member: "mem_1", seen: true, heard: false }]);
    expect(view.you?.hand).toBe(true);
    expect(view.you?.media).toEqual({ seen: true, heard: false, at: TIME });
    expect(view.members.size).toBe(0);
  });
  it("of whom only one has the chair", () => {
    const view = room({ members: [made("mem_2", { chair: true })] });
    const moved = after(view, ["member", { id: "mem_1", change: "chair", member: made("mem_1", { chair: true }) }]);
    expect([moved.you?.chair, moved.members.get("mem_2")?.chair]).toEqual([true, false]);
  });
  it("of a site that was lost are to be identified again, and only they", () => {
    const others = [made("mem_2"), made("mem_3", { site: "site_b" }), made("mem_4", { role: "witness" })];
    const view = after(room({ members: others }), ["hold", { on: true, kind: "frozen", causes: ["identify:site_a"], cause: "identify:site_a", until: null }]);
    expect([view.you, ...view.members.values()].map((one) => one?.confirmed)).toEqual([false, false, true, true]);
  });
  it("whom nobody told of change nothing", () => {
    const view = room();
    expect(after(view, ["hand", { up: true }, "mem_7"]).members.size).toBe(0);
    expect(after(view, ["node", { node: "s/1", state: "ok", text: null, site: "s" }], ["settled", { request: "q", text: "好", member: "m", site: null }])).toEqual(view);
  });
  it("are those of the newest sight", () => {
    const before = room({ members: [made("mem_2"), made("mem_3")], tracks: [{ id: "mem_2/camera", member: "mem_2", source: "camera", kind: "video" }] });
    const view = after(before, ["sight", { members: [made("mem_3")], tracks: [] }]);
    expect([...view.members.keys()]).toEqual(["mem_3"]);
    expect(wanted(view)).toEqual([]);
  });
});

describe("more time", () => {
  const asks = (from: string, on = true, due = false) => ["more-time", { on, minutes: on ? 60 : null, reason: on ? "标书较多" : null, asking: 1, of: 5, due }, from] as [string, object, string];
  const asked = () => after(room({ members: [made("mem_2"), made("mem_3")] }), asks("mem_2"), asks("mem_3", true, true));
  it("is asked for by each once, whatever was asked before", () => {
    const again = after(asked(), asks("mem_2", true, true)).moreTime;
    expect([[...(again?.asks.keys() ?? [])].sort(), again?.of, again?.due]).toEqual([["mem_2", "mem_3"], 5, true]);
    expect([...(after(asked(), asks("mem_2", false)).moreTime?.asks.keys() ?? [])]).toEqual(["mem_3"]);
  });
  it("is asked for no longer by who is out", () => {
    const left = after(asked(), ["member", { id: "mem_2", change: "expelled", member: null }]).moreTime;
    expect([left?.asks.size, left?.due]).toEqual([1, false]);
  });
  it("is given, and then nobody asks for it", () => {
    const body = { minutes: 90, reason: "时间不足", from: TIME, ends_at: "2026-03-02T09:30:00.000Z", asking: 2, of: 5 };
    const view = after(asked(), ["extended", body, "mem_9"]);
    expect([view.room.ends_at, view.moreTime?.asks.size, view.moreTime?.due]).toEqual([body.ends_at, 0, false]);
    expect(after(room(), ["extended", body, "mem_9"]).moreTime).toBeNull();
  });
  it("is shown to whoever comes later, as far as it is told", () => {
    const came = room({ more_time: { asks: [{ from: "mem_2", minutes: 30, reason: "标书较多", at: TIME }], of: 2, due: true } }).moreTime;
    expect([came?.asks.get("mem_2")?.minutes, came?.due]).toEqual([30, true]);
    expect(room().moreTime).toBeNull();
  });
});

describe("tracks", () => {
  const up = (member: string | null, id: string) => ["track", { id, member, source: "camera", kind: "video", up: true, cause: null }, null] as [string, object, null];
  it("of others are wanted, the own ones and those that went are not", () => {
    const view = after(room(), up("mem_2", "mem_2/camera"), up("mem_1", "mem_1/camera"), up(null, "masked/1"));
    expect(wanted(view).map((one) => one.id)).toEqual(["mem_2/camera", "masked/1"]);
    const gone = after(view, ["track", { id: "mem_2/camera", member: "mem_2", source: "camera", kind: "video", up: false, cause: "gone" }]);
    expect(wanted(gone).map((one) => one.id)).toEqual(["masked/1"]);
  });
});

describe("holds", () => {
  const on = (kind: string, at = {}) => ["hold", { on: true, kind, causes: [kind], cause: kind, until: null, ...at }] as [string, object];
  const off = (kind: string) => ["hold", { on: false, kind, causes: [], cause: null, until: null }] as [string, object];
  it("show the most urgent one, and the others when it ends", () => {
    const view = after(room(), on("break"), on("frozen"), on("paused"));
    expect(holdOf(view)?.kind).toBe("frozen");
    expect(holdOf(after(view, off("frozen")))?.kind).toBe("paused");
    expect(holdOf(after(view, off("frozen"), off("paused"), off("break")))).toBeNull();
  });
  it("whose cause changes are held since they began", () => {
    const began = room({ room: { id: "r", title: null, opened_at: TIME, begins_at: TIME, ends_at: TIME, phase: "evaluating", holds: [{ kind: "frozen", cause: "site:a", since: "2026-03-02T00:00:00.000Z", until: null, zone: null, escorts: null }] } });
    expect(holdOf(after(began, on("frozen", { cause: "recorder" })))).toMatchObject({ since: "2026-03-02T00:00:00.000Z", cause: "recorder" });
  });
  it("and the reason of a pause are known to whoever comes while it lasts", () => {
    const at = { since: TIME, until: null, zone: null, escorts: null };
    const holds = [{ kind: "frozen", cause: "engine", ...at }, { kind: "paused", cause: "directive", ...at }] as const;
    const came = room({ room: { id: "r", title: null, opened_at: TIME, begins_at: TIME, ends_at: TIME, phase: "evaluating", holds: [...holds] }, directive: { order: "pause", reason: "核查设备", at: TIME } });
    expect(holdOf(after(came, off("frozen")))?.kind).toBe("paused");
    expect(came.directive?.reason).toBe("核查设备");
  });
  it("end with the room", () => expect(holdOf(after(room(), on("paused"), ["closed", { from: "evaluating", cause: "witness" }]))).toBeNull());
});

describe("what is said and asked", () => {
  it("the chat keeps its newest two hundred", () => {
    const texts = Array.from({ length: 230 }, (_, index) => ["chat", { text: `t${index}` }, "mem_2"] as [string, object, string]);
    const view = after(room(), ...texts);
    expect([view.chat.length, view.chat[0]?.text, view.chat.at(-1)?.text]).toEqual([200, "t30", "t229"]);
  });
  it("a contact goes through consent, runs and ends", () => {
    const ask = after(room(), ["contact", { request: "q1", state: "asked", member: "mem_1", site: "site_a", reason: "家事" }, "mem_1"]);
    expect(ask.requests.get("q1")).toMatchObject({ kind: "contact", state: "open", what: "家事" });
    const allowed = after(ask, ["consent", { request: "q1", role: "witness", allow: true, reason: "同意", state: "allowed", member: "mem_1", site: "site_a" }, "mem_w"]);
    expect(allowed.requests.get("q1")).toMatchObject({ state: "allowed", consents: [{ role: "witness", from: "mem_w", allow: true }] });
    const running = after(allowed, ["contact", { request: "q1", state: "running", member: "mem_1", site: "site_a", recording: "R-7" }, "mem_s"]);
    const over = after(running, ["contact", { request: "q1", state: "ended", member: "mem_1", site: "site_a", recording: "R-7" }, "mem_s"]);
    expect([running.requests.get("q1")?.state, over.requests.get("q1")?.state, over.requests.get("q1")?.recording]).toEqual(["running", "settled", "R-7"]);
  });
  it("a call and a problem are settled, an entry has its person and zone", () => {
    const view = after(
      room(),
      ["called", { request: "q1", reason: "health", text: null, site: "site_a" }, "mem_1"],
      ["problem", { request: "q2", part: "camera", text: "黑屏", site: "site_a" }, "mem_1"],
      ["entry", { request: "q3", whom: "staff", zone: "evaluation", reason: "换电脑", site: "site_a" }, "mem_s"],
      ["settled", { request: "q2", text: "已换", member: "mem_1", site: "site_a" }, "mem_s"],
    );
    expect([...view.requests.values()].map((one) => [one.kind, one.what, one.state, one.whom])).toEqual([
      ["called", "health", "open", null],
      ["problem", "camera", "settled", null],
      ["entry", "换电脑", "open", "staff"],
    ]);
  });
  it("a clarification call is asked, released, live with voices, and ended", () => {
    const asked = after(room(), ["clarification", { call: "c1", state: "asked", bidder: "B-1", question: "工期？" }, "mem_1"], ["clarification", { call: "c1", state: "released" }, "mem_w"]);
    expect(liveCall(asked)).toBeNull();
    const live = after(asked, ["clarification", { call: "c1", state: "live" }, "mem_1"], ["speak", { call: "c1", on: true }, "mem_2"], ["speak", { call: "c1", on: true }, "mem_1"], ["speak", { call: "c1", on: false }, "mem_2"]);
    expect(liveCall(live)).toMatchObject({ bidder: "B-1", speaking: ["mem_1"], started_at: TIME });
    const ended = after(live, ["clarification", { call: "c1", state: "ended" }, "mem_1"]);
    expect(ended.calls.get("c1")).toMatchObject({ state: "ended", speaking: [], ended_at: TIME });
  });
});

describe("what a witness watches", () => {
  const sites = [{ id: "site_a", label: { zh: "主场", en: "Host" }, part: "host", link: "up", recording: "ok", lag_ms: 0, clock_ms: 1 }] as const;
  it("sites, alarms, outages, watches, intercoms and nodes follow their events", () => {
    const nodes = [{ id: "site_a/1.1", site: "site_a", label: { zh: "人", en: "p" }, state: "open", text: null, from: null, at: null }] as const;
    const view = after(
      room({ sites, nodes }),
      ["site", { site: "site_a", link: "lost", recording: "late", clock_ms: 12 }],
      ["recording", { site: "site_a", lag_ms: 900 }],
      ["alarm", { code: "black", site: "site_a", track: "mem_2/camera", value: 3 }],
      ["alarm", { code: "black", site: "site_a", track: "mem_3/camera", value: 3 }],
      ["clear", { code: "black", site: "site_a", track: "mem_2/camera" }],
      ["outage", { outage: "o1", site: "site_b", rule: "during", state: "open", since: TIME, due: TIME }],
      ["outage", { outage: "o1", site: "site_b", rule: "during", state: "returned", since: TIME, due: TIME }],
      ["watch", { watch: "w1", state: "asked", member: "mem_v", reason: "抽查", until: null, minutes: 20 }, "mem_v"],
      ["watch", { watch: "w1", state: "running", member: "mem_v", reason: "可", until: TIME }, "mem_w"],
      ["intercom", { on: true, reason: "time", to_member: null, to_site: "site_a" }, "mem_w"],
      ["node", { node: "site_a/1.1", state: "exception", text: "迟到", site: "site_a" }, "mem_w"],
    );
    expect(view.sites.get("site_a")).toMatchObject({ link: "lost", recording: "late", lag_ms: 900, clock_ms: 12 });
    expect([...view.alarms.values()].map((one) => one.track)).toEqual(["mem_3/camera"]);
    expect(view.outages.get("o1")).toMatchObject({ state: "returned", returned_at: TIME, decided: null });
    const past = after(view, ["outage", { outage: "o1", site: "site_b", scope: "site", rule: "before", state: "decided", since: TIME, due: TIME, reason: "等" }, "mem_v"]);
    expect(past.outages.get("o1")).toMatchObject({ state: "decided", decided: { from: "mem_v", reason: "等" } });
    const engine = after(view, ["outage", { outage: "o2", site: null, scope: "engine", rule: "during", state: "open", since: TIME, due: TIME }]);
    expect(engine.outages.get("o2")).toMatchObject({ site: null, scope: "engine" });
    expect(view.watches.get("w1")).toMatchObject({ state: "running", minutes: 20, until: TIME });
    expect(view.intercoms.get("mem_w")).toMatchObject({ to_site: "site_a", reason: "time" });
    expect(view.nodes.get("site_a/1.1")).toMatchObject({ state: "exception", from: "mem_w" });
    // The platform releases what a witness who fell off held down.
    expect(after(view, ["intercom", { on: false, reason: null, to_member: null, to_site: null, member: "mem_w" }]).intercoms.size).toBe(0);
  });
  it("media begin anew when the engine is back, and at no other all-clear", () => {
    const view = after(room(), ["alarm", { code: "engine", site: null, track: null, value: null }], ["clear", { code: "engine", site: null, track: null }]);
    expect([view.renewals, view.alarms.size]).toEqual([1, 0]);
    expect(after(view, ["clear", { code: "clock", site: "site_a", track: null }]).renewals).toBe(1);
  });
});

describe("the connection light", () => {
  const at = (state: "open" | "waiting" | "connecting" | "ended", rtt: number | null = null, narrow = false) => lightOf({ state, ending: null, cutSince: null, rtt, ahead: null }, narrow);
  it("is good, slow, cut or out", () => expect([at("open"), at("open", 900), at("waiting"), at("connecting"), at("ended")]).toEqual(["good", "slow", "cut", "cut", "ended"]));
  it("says of a narrow line that the picture waits, while there is a line", () => expect([at("open", 900, true), at("waiting", null, true), at("ended", null, true)]).toEqual(["narrow", "cut", "ended"]));
  it("counts a cut from its begin, however often it is tried", () => {
    const link = (view: RoomView, state: "open" | "waiting" | "connecting", since: number): RoomView => reduce(view, { type: "link", state, ending: null, since });
    const cut = link(link(link(room(), "open", 10), "waiting", 500), "connecting", 900);
    expect(cut.link.cutSince).toBe(500);
    expect(link(cut, "open", 1_000).link.cutSince).toBeNull();
  });
  it("somebody speaks for as long as it is told, by the server's clock", () => {
    const view = after(reduce(room(), { type: "pong", rtt: 20, ahead: Date.parse(TIME) - 5_000 }), ["speaking", { member: "mem_2", level: 30 }], ["speaking", { member: "mem_3", level: 110 }]);
    expect([speaksNow(view, "mem_2", 5_200), speaksNow(view, "mem_2", 7_000), speaksNow(view, "mem_3", 5_200)]).toEqual([true, false, false]);
  });
});
