// The devices of whoever sits here, for the check and for the room after it: opened once, watched until the page goes.
import { computed, onScopeDispose, ref, shallowReactive, shallowRef, type ComputedRef, type Ref, type ShallowRef } from "vue";
import type { Devices, DeviceState } from "../../protocol/frames.ts";
import { openDevice, type Kind } from "./devices.ts";

export interface Choice {
  readonly id: string;
  readonly label: string;
}

export interface OwnDevices {
  readonly states: Devices;
  readonly late: Ref<boolean>;
  readonly camera: ShallowRef<MediaStreamTrack | null>;
  readonly microphone: ShallowRef<MediaStreamTrack | null>;
  readonly choices: Readonly<Record<Kind, Choice[]>>;
  readonly muted: Ref<boolean>;
  /** What the room is told: a microphone that is turned off is off. */
  readonly told: ComputedRef<Devices>;
  readonly open: (kind: Kind, device?: string | null) => Promise<void>;
  readonly openAll: () => Promise<void>;
  readonly speaker: (heard: boolean) => void;
  readonly mute: (off: boolean) => void;
  readonly release: () => void;
}

export function useDevices(): OwnDevices {
  const states = shallowReactive<{ -readonly [K in keyof Devices]: DeviceState }>({ camera: "off", microphone: "off", speaker: "off" });
  const late = ref(false);
  const muted = ref(false);
  const tracks = { camera: shallowRef<MediaStreamTrack | null>(null), microphone: shallowRef<MediaStreamTrack | null>(null) };
  const choices = shallowReactive<Record<Kind, Choice[]>>({ camera: [], microphone: [] });

  async function list(): Promise<void> {
    const found = await (navigator.mediaDevices?.enumerateDevices() ?? Promise.resolve([])).catch(() => []);
    const of = (kind: MediaDeviceKind): Choice[] =>
      found.filter((one) => one.kind === kind && one.deviceId !== "").map((one) => ({ id: one.deviceId, label: one.label }));
    choices.camera = of("videoinput");
    choices.microphone = of("audioinput");
  }

  async function open(kind: Kind, device: string | null = null): Promise<void> {
    const before = tracks[kind].value;
    if (before !== null) {
      before.onended = null;
      before.stop();
    }
    const opened = await openDevice(kind, device);
    late.value = opened.late;
    states[kind] = opened.state;
    tracks[kind].value = opened.track;
    if (opened.track !== null) watch(kind, opened.track);
    if (kind === "microphone" && opened.track !== null) opened.track.enabled = !muted.value;
    await list();
  }

  /** A device that is pulled out, or taken away by the browser. */
  function watch(kind: Kind, track: MediaStreamTrack): void {
    track.onended = () => {
      if (tracks[kind].value !== track) return;
      tracks[kind].value = null;
      states[kind] = "absent";
    };
  }

  async function openAll(): Promise<void> {
    // One question after the other: both at once are shown as one, and a missing camera would refuse the microphone.
    await open("microphone");
    await open("camera");
  }

  function mute(off: boolean): void {
    muted.value = off;
    if (tracks.microphone.value !== null) tracks.microphone.value.enabled = !off;
  }

  function release(): void {
    for (const one of [tracks.camera, tracks.microphone]) {
      one.value?.stop();
      one.value = null;
    }
    states.camera = "off";
    states.microphone = "off";
  }

  // Plugged in again: what was missing is opened without a question, as the permission stands.
  const changed = async (): Promise<void> => {
    const missing = (["camera", "microphone"] as const).filter((kind) => states[kind] === "absent");
    await list();
    for (const kind of missing) if (choices[kind].length > 0) await open(kind);
  };
  navigator.mediaDevices?.addEventListener("devicechange", changed);
  onScopeDispose(() => {
    navigator.mediaDevices?.removeEventListener("devicechange", changed);
    release();
  });

  const told = computed<Devices>(() => ({ ...states, microphone: states.microphone === "ok" && muted.value ? "off" : states.microphone }));
  const speaker = (heard: boolean): void => void (states.speaker = heard ? "ok" : "absent");
  return { states, late, ...tracks, choices, muted, told, open, openAll, speaker, mute, release };
}
