// The signalling client (docs/spec/signalling.md §1 to §3) without a browser: socket, clock, timers and randomness are
// handed in. It says hello, comes back with what it knew, asks under ids and gives the answers as promises, keeps the
// heartbeat and follows the table of closes. It decides nothing about the room.
import { FrameError } from "./read.ts";
import { momentOf, PASSING, readFrame, SUBPROTOCOL, write, type Bodies, type FrameType, type Hello, type RoomEvent, type ServerFrame, type Stats, type Welcome } from "./frames.ts";

export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  onclose: ((end: { readonly code: number; readonly reason: string }) => void) | null;
}

export interface Timers {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  after(milliseconds: number, work: () => void): unknown;
  cancel(timer: unknown): void;
}

export interface ClientOptions {
  readonly address: string;
  readonly open: (address: string, subprotocol: string) => Socket;
  readonly timers: Timers;
  /** From 0 up to 1: spreads out those who come back together. */
  readonly chance: () => number;
  readonly newId: () => string;
  /** Asked before every hello, as devices change; `nonce` is what the server challenged this socket with. */
  readonly hello: (nonce: string) => Promise<Hello>;
  readonly stats?: () => Promise<Stats | null>;
  readonly tell: (news: News) => void;
}

export type Ending = "fault" | "taken-over" | "refused" | "closed" | "left";
export type LinkState = "connecting" | "open" | "waiting" | "ended";
export type News =
  | { readonly type: "link"; readonly state: LinkState; readonly ending: Ending | null; readonly since: number }
  | { readonly type: "welcome"; readonly body: Welcome }
  | { readonly type: "event"; readonly event: RoomEvent }
  | { readonly type: "pong"; readonly rtt: number; readonly ahead: number };

/** The server understood and refused; `detail.reasons` says why, where there is more to say. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly retryable: boolean,
    readonly detail: Readonly<Record<string, unknown>>,
  ) {
    super(code);
  }
}
/** No answer: whether it happened is unknown, or it was never sent. */
export class Unanswered extends Error {}

const FIRST_WAIT = 200;
const MOST_WAIT = 10_000;
const BUSY_WAIT = 10_000;
const HELLO_PATIENCE = 10_000;
const ANSWER_PATIENCE = 20_000;
const SILENT_BEATS = 3;
const MOST_WAITING = 48;
const BROKEN_IN_A_ROW = 3;

// Codes that end it for good; 4008 waits longer, everything else comes back.
const ENDINGS: Readonly<Record<number, Ending>> = { 4000: "fault", 4001: "taken-over", 4003: "refused", 4010: "closed" };
const TOO_MANY = 4008;

interface Pending {
  readonly type: FrameType;
  readonly frame: string;
  readonly done: (body: Readonly<Record<string, unknown>>) => void;
  readonly fail: (error: Error) => void;
  readonly timer: unknown;
}

export class SignalClient {
  private socket: Socket | null = null;
  private challenged = false;
  private welcomed = false;
  private helloId = "";
  private back: { member: string; token: string; seq: number } | null = null;
  private readonly pending = new Map<string, Pending>();
  private wait = FIRST_WAIT;
  // When this socket was begun.
  private began = 0;
  private heartbeat = 2_000;
  private heard = 0;
  private broken = 0;
  private beating: unknown = null;
  private later: unknown = null;
  private state: LinkState = "waiting";
  private ending: Ending | null = null;
  // The server's wall clock less this client's own clock, by the ping with the least delay.
  private leastRtt = Infinity;
  private leastAhead = 0;

  constructor(private readonly options: ClientOptions) {}

  /** Begins, or begins again after an end (a take-over that the person takes back). */
  start(): void {
    if (this.socket !== null) return;
    this.ending = null;
    this.wait = FIRST_WAIT;
    this.broken = 0;
    this.connect();
  }

  /** The network is said to be back: tries at once. */
  poke(): void {
    if (this.state === "waiting" && this.later !== null) this.connect();
  }

  /** Leaves for good. */
  leave(): void {
    if (this.socket !== null && this.welcomed) this.socket.send(write(this.options.newId(), "bye", {}));
    this.end("left");
  }

  /** Asks; the answer's body, or Refusal, or Unanswered. */
  ask<T extends Exclude<FrameType, "hello">>(type: T, body: Bodies[T]): Promise<Readonly<Record<string, unknown>>> {
    if (this.ending !== null || this.pending.size >= MOST_WAITING) return Promise.reject(new Unanswered("not sent"));
    const id = this.options.newId();
    return new Promise((done, fail) => {
      const timer = this.options.timers.after(ANSWER_PATIENCE, () => {
        this.pending.delete(id);
        fail(new Unanswered("no answer"));
      });
      const frame = write(id, type, body);
      this.pending.set(id, { type, frame, done, fail, timer });
      if (this.welcomed) this.socket?.send(frame);
    });
  }

  // ---- the socket

  private connect(): void {
    this.options.timers.cancel(this.later);
    this.later = null;
    this.say("connecting");
    const socket = this.options.open(this.options.address, SUBPROTOCOL);
    this.socket = socket;
    this.welcomed = false;
    this.challenged = false;
    // From here on only the newest socket is listened to.
    const ours = (): boolean => this.socket === socket;
    socket.onmessage = (message) => void (ours() && this.receive(message.data));
    socket.onclose = (end) => void (ours() && this.gone(end.code));
    this.began = this.options.timers.now();
    this.heard = this.began;
    this.beat(HELLO_PATIENCE, () => this.drop());
  }

  private async greet(socket: Socket, nonce: string): Promise<void> {
    let hello: Hello;
    try {
      hello = await this.options.hello(nonce);
    } catch {
      if (this.socket === socket) this.end("fault");
      return;
    }
    if (this.socket !== socket) return;
    this.helloId = this.options.newId();
    socket.send(write(this.helloId, "hello", { ...hello, resume: this.back }));
  }

  /** The socket is of no use any more, and its own close may take long to come. */
  private drop(code?: number): void {
    const socket = this.socket;
    if (socket === null) return;
    this.gone(code ?? 1006);
    socket.close();
  }

  private gone(code: number): void {
    this.unhook();
    const ending = ENDINGS[code];
    if (ending !== undefined) return this.end(ending);
    const wait = code === TOO_MANY ? BUSY_WAIT : this.pause();
    this.wait = Math.min(this.wait * 2, MOST_WAIT);
    this.say("waiting");
    this.later = this.options.timers.after(wait, () => this.connect());
  }

  /** Waits are from one try's begin to the next one's: over a line on which nothing comes back, trying took its time already. */
  private pause(): number {
    const spread = 0.8 + 0.4 * this.options.chance();
    const spent = this.options.timers.now() - this.began;
    return Math.max(FIRST_WAIT * spread, this.wait * spread - spent);
  }

  private unhook(): void {
    this.socket = null;
    this.welcomed = false;
    this.options.timers.cancel(this.beating);
    this.beating = null;
    // A heartbeat is of its own socket; everything else may still be answered on the next one.
    this.failAll((one) => one.type === "ping");
  }

  private end(ending: Ending): void {
    const socket = this.socket;
    this.unhook();
    socket?.close(1000);
    this.options.timers.cancel(this.later);
    this.later = null;
    this.ending = ending;
    // Whoever comes back after an end comes back anew.
    this.back = null;
    this.failAll();
    this.say("ended");
  }

  private failAll(which: (one: Pending) => boolean = () => true): void {
    for (const [id, one] of [...this.pending]) {
      if (!which(one)) continue;
      this.pending.delete(id);
      this.options.timers.cancel(one.timer);
      one.fail(new Unanswered("the connection ended"));
    }
  }

  private say(state: LinkState): void {
    if (state === this.state && state !== "ended") return;
    this.state = state;
    this.options.tell({ type: "link", state, ending: this.ending, since: this.options.timers.now() });
  }

  // ---- frames

  private receive(data: unknown): void {
    this.heard = this.options.timers.now();
    let frame: ServerFrame;
    try {
      frame = readFrame(data);
      this.take(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.breakOff();
    }
  }

  /** What the server said does not hold together, so what this page knows may be wrong: it asks for all of it anew. */
  private breakOff(): void {
    this.back = null;
    this.broken += 1;
    if (this.broken >= BROKEN_IN_A_ROW) return this.end("fault");
    this.drop();
  }

  private take(frame: ServerFrame): void {
    if (frame.type === "challenge") return this.challenge(frame.body.nonce);
    if (frame.type === "welcome") return this.welcome(frame.to, frame.body);
    if (frame.type === "error" && !this.welcomed) {
      // 4003 or 4000 follows; nothing else is said to a stranger.
      if (frame.to !== null && frame.to !== this.helloId) throw new FrameError("/to");
      return;
    }
    if (!this.welcomed || this.back === null) throw new FrameError("before welcome");
    if (frame.type === "ok" || frame.type === "error") return this.answer(frame);
    if (frame.type === "unknown") {
      this.back.seq = Math.max(this.back.seq, frame.seq);
      return;
    }
    this.event(frame, this.back);
  }

  private challenge(nonce: string): void {
    if (this.challenged || this.socket === null) throw new FrameError("/type");
    this.challenged = true;
    void this.greet(this.socket, nonce);
  }

  private welcome(to: string, body: Welcome): void {
    if (this.welcomed || to !== this.helloId) throw new FrameError("/to");
    const before = this.back;
    if (body.snapshot === null && (before === null || !body.resumed)) throw new FrameError("/body/snapshot");
    const seq = body.snapshot?.seq ?? before?.seq ?? 0;
    this.back = { member: body.member, token: body.resume, seq };
    this.welcomed = true;
    this.heartbeat = Math.min(Math.max(body.heartbeat_ms, 200), 60_000);
    this.options.tell({ type: "welcome", body });
    this.say("open");
    // The same session still has its answers, so nothing happens twice. Another one does not know what was asked.
    if (before !== null && before.token !== body.resume) this.failAll();
    for (const one of this.pending.values()) this.socket?.send(one.frame);
    this.ping();
  }

  private answer(frame: Extract<ServerFrame, { type: "ok" | "error" }>): void {
    const one = frame.to === null ? undefined : this.pending.get(frame.to);
    // A repeated answer, or a refusal of a frame that was not read (`to` null): its own time limit decides.
    if (one === undefined || frame.to === null) return;
    this.pending.delete(frame.to);
    this.options.timers.cancel(one.timer);
    if (frame.type === "ok") one.done(frame.body);
    else one.fail(new Refusal(frame.code, frame.retryable, frame.detail));
  }

  private event(event: RoomEvent, back: { seq: number }): void {
    if (PASSING.has(event.kind)) {
      if (event.seq < back.seq) return;
    } else {
      if (event.seq <= back.seq) return;
      back.seq = event.seq;
    }
    this.options.tell({ type: "event", event });
  }

  // ---- heartbeat

  private beat(milliseconds: number, work: () => void): void {
    this.options.timers.cancel(this.beating);
    this.beating = this.options.timers.after(milliseconds, work);
  }

  private ping(): void {
    const socket = this.socket;
    if (socket === null || !this.welcomed) return;
    if (this.options.timers.now() - this.heard > this.heartbeat * SILENT_BEATS) return this.drop();
    this.beat(this.heartbeat, () => this.ping());
    void this.measure(socket);
  }

  private async measure(socket: Socket): Promise<void> {
    const stats = await (this.options.stats?.() ?? Promise.resolve(null)).catch(() => null);
    if (this.socket !== socket || this.back === null) return;
    const sent = this.options.timers.now();
    try {
      const body = await this.ask("ping", { seq: this.back.seq, stats });
      this.pong(sent, body.server_time);
    } catch {
      // The next one asks again; silence is noticed by itself.
    }
  }

  private pong(sent: number, written: unknown): void {
    const now = this.options.timers.now();
    const rtt = now - sent;
    const server = typeof written === "string" ? momentOf(written) : Number.NaN;
    if (!Number.isFinite(server) || !this.welcomed) return;
    this.wait = FIRST_WAIT;
    this.broken = 0;
    this.leastRtt = Math.min(this.leastRtt * 1.05, rtt);
    if (rtt <= this.leastRtt) this.leastAhead = server + rtt / 2 - now;
    this.options.tell({ type: "pong", rtt, ahead: this.leastAhead });
  }

}
