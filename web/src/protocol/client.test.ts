import { describe, expect, it } from "vitest";
import { Refusal, SignalClient, Unanswered, type ClientOptions, type News } from "./client.ts";
import { FakeTimers, FakeWire, MEMBER, snapshotOf, TIME, welcomeOf } from "./fakes.ts";

function begin(more: Partial<Pick<ClientOptions, "stats" | "hello">> = {}) {
  const timers = new FakeTimers();
  const wire = new FakeWire();
  const news: News[] = [];
  let number = 0;
  const client = new SignalClient({
    address: "wss://room.example/v1/rooms/r1/signal",
    open: wire.open,
    timers,
    chance: () => 0.5,
    newId: () => `n${(number += 1)}`,
    hello: async () => HELLO,
    tell: (one) => news.push(one),
    ...more,
  });
  const states = (): string[] => news.flatMap((one) => (one.type === "link" ? [one.ending ?? one.state] : []));
  const events = (): number[] => news.flatMap((one) => (one.type === "event" ? [one.event.seq] : []));
  const enter = async (over: object = {}): Promise<void> => {
    wire.last.opens();
    await timers.settle();
    wire.last.says({ type: "welcome", to: wire.last.idOf("hello"), body: { ...welcomeOf(), ...over } });
    await timers.settle();
  };
  return { client, timers, wire, news, states, events, enter };
}

const HELLO = { credential: { seat: "t".repeat(20) }, fingerprint: `sha-256 ${"AB:".repeat(31)}AB`, binding: null, device: { camera: "ok", microphone: "ok", speaker: "ok" } } as const;
const chat = (seq: number) => ({ type: "event", seq, at: TIME, kind: "chat", from: MEMBER.id, body: { text: `t${seq}` } });

describe("a client that enters", () => {
  it("speaks the subprotocol, says hello first and nothing before the welcome", async () => {
    const { client, wire, timers } = begin();
    client.start();
    const asked = client.ask("chat", { text: "好" });
    wire.last.opens();
    await timers.settle();
    expect(wire.last.subprotocol).toBe("qiantong.room.1");
    expect(wire.last.types()).toEqual(["hello"]);
    expect(wire.last.bodyOf("hello")).toMatchObject({ resume: null });
    wire.last.says({ type: "welcome", to: wire.last.idOf("hello"), body: welcomeOf() });
    expect(wire.last.types().slice(0, 2)).toEqual(["hello", "chat"]);
    wire.last.says({ type: "ok", to: wire.last.idOf("chat"), body: {} });
    await expect(asked).resolves.toEqual({});
  });

  it("gives each answer to its own question, also out of order, and a refusal with its detail", async () => {
    const { client, wire, enter } = begin();
    client.start();
    await enter();
    const first = client.ask("hand", { up: true });
    const second = client.ask("chat", { text: "一" });
    wire.last.says({ type: "error", to: wire.last.idOf("chat"), code: "room.held", retryable: false, detail: { reasons: [{ code: "frozen" }] } });
    wire.last.says({ type: "ok", to: wire.last.idOf("hand"), body: { done: 1 } });
    await expect(first).resolves.toEqual({ done: 1 });
    const refusal = await second.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ code: "room.held", detail: { reasons: [{ code: "frozen" }] } });
  });

  it("gives up an answer that does not come", async () => {
    const { client, timers, wire, enter } = begin();
    client.start();
    await enter();
    const asked = client.ask("chat", { text: "一" }).catch((error: unknown) => error);
    for (let passed = 0; passed < 21_000; passed += 1_000) {
      wire.last.pongs();
      await timers.pass(1_000);
    }
    expect(await asked).toBeInstanceOf(Unanswered);
  });

  it("answers what this socket was challenged with, and gives up a server that never challenges or does it twice", async () => {
    const heard: string[] = [];
    const { client, wire, timers, states } = begin({ hello: async (nonce: string) => (heard.push(nonce), HELLO) });
    client.start();
    await timers.pass(9_000);
    expect([heard, wire.last.types()]).toEqual([[], []]);
    await timers.pass(2_000);
    expect(states()).toEqual(["connecting", "waiting", "connecting"]);
    wire.last.opens("cd".repeat(32));
    await timers.settle();
    expect(heard).toEqual(["cd".repeat(32)]);
    wire.last.opens("ef".repeat(32));
    await timers.settle();
    expect([heard.length, states().at(-1)]).toEqual([1, "waiting"]);
  });

  it("does not let a server welcome it that it did not greet", async () => {
    const { client, wire, timers, states } = begin();
    client.start();
    wire.last.opens();
    await timers.settle();
    wire.last.says({ type: "welcome", to: "somebody", body: welcomeOf() });
    expect(states()).toEqual(["connecting", "waiting"]);
  });
});

describe("events", () => {
  it("come once and in order: what was seen before is left out, holes are not", async () => {
    const { client, wire, events, enter } = begin();
    client.start();
    await enter();
    for (const seq of [11, 11, 12, 9, 17]) wire.last.says(chat(seq));
    expect(events()).toEqual([11, 12, 17]);
  });

  it("that pass have the number of the event before", async () => {
    const { client, wire, events, enter } = begin();
    client.start();
    await enter();
    wire.last.says(chat(11));
    const speaking = { type: "event", at: TIME, kind: "speaking", from: null, body: { member: MEMBER.id, level: 20 } };
    wire.last.says({ ...speaking, seq: 11 });
    wire.last.says({ ...speaking, seq: 10 });
    expect(events()).toEqual([11, 11]);
  });

  it("of a kind that is not known change nothing but the number to come back with", async () => {
    const { client, wire, events, enter, timers } = begin();
    client.start();
    await enter();
    wire.last.says({ type: "event", seq: 14, at: TIME, kind: "weather", from: null, body: { sun: true } });
    expect(events()).toEqual([]);
    wire.last.closes(1006);
    await timers.pass(1_000);
    wire.last.opens();
    await timers.settle();
    expect(wire.last.bodyOf("hello").resume).toMatchObject({ seq: 14 });
  });
});

describe("a cut", () => {
  it("is come back from with what was known, and an open question is asked again under its id", async () => {
    const { client, wire, timers, enter, events } = begin();
    client.start();
    await enter();
    wire.last.says(chat(11));
    const asked = client.ask("chat", { text: "二" });
    const id = wire.last.idOf("chat");
    wire.last.closes(1006);
    await timers.pass(200);
    wire.last.opens();
    await timers.settle();
    expect(wire.last.bodyOf("hello").resume).toEqual({ member: "mem_1", token: "r".repeat(64), seq: 11 });
    wire.last.says({ type: "welcome", to: wire.last.idOf("hello"), body: { ...welcomeOf(), resumed: true, snapshot: null } });
    wire.last.says(chat(12));
    expect(wire.last.idOf("chat")).toBe(id);
    wire.last.says({ type: "ok", to: id, body: {} });
    await expect(asked).resolves.toEqual({});
    expect(events()).toEqual([11, 12]);
  });

  it("after which the session is another one asks nothing twice", async () => {
    const { client, wire, timers, enter } = begin();
    client.start();
    await enter();
    const asked = client.ask("chat", { text: "二" }).catch((error: unknown) => error);
    wire.last.closes(1012);
    await timers.pass(300);
    await enter({ resume: "q".repeat(64) });
    expect(await asked).toBeInstanceOf(Unanswered);
    expect(wire.last.types()).not.toContain("chat");
  });

  it("waits 0.2 s, doubling to 10 s, until a heartbeat is answered", async () => {
    const { client, wire, timers, enter } = begin();
    client.start();
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const before = timers.now();
      const sockets = wire.sockets.length;
      wire.last.closes(1006);
      while (wire.sockets.length === sockets) await timers.next();
      waits.push(Math.round(timers.now() - before));
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    await enter();
    wire.last.pongs();
    await timers.settle();
    const before = timers.now();
    const sockets = wire.sockets.length;
    wire.last.closes(1006);
    while (wire.sockets.length === sockets) await timers.next();
    expect(timers.now() - before).toBe(200);
  });

  it("waits no longer for a line on which nothing comes back: the next try begins when one is given up", async () => {
    const { client, wire, timers } = begin();
    client.start();
    const begun: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const sockets = wire.sockets.length;
      while (wire.sockets.length === sockets) await timers.next();
      begun.push(Math.round(timers.now()));
    }
    expect(begun.slice(1).map((at, index) => at - (begun[index] ?? 0))).toEqual(Array<number>(8).fill(10_200));
  });

  it("of ten minutes is tried every ten seconds all along, and come back from as the same member with nothing asked twice", async () => {
    const { client, wire, timers, enter, events, states } = begin();
    client.start();
    await enter();
    wire.last.says(chat(11));
    const asked = client.ask("chat", { text: "断线时" }).catch((error: unknown) => error);
    const since = timers.now();
    while (timers.now() - since < 600_000) await timers.next();
    expect(await asked).toBeInstanceOf(Unanswered);
    expect(wire.sockets.length).toBeGreaterThan(600 / 10.2 - 2);
    // The line is back in the middle of a try, of which nothing comes any more: only the next one is answered.
    const back = timers.now();
    const tries = wire.sockets.length;
    while (wire.sockets.length === tries) await timers.next();
    expect(timers.now() - back).toBeLessThanOrEqual(10_200);
    wire.last.opens();
    await timers.settle();
    expect(wire.last.bodyOf("hello").resume).toEqual({ member: "mem_1", token: "r".repeat(64), seq: 11 });
    // The room has passed on more than it keeps: all of it comes at once.
    wire.last.says({ type: "welcome", to: wire.last.idOf("hello"), body: { ...welcomeOf(), snapshot: snapshotOf({ seq: 900 }) } });
    wire.last.says(chat(12));
    wire.last.says(chat(901));
    expect(wire.last.types().filter((one) => one !== "ping")).toEqual(["hello"]);
    expect([events(), states().at(-1)]).toEqual([[11, 901], "open"]);
  });

  it("is noticed by silence alone", async () => {
    const { client, wire, timers, enter, states } = begin();
    client.start();
    await enter();
    await timers.pass(8_100);
    expect(states()).toContain("waiting");
    expect(wire.sockets[0]?.closed).toBe(true);
  });

  it("is tried again at once when the network is said to be back", async () => {
    const { client, wire } = begin();
    client.start();
    wire.last.closes(1006);
    expect(wire.sockets.length).toBe(1);
    client.poke();
    expect(wire.sockets.length).toBe(2);
    client.poke();
    expect(wire.sockets.length).toBe(2);
  });

  it("does not wait for ever for a server that never says welcome", async () => {
    const { client, wire, timers } = begin();
    client.start();
    wire.last.opens();
    await timers.pass(10_300);
    expect(wire.sockets.length).toBe(2);
  });
});

describe("the end", () => {
  it.each([
    [4000, "fault"],
    [4001, "taken-over"],
    [4003, "refused"],
    [4010, "closed"],
  ])("by %i is %s and for good", async (code, ending) => {
    const { client, wire, timers, enter, states } = begin();
    client.start();
    await enter();
    const asked = client.ask("hand", { up: true }).catch((error: unknown) => error);
    wire.last.closes(code);
    await timers.pass(60_000);
    expect(states().at(-1)).toBe(ending);
    expect(wire.sockets.length).toBe(1);
    expect(await asked).toBeInstanceOf(Unanswered);
    await expect(client.ask("hand", { up: true })).rejects.toBeInstanceOf(Unanswered);
  });

  it.each([1000, 1001, 1005, 1011, 1012, 1013, 4002])("is not %i", async (code) => {
    const { client, wire, timers, enter } = begin();
    client.start();
    await enter();
    wire.last.closes(code);
    await timers.pass(400);
    expect(wire.sockets.length).toBe(2);
  });

  it("by too many messages waits ten seconds", async () => {
    const { client, wire, timers, enter } = begin();
    client.start();
    await enter();
    wire.last.closes(4008);
    await timers.pass(9_900);
    expect(wire.sockets.length).toBe(1);
    await timers.pass(200);
    expect(wire.sockets.length).toBe(2);
  });

  it("by a take-over can be taken back by the person", async () => {
    const { client, wire, enter } = begin();
    client.start();
    await enter();
    wire.last.closes(4001);
    client.start();
    await enter();
    expect(wire.sockets.length).toBe(2);
    expect(wire.last.bodyOf("hello")).toMatchObject({ resume: null });
  });

  it("when the person leaves says so first", async () => {
    const { client, wire, enter, states } = begin();
    client.start();
    await enter();
    client.leave();
    expect(wire.last.types().at(-1)).toBe("bye");
    expect(states().at(-1)).toBe("left");
  });
});

describe("a server that lies", () => {
  it.each([
    ["no JSON", "{"],
    ["binary", new ArrayBuffer(4)],
    ["another version", { v: 2, type: "ok", to: "a", body: {} }],
    ["a list", []],
    ["a kind of frame that there is not", { type: "order", body: {} }],
    ["a frame with something more", { type: "ok", to: "a", body: {}, more: 1 }],
    ["an event without its body", { type: "event", seq: 11, at: TIME, kind: "chat", from: null, body: {} }],
    ["an event with a number that is none", { ...chat(11), seq: 11.5 }],
    ["an event whose time is none", { ...chat(11), at: "now" }],
    ["an endless text", { ...chat(11), body: { text: "x".repeat(2_000) } }],
    ["a member that is no record", { type: "event", seq: 11, at: TIME, kind: "sight", from: null, body: { members: [3], tracks: [] } }],
    ["a second welcome", { type: "welcome", to: "n1", body: welcomeOf() }],
  ])("%s: nothing is believed, and all is asked for anew", async (_name, frame) => {
    const { client, wire, timers, enter, events } = begin();
    client.start();
    await enter();
    wire.last.says(frame);
    expect(events()).toEqual([]);
    await timers.pass(300);
    wire.last.opens();
    await timers.settle();
    expect(wire.last.bodyOf("hello")).toMatchObject({ resume: null });
  });

  it("again and again ends it", async () => {
    const { client, wire, timers, enter, states } = begin();
    client.start();
    for (let round = 0; round < 3; round += 1) {
      await enter();
      wire.last.says("nonsense");
      await timers.pass(2_000);
    }
    expect(states().at(-1)).toBe("fault");
    expect(wire.sockets.length).toBe(3);
  });

  it("with a snapshot of nothing for somebody who knows nothing is not believed", async () => {
    const { client, enter, states } = begin();
    client.start();
    await enter({ resumed: true, snapshot: null });
    expect(states().at(-1)).toBe("waiting");
  });

  it("cannot fill the page with answers that nobody asked for", async () => {
    const { client, wire, enter, states } = begin();
    client.start();
    await enter();
    wire.last.says({ type: "ok", to: "unknown", body: {} });
    wire.last.says({ type: "error", to: null, code: "signal.rate", retryable: true, detail: {} });
    expect(states().at(-1)).toBe("open");
  });
});

describe("the heartbeat", () => {
  it("carries the newest number and tells the way there and back, and the server's clock", async () => {
    const { client, wire, timers, news, enter } = begin();
    client.start();
    await enter({ snapshot: { ...snapshotOf(), seq: 40 } });
    expect(wire.last.bodyOf("ping")).toEqual({ seq: 40, stats: null });
    await timers.pass(30);
    wire.last.pongs(Date.parse(TIME));
    await timers.settle();
    const pong = news.find((one) => one.type === "pong");
    expect(pong).toMatchObject({ rtt: 30, ahead: Date.parse(TIME) + 15 - timers.now() });
    const before = wire.last.types().length;
    await timers.pass(2_000);
    expect(wire.last.types().slice(before)).toEqual(["ping"]);
  });

  it("goes on when the browser has no figures", async () => {
    const { client, wire, enter } = begin({ stats: () => Promise.reject(new Error("no figures")) });
    client.start();
    await enter();
    expect(wire.last.bodyOf("ping")).toMatchObject({ stats: null });
  });
});
