// Camera, microphone and speaker of this computer. What the browser says of a device is told apart as the room does:
// absent, denied, busy. Nothing here sends anything.
import type { DeviceState } from "../../protocol/frames.ts";
import { VIDEO_SIZE } from "../../protocol/peers.ts";

export type Kind = "camera" | "microphone";

export interface Opened {
  readonly state: DeviceState;
  readonly track: MediaStreamTrack | null;
  /** Nobody answered the browser's question in time. */
  readonly late: boolean;
}

// How long a person may take over the browser's question.
const PATIENCE = 30_000;

const VIDEO = { width: { ideal: VIDEO_SIZE.width }, height: { ideal: VIDEO_SIZE.height }, frameRate: { ideal: VIDEO_SIZE.frames, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** What an error of getUserMedia says of the device (W3C Media Capture and Streams §10.1). */
export function stateOf(error: unknown): DeviceState {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "absent";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "denied";
}

export async function openDevice(kind: Kind, device: string | null, media: MediaDevices | undefined = navigator.mediaDevices): Promise<Opened> {
  // Browsers hide the devices from pages that did not come by a safe way.
  if (media === undefined) return { state: "denied", track: null, late: false };
  const exact = device === null ? {} : { deviceId: { exact: device } };
  const asked = media.getUserMedia(kind === "camera" ? { video: { ...VIDEO, ...exact } } : { audio: { ...AUDIO, ...exact } });
  let late = false;
  const waiting = new Promise<null>((done) => setTimeout(() => done(null), PATIENCE));
  // Who answers after all opens nothing behind the person's back.
  asked.then((stream) => late && stream.getTracks().forEach((one) => one.stop())).catch(() => undefined);
  try {
    const stream = await Promise.race([asked, waiting]);
    late = stream === null;
    const track = stream?.getTracks()[0] ?? null;
    return { state: track === null ? "off" : "ok", track, late };
  } catch (error) {
    return { state: stateOf(error), track: null, late: false };
  }
}

/** Loudness of a track, 0 to 100, told about ten times a second until it is stopped. */
export function meter(track: MediaStreamTrack, tell: (level: number) => void): () => void {
  const sound = new AudioContext();
  const analyser = sound.createAnalyser();
  analyser.fftSize = 1_024;
  sound.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
    tell(levelOf(Math.sqrt(power)));
  }, 100);
  return () => {
    clearInterval(timer);
    void sound.close();
  };
}

/** From -60 dB (0) to full scale (100). */
export const levelOf = (rms: number): number => (rms <= 0 ? 0 : Math.min(100, Math.max(0, Math.round((20 * Math.log10(rms) + 60) * (100 / 60)))));

export async function playTone(): Promise<void> {
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const gain = sound.createGain();
  tone.frequency.value = 660;
  gain.gain.value = 0.2;
  tone.connect(gain).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 1);
  await new Promise<void>((done) => (tone.onended = () => done()));
  await sound.close();
}

/** Records `seconds` and plays them back on this computer; nothing is kept. */
export async function loopBack(track: MediaStreamTrack, seconds: number, playing: () => void): Promise<void> {
  const recorder = new MediaRecorder(new MediaStream([track]));
  const parts: Blob[] = [];
  recorder.ondataavailable = (part) => parts.push(part.data);
  recorder.start();
  await new Promise((done) => setTimeout(done, seconds * 1_000));
  await new Promise<void>((done) => {
    recorder.onstop = () => done();
    recorder.stop();
  });
  const sound = new AudioContext();
  const heard = sound.createBufferSource();
  heard.buffer = await sound.decodeAudioData(await new Blob(parts).arrayBuffer());
  heard.connect(sound.destination);
  playing();
  heard.start();
  await new Promise<void>((done) => (heard.onended = () => done()));
  await sound.close();
}
