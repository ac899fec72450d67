// The two media connections of a member, one that publishes and one that views (docs/spec/signalling.md §4), over ports
// that a test can stand in for. Each repairs itself: 3 s disconnected or failed → ICE restart, 4 s later not connected →
// a new connection, waiting up to 10 s between tries. One negotiation at a time; what changes meanwhile comes after it.
import { Refusal, type Timers } from "./client.ts";
import { readAnswered, readOffered, type Bodies, type FrameType, type Source, type Track } from "./frames.ts";
import type { ConnectionState, Peer, PeerConfig, Ports, Transceiver } from "./peers.ts";

export type Ask = <T extends Exclude<FrameType, "hello">>(type: T, body: Bodies[T]) => Promise<unknown>;
export type MediaState = "idle" | "connecting" | "connected" | "repairing";

export interface LinkTools {
  readonly ports: Ports;
  readonly timers: Timers;
  readonly ask: Ask;
  /** Something changed that is worth showing. */
  readonly changed: () => void;
}

export interface Terms extends PeerConfig {
  /** `sha-256 AA:…` of the engine, where it has one certificate for all. */
  readonly fingerprint: string | null;
  readonly offers: boolean;
}

const PATIENCE_DISCONNECTED = 3_000;
const PATIENCE_RESTART = 4_000;
const PATIENCE_FIRST = 8_000;
const FIRST_WAIT = 500;
const MOST_WAIT = 10_000;
const RETRY_REFUSED = 1_000;
const BROKEN: ReadonlySet<ConnectionState> = new Set(["disconnected", "failed", "closed"]);
// m-lines of a connection before those of tracks that went are used again.
const PLENTY = 40;

/** One connection: how it is made is its own, how it is kept alive is the same for both. */
abstract class MediaLink {
  state: MediaState = "idle";
  protected peer: Peer | null = null;
  protected terms: Terms | null = null;
  // Whose certificate the connection was made to.
  private other: string | null = null;
  private busy = false;
  private due = false;
  private restarting = false;
  // Beyond repair, found while there was nobody to ask.
  private stale = false;
  private wait = FIRST_WAIT;
  private watch: unknown = null;
  private again: unknown = null;

  constructor(
    protected readonly tools: LinkTools,
    private readonly purpose: "publish" | "view",
  ) {}

  /** Whether there is anything to carry. */
  protected abstract wants(): boolean;
  /** Brings a connection to what is wanted. */
  protected abstract negotiate(peer: Peer, terms: Terms): Promise<void>;
  protected abstract forget(): void;

  /** The terms of the newest welcome; null while there is no room to talk to. */
  setTerms(terms: Terms | null): void {
    this.terms = terms;
    if (terms === null) return;
    const peer = this.peer;
    // The other end is another one: what still runs leads to where nobody counts on it.
    if (this.stale || (peer !== null && this.other !== null && terms.fingerprint !== null && terms.fingerprint !== this.other)) this.drop();
    else if (peer !== null && BROKEN.has(peer.connectionState)) void this.restart(peer);
    else this.again = this.cancelled(this.again);
    this.update();
  }

  /** Looks again at what is wanted. */
  update(): void {
    this.due = true;
    void this.run();
  }

  /** Begins anew: the other end is another one. */
  renew(): void {
    this.drop();
    this.update();
  }

  close(): void {
    this.terms = null;
    this.drop();
    this.set("idle");
  }

  current(): Peer | null {
    return this.peer;
  }

  private async run(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.due && this.terms !== null && this.again === null) {
        this.due = false;
        await this.round(this.terms);
      }
    } finally {
      this.busy = false;
    }
  }

  private async round(terms: Terms): Promise<void> {
    if (this.peer === null && !this.wants()) return;
    const peer = this.peer ?? this.begin(terms);
    try {
      await this.negotiate(peer, terms);
    } catch (error) {
      if (this.peer !== peer) return;
      // Not allowed now: the next change of what may be seen asks again.
      if (error instanceof Refusal && error.code === "signal.not-allowed") return this.rest();
      this.later();
    }
  }

  private rest(): void {
    this.drop();
    this.set("idle");
  }

  private begin(terms: Terms): Peer {
    const peer = this.tools.ports.connect(terms);
    this.peer = peer;
    this.other = terms.fingerprint;
    peer.onconnectionstatechange = () => {
      if (this.peer === peer) this.follow(peer);
    };
    if (this.state !== "repairing") this.set("connecting");
    this.after(PATIENCE_FIRST, () => this.later());
    return peer;
  }

  // ---- repair

  private follow(peer: Peer): void {
    const state = peer.connectionState;
    if (state === "connected") {
      this.wait = FIRST_WAIT;
      this.restarting = false;
      this.after(null);
      this.set("connected");
    } else if (state === "disconnected" && !this.restarting) {
      this.set("repairing");
      this.after(PATIENCE_DISCONNECTED, () => void this.restart(peer));
    } else if (state === "failed" && !this.restarting) {
      this.set("repairing");
      void this.restart(peer);
    } else if (state === "failed" || state === "closed") {
      this.later();
    }
  }

  private async restart(peer: Peer): Promise<void> {
    const terms = this.terms;
    // Without the room nobody can be asked: the next welcome begins again.
    if (terms === null || this.peer !== peer) return;
    this.restarting = true;
    this.after(PATIENCE_RESTART, () => this.later());
    if (this.busy) return;
    this.busy = true;
    try {
      await this.askRestart(peer, terms);
    } catch {
      if (this.peer === peer) this.later(0);
    } finally {
      this.busy = false;
    }
    void this.run();
  }

  protected async askRestart(peer: Peer, terms: Terms): Promise<void> {
    const sdp = await offer(peer, { iceRestart: true });
    const answered = readAnswered(await this.tools.ask("restart", { purpose: this.purpose, sdp }));
    if (this.peer === peer) await accept(peer, { type: "answer", sdp: answered.sdp }, terms);
  }

  /** A new connection after a while; each time a longer one. */
  protected later(least = this.wait): void {
    // While there is nobody to ask, what still runs may run on.
    this.stale = this.terms === null;
    if (this.stale) return;
    this.drop();
    this.set("repairing");
    this.again = this.tools.timers.after(least, () => {
      this.again = null;
      this.update();
    });
    this.wait = Math.min(this.wait * 2, MOST_WAIT);
  }

  private after(milliseconds: number | null, work?: () => void): void {
    this.tools.timers.cancel(this.watch);
    this.watch = milliseconds === null || work === undefined ? null : this.tools.timers.after(milliseconds, work);
  }

  private drop(): void {
    this.after(null);
    this.again = this.cancelled(this.again);
    this.restarting = false;
    this.stale = false;
    const peer = this.peer;
    this.peer = null;
    if (peer === null) return;
    peer.onconnectionstatechange = null;
    peer.close();
    this.forget();
  }

  private cancelled(timer: unknown): null {
    this.tools.timers.cancel(timer);
    return null;
  }

  private set(state: MediaState): void {
    if (state === this.state) return;
    this.state = state;
    this.tools.changed();
  }
}

async function offer(peer: Peer, options?: { iceRestart: boolean }): Promise<string> {
  const { sdp = "" } = await peer.createOffer(options);
  await peer.setLocalDescription({ type: "offer", sdp });
  return sdp;
}

async function accept(peer: Peer, description: { readonly type: "offer" | "answer"; readonly sdp: string }, terms: Terms): Promise<void> {
  requireFingerprint(description.sdp, terms.fingerprint);
  await peer.setRemoteDescription(description);
}

/** Throws unless every certificate that a description names is the engine's, which may be named without its algorithm. */
export function requireFingerprint(sdp: string, fingerprint: string | null): void {
  if (fingerprint === null) return;
  const own = (fingerprint.includes(" ") ? fingerprint : `sha-256 ${fingerprint}`).toLowerCase();
  const named = [...sdp.matchAll(/^a=fingerprint:(.*?)\s*$/gm)].map((one) => (one[1] ?? "").toLowerCase());
  if (named.length === 0 || named.some((one) => one !== own)) throw new Error("another certificate");
}

/** What a member sends. */
export class PublishLink extends MediaLink {
  /** Why a source is not taken, by source. */
  refused: ReadonlyMap<string, string> = new Map();
  private readonly own = new Map<Source, { kind: "audio" | "video"; track: unknown }>();
  private lines = new Map<Source, Transceiver>();

  constructor(tools: LinkTools) {
    super(tools, "publish");
  }

  /** A source's track; null takes it away. A new track in place of another one needs no negotiation. */
  put(source: Source, kind: "audio" | "video", track: unknown): void {
    const line = this.lines.get(source);
    if (track === null) this.own.delete(source);
    else this.own.set(source, { kind, track });
    if (line === undefined) return void (track !== null && this.update());
    line.sender.replaceTrack(track).catch(() => this.renew());
  }

  protected wants(): boolean {
    return this.own.size > 0;
  }

  protected forget(): void {
    this.lines = new Map();
    this.refused = new Map();
  }

  protected async negotiate(peer: Peer, terms: Terms): Promise<void> {
    const fresh = [...this.own].filter(([source]) => !this.lines.has(source));
    if (fresh.length === 0 && this.refused.size === 0) return;
    for (const [source, { kind, track }] of fresh) this.lines.set(source, this.tools.ports.send(peer, kind, track));
    const sdp = await offer(peer);
    const sources: Record<string, Source> = {};
    for (const [source, line] of this.lines) if (line.mid !== null) sources[line.mid] = source;
    const answered = readAnswered(await this.tools.ask("publish", { sdp, sources }));
    if (this.current() !== peer) return;
    this.refused = new Map([...answered.refused].map(([mid, code]) => [sources[mid] ?? mid, code]));
    await accept(peer, { type: "answer", sdp: answered.sdp }, terms);
    this.tools.changed();
  }
}

/** What a member receives: for each track that it may see, the browser's track. */
export class ViewLink extends MediaLink {
  /** Browser tracks by the room's. */
  readonly received = new Map<string, unknown>();
  private want = new Map<string, Track>();
  private lines: { readonly line: Transceiver; readonly kind: string; track: string }[] = [];
  private agreed = new Set<string>();
  private retry: unknown = null;

  constructor(tools: LinkTools) {
    super(tools, "view");
  }

  /** The tracks that the member may receive now. */
  setWanted(tracks: readonly Track[]): void {
    const before = this.want;
    this.want = new Map(tracks.map((one) => [one.id, one]));
    const gone = [...before.keys()].filter((id) => !this.want.has(id));
    for (const id of gone) {
      this.received.delete(id);
      this.agreed.delete(id);
    }
    const fresh = [...this.want.keys()].some((id) => !before.has(id));
    if (fresh || (gone.length > 0 && this.terms?.offers === true)) this.update();
    else if (gone.length > 0) this.tools.changed();
  }

  override close(): void {
    this.tools.timers.cancel(this.retry);
    super.close();
  }

  protected wants(): boolean {
    return this.want.size > 0;
  }

  protected forget(): void {
    this.lines = [];
    this.agreed = new Set();
    this.received.clear();
  }

  protected async negotiate(peer: Peer, terms: Terms): Promise<void> {
    if ([...this.want.keys()].every((id) => this.agreed.has(id)) && !terms.offers) return;
    // What comes to be wanted while this is negotiated is for the next round.
    const asked = [...this.want.keys()];
    const taken = await (terms.offers ? this.takeOffer(peer, terms, false) : this.makeOffer(peer, terms));
    if (this.current() !== peer) return;
    for (const id of taken) this.agreed.add(id);
    this.tools.changed();
    // Events and media are told by two parts of the platform: who asked too early asks again.
    this.tools.timers.cancel(this.retry);
    const early = asked.some((id) => this.want.has(id) && !taken.has(id));
    this.retry = early ? this.tools.timers.after(RETRY_REFUSED, () => this.update()) : null;
  }

  private async makeOffer(peer: Peer, terms: Terms): Promise<ReadonlySet<string>> {
    for (const track of this.want.values()) this.line(peer, track);
    const sdp = await offer(peer);
    const wants: Record<string, string> = {};
    for (const one of this.lines) if (one.line.mid !== null && this.want.has(one.track)) wants[one.line.mid] = one.track;
    const answered = readAnswered(await this.tools.ask("view", { sdp, wants }));
    if (this.current() !== peer) return new Set();
    await accept(peer, { type: "answer", sdp: answered.sdp }, terms);
    for (const one of this.lines) if (this.want.has(one.track)) this.received.set(one.track, one.line.receiver.track);
    return new Set(Object.entries(wants).flatMap(([mid, track]) => (answered.refused.has(mid) ? [] : [track])));
  }

  /** An m-line for a track: its own, or that of a track that went, once there are many, or a new one. */
  private line(peer: Peer, track: Track): void {
    if (this.lines.some((one) => one.track === track.id)) return;
    const free = this.lines.length >= PLENTY ? this.lines.find((one) => one.kind === track.kind && !this.want.has(one.track)) : undefined;
    if (free !== undefined) free.track = track.id;
    else this.lines.push({ line: this.tools.ports.receive(peer, track.kind), kind: track.kind, track: track.id });
  }

  protected override async askRestart(peer: Peer, terms: Terms): Promise<void> {
    if (terms.offers) await this.takeOffer(peer, terms, true);
    else await super.askRestart(peer, terms);
  }

  private async takeOffer(peer: Peer, terms: Terms, restart: boolean): Promise<ReadonlySet<string>> {
    const wants = [...this.want.keys()];
    const offered = readOffered(await this.tools.ask("view", restart ? { wants, restart } : { wants }));
    if (this.current() !== peer) return new Set();
    // Nothing to negotiate: the connection carries just this already.
    if (offered.sdp !== "") await this.answerTo(peer, offered.sdp, terms);
    if (this.current() !== peer) return new Set();
    const lines = new Map(peer.getTransceivers().map((one) => [one.mid, one]));
    for (const [mid, track] of offered.mids) {
      const line = lines.get(mid);
      if (line !== undefined && this.want.has(track)) this.received.set(track, line.receiver.track);
    }
    return new Set(offered.mids.values());
  }

  private async answerTo(peer: Peer, sdp: string, terms: Terms): Promise<void> {
    await accept(peer, { type: "offer", sdp }, terms);
    const { sdp: own = "" } = await peer.createAnswer();
    await peer.setLocalDescription({ type: "answer", sdp: own });
    await this.tools.ask("view-answer", { sdp: own });
  }
}
