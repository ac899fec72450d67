// What the heartbeat says about a member's media: sums over both connections since the heartbeat before. Packets lost
// are in thousandths of those expected.
import type { Stats } from "./frames.ts";
import type { Peer } from "./peers.ts";

interface Sums {
  readonly at: number;
  readonly rtt: number | null;
  readonly up: number;
  readonly down: number;
  readonly lost: number;
  readonly got: number;
  readonly freezes: number;
}

const NOTHING: Omit<Sums, "at"> = { rtt: null, up: 0, down: 0, lost: 0, got: 0, freezes: 0 };

export class Figures {
  private before: Sums | null = null;

  constructor(private readonly now: () => number) {}

  /** Null the first time, and when there is no connection. */
  async take(peers: readonly (Peer | null)[]): Promise<Stats | null> {
    const running = peers.filter((one) => one !== null);
    const sums = (await Promise.all(running.map(sumOf))).reduce(add, NOTHING);
    const now = { ...sums, at: this.now() };
    const { before } = this;
    this.before = running.length === 0 ? null : now;
    return before === null || running.length === 0 ? null : statsOf(before, now);
  }
}

const whole = (value: number, most = 10_000_000): number => Math.min(Math.max(Math.round(value), 0), most);

function statsOf(before: Sums, now: Sums): Stats {
  const seconds = Math.max(now.at - before.at, 1) / 1_000;
  // A connection that began anew counts from nothing again.
  const more = (name: "up" | "down" | "lost" | "got" | "freezes"): number => Math.max(now[name] - before[name], 0);
  const expected = more("lost") + more("got");
  return {
    rtt_ms: whole((now.rtt ?? 0) * 1_000, 600_000),
    lost: expected === 0 ? 0 : whole((more("lost") / expected) * 1_000, 1_000),
    kbps_up: whole((more("up") * 8) / 1_000 / seconds),
    kbps_down: whole((more("down") * 8) / 1_000 / seconds),
    freezes: whole(more("freezes")),
  };
}

async function sumOf(peer: Peer): Promise<Omit<Sums, "at">> {
  let sums = NOTHING;
  (await peer.getStats()).forEach((one) => (sums = add(sums, partOf(one))));
  return sums;
}

function partOf(one: Record<string, unknown>): Omit<Sums, "at"> {
  const figure = (name: string): number => (typeof one[name] === "number" ? one[name] : 0);
  if (one.type === "outbound-rtp") return { ...NOTHING, up: figure("bytesSent") };
  if (one.type === "inbound-rtp") {
    return { ...NOTHING, down: figure("bytesReceived"), lost: Math.max(figure("packetsLost"), 0), got: figure("packetsReceived"), freezes: figure("freezeCount") };
  }
  const path = one.type === "candidate-pair" && one.nominated === true && typeof one.currentRoundTripTime === "number";
  return path ? { ...NOTHING, rtt: figure("currentRoundTripTime") } : NOTHING;
}

function add(one: Omit<Sums, "at">, other: Omit<Sums, "at">): Omit<Sums, "at"> {
  const rtt = one.rtt === null ? other.rtt : Math.max(one.rtt, other.rtt ?? 0);
  return { rtt, up: one.up + other.up, down: one.down + other.down, lost: one.lost + other.lost, got: one.got + other.got, freezes: one.freezes + other.freezes };
}
