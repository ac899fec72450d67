// What stands in for a browser's socket and clock where the protocol is tested, and a small room to be welcomed to.
import type { Socket, Timers } from "./client.ts";
import type { Member, Snapshot } from "./frames.ts";

export const NONCE = "ab".repeat(32);
export const TIME = "2026-03-02T01:00:00.000Z";

export const MEMBER: Member = {
  id: "mem_1",
  role: "expert",
  site: "site_a",
  zone: "evaluation",
  seat: "seat_3",
  label: { zh: "主场 3 号席", en: "Host, seat 3" },
  chair: false,
  presence: "here",
  hand: false,
  confirmed: true,
  device: { camera: "ok", microphone: "ok", speaker: "ok" },
  media: { seen: null, heard: null, at: null },
};

export const memberOf = (id: string, over: Partial<Member> = {}): Member => ({ ...MEMBER, id, ...over });

export function snapshotOf(over: Partial<Snapshot> = {}): Snapshot {
  return {
    seq: 10,
    room: { id: "room_1", title: null, opened_at: TIME, begins_at: TIME, ends_at: TIME, phase: "evaluating", holds: [] },
    you: MEMBER,
    members: [],
    tracks: [],
    sites: [],
    chat: [],
    requests: [],
    visits: [],
    astray: [],
    calls: [],
    nodes: [],
    alarms: [],
    directive: null,
    more_time: null,
    outages: [],
    intercoms: [],
    watches: [],
    server_time: TIME,
    ...over,
  };
}

export function welcomeOf(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    member: "mem_1",
    resume: "r".repeat(64),
    resumed: false,
    heartbeat_ms: 2_000,
    ice: [],
    relay_only: false,
    engine: { fingerprint: null, offers: false },
    snapshot: snapshotOf(),
    ...over,
  };
}

export class FakeSocket implements Socket {
  onmessage: ((message: { readonly data: unknown }) => void) | null = null;
  onclose: ((end: { readonly code: number; readonly reason: string }) => void) | null = null;
  readonly sent: string[] = [];
  closed = false;

  constructor(readonly subprotocol: string) {}

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  // What the other side does.
  opens(nonce = NONCE): void {
    this.says({ type: "challenge", body: { nonce } });
  }

  closes(code: number): void {
    this.closed = true;
    this.onclose?.({ code, reason: "" });
  }

  says(frame: unknown): void {
    const plain = typeof frame === "object" && frame !== null && !Array.isArray(frame) && !(frame instanceof ArrayBuffer);
    const data = plain ? JSON.stringify({ v: 1, ...frame }) : Array.isArray(frame) ? JSON.stringify(frame) : frame;
    this.onmessage?.({ data });
  }

  pongs(serverTime = 0): void {
    for (const frame of this.frames().filter((one) => one.type === "ping" && !this.answered.has(one.id))) {
      this.answered.add(frame.id);
      this.says({ type: "ok", to: frame.id, body: { server_time: new Date(serverTime).toISOString() } });
    }
  }

  types(): string[] {
    return this.frames().map((one) => one.type);
  }

  idOf(type: string): string {
    return this.frames().findLast((one) => one.type === type)?.id ?? "";
  }

  bodyOf(type: string): Record<string, unknown> {
    return this.frames().findLast((one) => one.type === type)?.body ?? {};
  }

  private readonly answered = new Set<string>();

  private frames(): { id: string; type: string; body: Record<string, unknown> }[] {
    return this.sent.map((one) => JSON.parse(one) as { id: string; type: string; body: Record<string, unknown> });
  }
}

export class FakeWire {
  readonly sockets: FakeSocket[] = [];
  readonly open = (_address: string, subprotocol: string): FakeSocket => {
    const made = new FakeSocket(subprotocol);
    this.sockets.push(made);
    return made;
  };

  get last(): FakeSocket {
    const found = this.sockets.at(-1);
    if (found === undefined) throw new Error("no socket was opened");
    return found;
  }
}

/** A clock that stands until it is told to go on. */
export class FakeTimers implements Timers {
  private clock = 1_000;
  private number = 0;
  private readonly waiting = new Map<number, { at: number; work: () => void }>();

  now(): number {
    return this.clock;
  }

  after(milliseconds: number, work: () => void): number {
    this.number += 1;
    this.waiting.set(this.number, { at: this.clock + milliseconds, work });
    return this.number;
  }

  cancel(timer: unknown): void {
    this.waiting.delete(timer as number);
  }

  /** Lets everything run that waits for no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
  }

  async pass(milliseconds: number): Promise<void> {
    const until = this.clock + milliseconds;
    await this.settle();
    for (let due = this.due(until); due !== null; due = this.due(until)) await this.fire(due);
    this.clock = until;
    await this.settle();
  }

  /** Goes on to the next thing that waits. */
  async next(): Promise<void> {
    await this.settle();
    const due = this.due(Infinity);
    if (due === null) throw new Error("nothing waits");
    await this.fire(due);
  }

  private due(until: number): number | null {
    const found = [...this.waiting].filter(([, one]) => one.at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0]);
    return found[0]?.[0] ?? null;
  }

  private async fire(timer: number): Promise<void> {
    const one = this.waiting.get(timer);
    this.waiting.delete(timer);
    if (one === undefined) return;
    this.clock = Math.max(this.clock, one.at);
    one.work();
    await this.settle();
  }
}
