// What the media links need of a browser's WebRTC, so that they can be tried without one. The names are the browser's:
// an RTCPeerConnection is a `Peer` as it stands.
import { mind, VOICE_BITS } from "./thrift.ts";

export type ConnectionState = "new" | "connecting" | "connected" | "disconnected" | "failed" | "closed";

export interface Description {
  readonly type: "offer" | "answer";
  readonly sdp: string;
}

export interface Transceiver {
  readonly mid: string | null;
  readonly sender: { replaceTrack(track: unknown): Promise<void> };
  readonly receiver: { readonly track: unknown };
}

export interface Peer {
  readonly connectionState: ConnectionState;
  onconnectionstatechange: (() => void) | null;
  createOffer(options?: { iceRestart?: boolean }): Promise<{ sdp?: string }>;
  createAnswer(): Promise<{ sdp?: string }>;
  setLocalDescription(description: Description): Promise<void>;
  setRemoteDescription(description: Description): Promise<void>;
  getTransceivers(): readonly Transceiver[];
  getStats(): Promise<{ forEach(work: (one: Record<string, unknown>) => void): void }>;
  close(): void;
}

export interface PeerConfig {
  readonly ice: readonly { readonly urls: readonly string[]; readonly username: string | null; readonly credential: string | null }[];
  readonly relayOnly: boolean;
}

/** What a browser does. Tracks are the browser's own objects and are only passed on. */
export interface Ports {
  /** A connection with the session's one certificate. */
  connect(config: PeerConfig): Peer;
  /** An m-line that sends: voices with RED first, video with its cap. */
  send(peer: Peer, kind: "audio" | "video", track: unknown): Transceiver;
  /** An m-line that receives. */
  receive(peer: Peer, kind: "audio" | "video"): Transceiver;
}

export const VIDEO_BITS = 600_000;
export const VIDEO_SIZE = { width: 640, height: 480, frames: 25 } as const;

/** The browser's ports. `certificate` is the one that the session's fingerprint names; `narrow` hears when the line is too
 * narrow for a picture, and when it is not any more. */
export function browserPorts(certificate: RTCCertificate, narrow: (waits: boolean) => void): Ports {
  return {
    connect: (config) =>
      new RTCPeerConnection({
        certificates: [certificate],
        bundlePolicy: "max-bundle",
        rtcpMuxPolicy: "require",
        iceTransportPolicy: config.relayOnly ? "relay" : "all",
        iceServers: config.ice.map((one) => ({
          urls: [...one.urls],
          ...(one.username === null ? {} : { username: one.username }),
          ...(one.credential === null ? {} : { credential: one.credential }),
        })),
      }) as unknown as Peer,
    send: (peer, kind, track) => {
      const own = track as MediaStreamTrack;
      const video = kind === "video";
      const made = real(peer).addTransceiver(own, { direction: "sendonly", sendEncodings: video ? [{ maxBitrate: VIDEO_BITS }] : [{ maxBitrate: VOICE_BITS }] });
      prefer(made, kind, video ? "video/vp8" : "audio/red");
      if (video) mind(real(peer), narrow);
      return made as unknown as Transceiver;
    },
    receive: (peer, kind) => {
      const made = real(peer).addTransceiver(kind, { direction: "recvonly" });
      prefer(made, kind, kind === "video" ? "video/vp8" : "audio/red");
      return made as unknown as Transceiver;
    },
  };
}

const real = (peer: Peer): RTCPeerConnection => peer as unknown as RTCPeerConnection;

const CARRIED = new Set(["video/vp8", "video/rtx", "audio/opus", "audio/red"]);

/**
 * Offers what the room's engines carry and nothing else, one codec before the others. Every codec of a browser in each
 * section would make the offer of a wall of twenty tracks longer than the protocol lets it be (signalling §2).
 */
function prefer(transceiver: RTCRtpTransceiver, kind: "audio" | "video", first: string): void {
  const every = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const codecs = every.filter((one) => CARRIED.has(one.mimeType.toLowerCase()));
  const rank = (one: { mimeType: string }): number => (one.mimeType.toLowerCase() === first ? 0 : 1);
  try {
    transceiver.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
  } catch {
    // Its own order still has Opus and VP8.
  }
}

/** The fingerprint of a certificate as hello names it: `sha-256 AA:BB:…`. */
export function fingerprintOf(certificate: RTCCertificate): string {
  const found = certificate.getFingerprints().find((one) => one.algorithm === "sha-256");
  if (found?.value === undefined) throw new Error("a certificate without SHA-256");
  return `sha-256 ${found.value.toUpperCase()}`;
}

export const makeCertificate = (): Promise<RTCCertificate> => RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as AlgorithmIdentifier);
