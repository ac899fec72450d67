// A line that cannot carry a picture and a voice carries the voice. While it is tight the voice takes less, so that something
// is left for the picture; when that is not enough the picture waits until there is room again. The engine says what a line
// takes (REMB, for pictures alone), the browser tells it as `availableOutgoingBitrate`.

// What encoders make at the least is 30 000: with no more than this the line stays full.
export const LEAST_BITS = 35_000;
export const TIGHT_BITS = 100_000;
export const ROOM_BITS = 200_000;
export const LOOK_MS = 1_000;
// A line that was filled drains within this, and then takes more again.
const LOOKS = 6;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;
const SETTLED_MS = 30_000;

/** Whether the picture is sent, and whether the voice takes less. A picture that filled the line again soon after it came
 * back waits twice as long. */
export class Thrift {
  sends = true;
  spares = false;
  private narrow = 0;
  private wide = 0;
  private changed = -Infinity;
  private pause = FIRST_PAUSE_MS / 2;

  /** Looks at what the line takes, in bits a second; true when something has changed. */
  look(bits: number | null, now: number): boolean {
    if (bits === null) return false;
    this.narrow = bits <= LEAST_BITS ? this.narrow + 1 : 0;
    this.wide = bits >= ROOM_BITS ? this.wide + 1 : 0;
    const picture = this.picture(now);
    return this.voice(bits) || picture;
  }

  private picture(now: number): boolean {
    if (this.sends) {
      if (this.narrow < LOOKS) return false;
      const settled = now - this.changed > SETTLED_MS;
      this.pause = settled ? FIRST_PAUSE_MS : Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    } else if (this.wide === 0 || now - this.changed < this.pause) return false;
    this.sends = !this.sends;
    this.changed = now;
    return true;
  }

  private voice(bits: number): boolean {
    const spares = this.spares ? !this.sends || this.wide < LOOKS : bits <= TIGHT_BITS;
    if (spares === this.spares) return false;
    this.spares = spares;
    return true;
  }
}

/** Bits a second of a voice, each of which goes out twice (RED); the fewer while the line is tight. */
export const VOICE_BITS = 24_000;
export const NARROW_VOICE_BITS = 12_000;

/** Lets a connection's voice and picture give way while there is no room for them; ends with the connection. `told` hears
 * whenever the picture begins to wait, and when it does no longer. */
export function mind(peer: RTCPeerConnection, told: (waits: boolean) => void): void {
  const thrift = new Thrift();
  const timer = setInterval(() => {
    if (peer.connectionState === "closed") {
      clearInterval(timer);
      if (!thrift.sends) told(false);
    } else void roomOf(peer).then((bits) => (thrift.look(bits, performance.now()) ? give(peer, thrift, told) : undefined));
  }, LOOK_MS);
}

function give(peer: RTCPeerConnection, thrift: Thrift, told: (waits: boolean) => void): Promise<void> {
  told(!thrift.sends);
  return turn(peer, thrift);
}

async function roomOf(peer: RTCPeerConnection): Promise<number | null> {
  let bits: number | null = null;
  (await peer.getStats()).forEach((one: Record<string, unknown>) => {
    if (one.type === "candidate-pair" && typeof one.availableOutgoingBitrate === "number") bits = one.availableOutgoingBitrate;
  });
  return bits;
}

async function turn(peer: RTCPeerConnection, thrift: Thrift): Promise<void> {
  for (const sender of peer.getSenders()) {
    const told = sender.getParameters();
    for (const one of told.encodings) {
      if (sender.track?.kind === "video") one.active = thrift.sends;
      else one.maxBitrate = thrift.spares ? NARROW_VOICE_BITS : VOICE_BITS;
    }
    // A connection that was closed meanwhile sends nothing anyway.
    await sender.setParameters(told).catch(() => undefined);
  }
}
