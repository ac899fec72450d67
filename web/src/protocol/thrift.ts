// A line that cannot carry a picture and a voice carries the voice: the picture waits until there is room again. The
// engine says what a line takes (REMB, for pictures alone), the browser tells it as `availableOutgoingBitrate`.

// Encoders make no picture below this, so more than the line has would go on being sent.
export const LEAST_BITS = 45_000;
export const ROOM_BITS = 200_000;
export const LOOK_MS = 2_000;
const LOOKS = 2;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;
const SETTLED_MS = 30_000;

/** Whether the picture is sent. A picture that filled the line again soon after it came back waits twice as long. */
export class Thrift {
  sends = true;
  private narrow = 0;
  private changed = -Infinity;
  private pause = FIRST_PAUSE_MS / 2;

  /** Looks at what the line takes, in bits a second; true when `sends` has changed. */
  look(bits: number | null, now: number): boolean {
    if (bits === null) return false;
    this.narrow = bits <= LEAST_BITS ? this.narrow + 1 : 0;
    if (this.sends) {
      if (this.narrow < LOOKS) return false;
      const settled = now - this.changed > SETTLED_MS;
      this.pause = settled ? FIRST_PAUSE_MS : Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    } else if (bits < ROOM_BITS || now - this.changed < this.pause) return false;
    this.sends = !this.sends;
    this.changed = now;
    return true;
  }
}

/** Bits a second of a voice, each of which goes out twice (RED); the fewer while the line is full. */
export const VOICE_BITS = 24_000;
export const NARROW_VOICE_BITS = 12_000;

/** Lets a connection's picture wait while there is no room for it; ends with the connection. */
export function mind(peer: RTCPeerConnection): void {
  const thrift = new Thrift();
  const timer = setInterval(() => {
    if (peer.connectionState === "closed") clearInterval(timer);
    else void roomOf(peer).then((bits) => (thrift.look(bits, performance.now()) ? turn(peer, thrift.sends) : undefined));
  }, LOOK_MS);
}

async function roomOf(peer: RTCPeerConnection): Promise<number | null> {
  let bits: number | null = null;
  (await peer.getStats()).forEach((one: Record<string, unknown>) => {
    if (one.type === "candidate-pair" && typeof one.availableOutgoingBitrate === "number") bits = one.availableOutgoingBitrate;
  });
  return bits;
}

async function turn(peer: RTCPeerConnection, on: boolean): Promise<void> {
  for (const sender of peer.getSenders()) {
    const told = sender.getParameters();
    for (const one of told.encodings) {
      if (sender.track?.kind === "video") one.active = on;
      else one.maxBitrate = on ? VOICE_BITS : NARROW_VOICE_BITS;
    }
    // A connection that was closed meanwhile sends nothing anyway.
    await sender.setParameters(told).catch(() => undefined);
  }
}
