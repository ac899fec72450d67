import { describe, expect, it } from "vitest";
import { Refusal } from "./client.ts";
import { FakeTimers } from "./fakes.ts";
import { Figures } from "./figures.ts";
import type { Track } from "./frames.ts";
import { PublishLink, requireFingerprint, ViewLink, type Terms } from "./links.ts";
import type { ConnectionState, Description, Peer, Ports, Transceiver } from "./peers.ts";

class FakePeer implements Peer {
  connectionState: ConnectionState = "new";
  onconnectionstatechange: (() => void) | null = null;
  readonly lines: (Transceiver & { sent: unknown })[] = [];
  readonly told: Description[] = [];
  readonly heard: Description[] = [];
  offers = 0;
  closed = false;
  stats: Record<string, unknown>[] = [];

  constructor(readonly name: string) {}

  async createOffer(options?: { iceRestart?: boolean }): Promise<{ sdp: string }> {
    this.offers += 1;
    return { sdp: `${this.name} offer ${this.offers}${options?.iceRestart === true ? " restart" : ""}` };
  }
  async createAnswer(): Promise<{ sdp: string }> {
    return { sdp: `${this.name} answer` };
  }
  async setLocalDescription(description: Description): Promise<void> {
    this.told.push(description);
    this.lines.forEach((one, index) => ((one as { mid: string | null }).mid ??= String(index)));
  }
  async setRemoteDescription(description: Description): Promise<void> {
    this.heard.push(description);
    if (description.type !== "offer") return;
    for (const [, mid = ""] of description.sdp.matchAll(/mid (\S+)/g)) if (this.lines.every((one) => one.mid !== mid)) this.add(mid, null);
  }
  getTransceivers(): readonly Transceiver[] {
    return this.lines;
  }
  async getStats(): Promise<Map<string, Record<string, unknown>>> {
    return new Map(this.stats.map((one, index) => [String(index), one]));
  }
  close(): void {
    this.closed = true;
  }

  add(mid: string | null, track: unknown): Transceiver {
    const made = { mid, sent: track, sender: { replaceTrack: async (next: unknown) => void (made.sent = next) }, receiver: { track: `${this.name} line ${this.lines.length}` } };
    this.lines.push(made);
    return made;
  }
  becomes(state: ConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

const TERMS: Terms = { ice: [], relayOnly: false, fingerprint: null, offers: false };
const camera = (member: string): Track => ({ id: `${member}/camera`, member, source: "camera", kind: "video" });
const voice = (member: string): Track => ({ id: `${member}/microphone`, member, source: "microphone", kind: "audio" });

function set() {
  const timers = new FakeTimers();
  const peers: FakePeer[] = [];
  const asked: { type: string; body: Record<string, unknown> }[] = [];
  let answer = (_type: string, _body: Record<string, unknown>): unknown => ({ sdp: "answer", refused: {} });
  const ports: Ports = {
    connect: () => {
      const made = new FakePeer(`peer${peers.length}`);
      peers.push(made);
      return made;
    },
    send: (peer, _kind, track) => (peer as FakePeer).add(null, track),
    receive: (peer) => (peer as FakePeer).add(null, null),
  };
  const tools = {
    ports,
    timers,
    changed: () => undefined,
    ask: async (type: string, body: object): Promise<unknown> => {
      asked.push({ type, body: body as Record<string, unknown> });
      return answer(type, body as Record<string, unknown>);
    },
  };
  const last = (): FakePeer => {
    const found = peers.at(-1);
    if (found === undefined) throw new Error("no connection");
    return found;
  };
  return { timers, peers, asked, tools, last, answers: (next: typeof answer) => (answer = next) };
}

async function publishing() {
  const made = set();
  const link = new PublishLink(made.tools);
  link.put("microphone", "audio", "voice");
  link.put("camera", "video", "picture");
  link.setTerms(TERMS);
  await made.timers.settle();
  return { ...made, link };
}

async function viewing(terms: Terms = TERMS) {
  const made = set();
  const link = new ViewLink(made.tools);
  link.setTerms(terms);
  return { ...made, link };
}

describe("publishing", () => {
  it("offers each source on its m-line and takes the answer", async () => {
    const { asked, last, link } = await publishing();
    expect(asked).toEqual([{ type: "publish", body: { sdp: "peer0 offer 1", sources: { 0: "microphone", 1: "camera" } } }]);
    expect(last().heard).toEqual([{ type: "answer", sdp: "answer" }]);
    last().becomes("connected");
    expect(link.state).toBe("connected");
  });

  it("begins anew at a welcome that names another end, though the old connection still runs", async () => {
    const { tools, timers, peers, answers } = set();
    const link = new PublishLink(tools);
    link.put("camera", "video", "picture");
    const own = `sha-256 ${"AB:".repeat(31)}AB`;
    answers(() => ({ sdp: `a=fingerprint:${own}\r\n`, refused: {} }));
    link.setTerms({ ...TERMS, fingerprint: own });
    await timers.settle();
    peers[0]?.becomes("connected");
    for (const [fingerprint, made] of [[own, 1], [null, 1], [own.replace("AB:", "CD:"), 2]] as const) {
      link.setTerms(null);
      link.setTerms({ ...TERMS, fingerprint });
      await timers.settle();
      expect(peers.length).toBe(made);
    }
    expect(peers[0]?.closed).toBe(true);
  });

  it("puts another track in the place of one without asking anybody", async () => {
    const { asked, last, link } = await publishing();
    link.put("camera", "video", "other picture");
    expect(last().lines[1]?.sent).toBe("other picture");
    expect(asked.length).toBe(1);
  });

  it("adds a camera that comes later to the same connection", async () => {
    const { tools, timers, asked, peers } = set();
    const link = new PublishLink(tools);
    link.put("microphone", "audio", "voice");
    link.setTerms(TERMS);
    await timers.settle();
    link.put("camera", "video", "picture");
    await timers.settle();
    expect(asked.map((one) => one.body.sources)).toEqual([{ 0: "microphone" }, { 0: "microphone", 1: "camera" }]);
    expect(peers.length).toBe(1);
  });

  it("says why a source is refused, and asks again when it is told that something changed", async () => {
    const { tools, timers, asked, answers } = set();
    answers(() => ({ sdp: "answer", refused: { 0: "not-granted" } }));
    const link = new PublishLink(tools);
    link.put("camera", "video", "picture");
    link.setTerms(TERMS);
    await timers.settle();
    expect(link.refused).toEqual(new Map([["camera", "not-granted"]]));
    link.update();
    await timers.settle();
    expect(asked.length).toBe(2);
  });

  it("stays quiet while the room does not let it, and begins when it may", async () => {
    const { tools, timers, asked, answers, peers } = set();
    answers(() => {
      throw new Refusal("signal.not-allowed", false, {});
    });
    const link = new PublishLink(tools);
    link.put("camera", "video", "picture");
    link.setTerms(TERMS);
    await timers.pass(60_000);
    expect(asked.length).toBe(1);
    expect(peers[0]?.closed).toBe(true);
    answers(() => ({ sdp: "answer", refused: {} }));
    link.update();
    await timers.settle();
    expect(asked.length).toBe(2);
  });
});

describe("viewing where the client offers", () => {
  it("asks for each track on an m-line, and adds m-lines as tracks come", async () => {
    const { link, asked, timers, last } = await viewing();
    link.setWanted([camera("mem_2"), voice("mem_2")]);
    await timers.settle();
    link.setWanted([camera("mem_2"), voice("mem_2"), camera("mem_3")]);
    await timers.settle();
    expect(asked.map((one) => one.body.wants)).toEqual([
      { 0: "mem_2/camera", 1: "mem_2/microphone" },
      { 0: "mem_2/camera", 1: "mem_2/microphone", 2: "mem_3/camera" },
    ]);
    expect(link.received.get("mem_3/camera")).toBe("peer0 line 2");
    expect(last().lines.length).toBe(3);
  });

  it("keeps the m-line of a track that goes and comes back", async () => {
    const { link, asked, timers, last } = await viewing();
    link.setWanted([camera("mem_2"), camera("mem_3")]);
    await timers.settle();
    link.setWanted([camera("mem_3")]);
    await timers.settle();
    expect(link.received.has("mem_2/camera")).toBe(false);
    expect(asked.length).toBe(1);
    link.setWanted([camera("mem_2"), camera("mem_3")]);
    await timers.settle();
    expect(asked.at(-1)?.body.wants).toEqual({ 0: "mem_2/camera", 1: "mem_3/camera" });
    expect(last().lines.length).toBe(2);
  });

  it("uses m-lines again instead of growing for ever", async () => {
    const { link, timers, last, asked } = await viewing();
    for (let round = 0; round < 70; round += 1) {
      link.setWanted([camera(`mem_${round}`)]);
      await timers.settle();
    }
    expect(last().lines.length).toBe(40);
    expect(Object.values(asked.at(-1)?.body.wants ?? {})).toEqual(["mem_69/camera"]);
  });

  it("asks once more for what the engine did not know yet", async () => {
    const { link, asked, timers, answers } = await viewing();
    answers(() => ({ sdp: "answer", refused: { 0: "no-track" } }));
    link.setWanted([camera("mem_2")]);
    await timers.settle();
    answers(() => ({ sdp: "answer", refused: {} }));
    await timers.pass(1_000);
    await timers.pass(5_000);
    expect(asked.length).toBe(2);
  });

  it("negotiates one thing at a time", async () => {
    const { link, asked, timers, answers } = await viewing();
    let release = (): void => undefined;
    answers(() => new Promise((done) => (release = () => done({ sdp: "answer", refused: {} }))));
    link.setWanted([camera("mem_2")]);
    await timers.settle();
    link.setWanted([camera("mem_2"), camera("mem_3")]);
    link.setWanted([camera("mem_2"), camera("mem_3"), camera("mem_4")]);
    await timers.settle();
    expect(asked.length).toBe(1);
    release();
    await timers.settle();
    expect(asked.length).toBe(2);
    expect(Object.keys(asked[1]?.body.wants ?? {}).length).toBe(3);
  });
});

describe("viewing where the engine offers", () => {
  it("answers and finds each track by its mid", async () => {
    const { link, asked, timers, answers, last } = await viewing({ ...TERMS, offers: true });
    answers((type) => (type === "view" ? { sdp: "offer mid a mid b", mids: { a: "mem_2/camera", b: "mem_2/microphone" } } : {}));
    link.setWanted([camera("mem_2"), voice("mem_2")]);
    await timers.settle();
    expect(asked).toEqual([
      { type: "view", body: { wants: ["mem_2/camera", "mem_2/microphone"] } },
      { type: "view-answer", body: { sdp: "peer0 answer" } },
    ]);
    expect(link.received.get("mem_2/microphone")).toBe("peer0 line 1");
    expect(last().heard[0]?.type).toBe("offer");
  });

  it("asks for the engine's own restart after a cut", async () => {
    const { link, asked, timers, answers, last, peers } = await viewing({ ...TERMS, offers: true });
    answers((type) => (type === "view" ? { sdp: "offer mid a", mids: { a: "mem_2/camera" } } : {}));
    link.setWanted([camera("mem_2")]);
    await timers.settle();
    last().becomes("connected");
    last().becomes("failed");
    await timers.settle();
    expect(asked.slice(2)).toEqual([
      { type: "view", body: { wants: ["mem_2/camera"], restart: true } },
      { type: "view-answer", body: { sdp: "peer0 answer" } },
    ]);
    expect(peers.length).toBe(1);
  });

  it("answers nothing where there is nothing to negotiate", async () => {
    const { link, asked, timers, answers } = await viewing({ ...TERMS, offers: true });
    answers(() => ({ sdp: "", mids: {} }));
    link.setWanted([camera("mem_2")]);
    await timers.settle();
    expect(asked.map((one) => one.type)).toEqual(["view"]);
  });
});

describe("repair", () => {
  it("leaves a short cut to the browser", async () => {
    const { last, timers, asked, link } = await publishing();
    last().becomes("connected");
    last().becomes("disconnected");
    expect(link.state).toBe("repairing");
    await timers.pass(2_900);
    last().becomes("connected");
    await timers.pass(10_000);
    expect(asked.map((one) => one.type)).toEqual(["publish"]);
    expect(link.state).toBe("connected");
  });

  it("restarts after three seconds on the same connection", async () => {
    const { last, timers, asked, peers } = await publishing();
    last().becomes("connected");
    last().becomes("disconnected");
    await timers.pass(3_000);
    expect(asked.at(-1)).toEqual({ type: "restart", body: { purpose: "publish", sdp: "peer0 offer 2 restart" } });
    last().becomes("connected");
    await timers.pass(10_000);
    expect(peers.length).toBe(1);
  });

  it("restarts at once after a failure", async () => {
    const { last, timers, asked } = await publishing();
    last().becomes("connected");
    last().becomes("failed");
    await timers.settle();
    expect(asked.at(-1)?.type).toBe("restart");
  });

  it("begins anew four seconds after a restart that did not help", async () => {
    const { last, timers, asked, peers } = await publishing();
    last().becomes("connected");
    last().becomes("failed");
    await timers.pass(3_900);
    expect(peers.length).toBe(1);
    await timers.pass(700);
    expect(peers.length).toBe(2);
    expect(peers[0]?.closed).toBe(true);
    expect(asked.at(-1)).toEqual({ type: "publish", body: { sdp: "peer1 offer 1", sources: { 0: "microphone", 1: "camera" } } });
  });

  it("begins anew at once where there is nothing to restart", async () => {
    const { last, timers, answers, peers } = await publishing();
    last().becomes("connected");
    answers((type) => {
      if (type === "restart") throw new Refusal("media.no-connection", false, {});
      return { sdp: "answer", refused: {} };
    });
    last().becomes("failed");
    await timers.pass(1);
    expect(peers.length).toBe(2);
  });

  it("waits longer each time, ten seconds at most, while the engine is gone", async () => {
    const { timers, answers, tools, asked } = set();
    answers(() => {
      throw new Refusal("media.unavailable", true, {});
    });
    const link = new PublishLink(tools);
    link.put("camera", "video", "picture");
    link.setTerms(TERMS);
    const times: number[] = [];
    while (times.length < 8) {
      await timers.settle();
      if (asked.length > times.length) times.push(timers.now());
      else await timers.next();
    }
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("does not tear down what may still run while the room cannot be asked", async () => {
    const { last, timers, peers, asked, link } = await publishing();
    last().becomes("connected");
    link.setTerms(null);
    last().becomes("disconnected");
    await timers.pass(30_000);
    expect(peers[0]?.closed).toBe(false);
    link.setTerms(TERMS);
    await timers.settle();
    expect(asked.at(-1)?.type).toBe("restart");
  });

  it("fails in ten minutes without a room, and is made anew at once, by one question, where the engine has forgotten it", async () => {
    const { last, timers, peers, asked, answers, link } = await publishing();
    last().becomes("connected");
    link.setTerms(null);
    last().becomes("disconnected");
    await timers.pass(30_000);
    last().becomes("failed");
    await timers.pass(570_000);
    expect([peers.length, asked.length]).toEqual([1, 1]);
    answers((type) => {
      if (type === "restart") throw new Refusal("media.no-connection", false, {});
      return { sdp: "answer", refused: {} };
    });
    link.setTerms(TERMS);
    await timers.pass(1);
    last().becomes("connected");
    await timers.pass(60_000);
    expect(peers.map((one) => one.closed)).toEqual([true, false]);
    expect(asked.map((one) => one.type)).toEqual(["publish", "restart", "publish"]);
    expect(link.state).toBe("connected");
  });

  it("begins anew when the engine is another one", async () => {
    const { last, timers, peers, link } = await publishing();
    last().becomes("connected");
    link.renew();
    await timers.settle();
    expect(peers.length).toBe(2);
    expect(peers[0]?.closed).toBe(true);
  });

  it("of a view begins with all that is wanted", async () => {
    const { link, timers, last, asked, peers } = await viewing();
    link.setWanted([camera("mem_2"), voice("mem_3")]);
    await timers.settle();
    last().becomes("connected");
    last().becomes("failed");
    await timers.pass(5_000);
    expect(peers.length).toBe(2);
    expect(asked.at(-1)?.body.wants).toEqual({ 0: "mem_2/camera", 1: "mem_3/microphone" });
    expect(link.received.get("mem_3/microphone")).toBe("peer1 line 1");
  });
});

describe("the engine's certificate", () => {
  const own = `sha-256 ${"AB:".repeat(31)}AB`;
  it("is the one that the room named", () => {
    expect(() => requireFingerprint(`v=0\r\na=fingerprint:${own}\r\nm=audio\r\na=fingerprint:${own.toLowerCase()}\r\n`, own)).not.toThrow();
  });
  it("may be named without its algorithm", () => {
    expect(() => requireFingerprint(`a=fingerprint:${own}\r\n`, own.replace("sha-256 ", ""))).not.toThrow();
    expect(() => requireFingerprint(`a=fingerprint:sha-1 AA\r\n`, "AA")).toThrow();
  });
  it.each([
    ["none", "v=0\r\nm=audio\r\n"],
    ["another one", `v=0\r\na=fingerprint:sha-256 ${"CD:".repeat(31)}CD\r\n`],
    ["a second one beside it", `v=0\r\na=fingerprint:${own}\r\nm=audio\r\na=fingerprint:sha-1 AA:BB\r\n`],
  ])("is not %s", (_name, sdp) => expect(() => requireFingerprint(sdp, own)).toThrow());

  it("that is another one is never talked to", async () => {
    const { timers, tools, peers } = set();
    const link = new PublishLink(tools);
    link.put("camera", "video", "picture");
    link.setTerms({ ...TERMS, fingerprint: own });
    await timers.settle();
    expect(peers[0]?.heard).toEqual([]);
    expect(peers[0]?.closed).toBe(true);
  });
});

describe("an answer that lies", () => {
  it.each([
    ["no description", {}],
    ["an endless description", { sdp: "x".repeat(70_000), refused: {} }],
    ["a list of refusals", { sdp: "answer", refused: ["not-granted"] }],
    ["nothing", null],
  ])("%s: the connection is given up and tried again later", async (_name, body) => {
    const { timers, tools, peers, answers } = set();
    answers(() => body);
    const link = new PublishLink(tools);
    link.put("camera", "video", "picture");
    link.setTerms(TERMS);
    await timers.settle();
    expect(peers[0]?.closed).toBe(true);
    expect(peers[0]?.heard).toEqual([]);
    await timers.pass(600);
    expect(peers.length).toBe(2);
  });
});

describe("figures", () => {
  it("are what came since the heartbeat before, over both connections", async () => {
    let now = 1_000;
    const figures = new Figures(() => now);
    const up = new FakePeer("up");
    const down = new FakePeer("down");
    const put = (bytes: number, packets: number, lost: number, freezes: number): void => {
      up.stats = [{ type: "outbound-rtp", bytesSent: bytes }, { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.04 }];
      down.stats = [{ type: "inbound-rtp", bytesReceived: bytes * 2, packetsReceived: packets, packetsLost: lost, freezeCount: freezes }];
    };
    put(100_000, 1_000, 5, 1);
    expect(await figures.take([up, down])).toBeNull();
    now += 2_000;
    put(250_000, 1_095, 10, 3);
    expect(await figures.take([up, down])).toEqual({ rtt_ms: 40, lost: 50, kbps_up: 600, kbps_down: 1_200, freezes: 2 });
    expect(await figures.take([null, null])).toBeNull();
  });

  it("of a connection that began anew are never below nothing", async () => {
    const figures = new Figures(() => 5);
    const peer = new FakePeer("p");
    peer.stats = [{ type: "outbound-rtp", bytesSent: 9_000 }, { type: "inbound-rtp", packetsLost: -3 }];
    await figures.take([peer]);
    peer.stats = [{ type: "outbound-rtp", bytesSent: 10 }];
    expect(await figures.take([peer])).toEqual({ rtt_ms: 0, lost: 0, kbps_up: 0, kbps_down: 0, freezes: 0 });
  });
});
