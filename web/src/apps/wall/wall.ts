// What every part of the wall shares: the room as this page knows it, how to ask, names, and the server's time.
import { inject, onScopeDispose, provide, ref, type InjectionKey, type Ref, type ShallowRef } from "vue";
import { useI18n } from "vue-i18n";
import type { Here } from "../../api/here.ts";
import { Unreachable } from "../../api/http.ts";
import type { Session } from "../../api/sessions.ts";
import type { Bodies, FrameType } from "../../protocol/frames.ts";
import type { RoomView } from "../../protocol/state.ts";
import { clock } from "./logic/moments.ts";
import { refusalWords } from "./logic/refusals.ts";
import type { Line, PastAlarm } from "./logic/timeline.ts";
import { Names, type Tongue } from "./logic/names.ts";

export interface Wall {
  readonly here: Here;
  readonly session: Session;
  readonly room: string;
  readonly view: Readonly<ShallowRef<RoomView>>;
  readonly names: Names;
  readonly tongue: Tongue;
  /** The server's wall clock in milliseconds, each second. */
  readonly now: Readonly<Ref<number>>;
  /** This page's own clock, by which links and speaking are told. */
  readonly own: Readonly<Ref<number>>;
  readonly lines: Readonly<Ref<readonly Line[]>>;
  readonly alarms: Readonly<Ref<readonly PastAlarm[]>>;
  /** Asks the room. Throws Refusal or Unanswered. */
  readonly ask: <T extends Exclude<FrameType, "hello">>(type: T, body: Bodies[T]) => Promise<unknown>;
  /** The browser's track of a room's track, or null; reading it follows changes. */
  readonly received: (track: string) => MediaStreamTrack | null;
  readonly microphone: { readonly open: () => Promise<void>; readonly shut: () => void };
  /** Whom the next press of the intercom is meant for. */
  readonly addressee: Ref<string>;
}

const WALL: InjectionKey<Wall> = Symbol("wall");

export const provideWall = (wall: Wall): void => provide(WALL, wall);

export function useWall(): Wall {
  const wall = inject(WALL);
  if (wall === undefined) throw new Error("outside a room");
  return wall;
}

export function useTongue(): Tongue {
  const { t, te, locale } = useI18n();
  return { t: (key, values) => (values === undefined ? t(key) : t(key, values)), has: (key) => te(key), language: () => locale.value };
}

export interface Act {
  readonly busy: Ref<boolean>;
  readonly problems: Ref<readonly string[]>;
  /** Runs one act at a time and tells whether it was done; a refusal is in `problems`, every reason with it. */
  readonly run: (work: (key: string) => Promise<unknown>) => Promise<boolean>;
}

export function useAct(names: Names, tongue: Tongue): Act {
  const busy = ref(false);
  const problems = ref<readonly string[]>([]);
  let key = crypto.randomUUID();
  async function run(work: (key: string) => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    problems.value = [];
    try {
      await work(key);
      key = crypto.randomUUID();
      return true;
    } catch (error) {
      if (!(error instanceof Unreachable)) key = crypto.randomUUID();
      problems.value = refusalWords(tongue, names, error);
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, problems, run };
}

/** The room's act with names and language of this wall. */
export function useWallAct(): Act {
  const { names, tongue } = useWall();
  return useAct(names, tongue);
}

export const useClock = (): ((at: string) => string) => {
  const { tongue } = useWall();
  return (at) => clock(at, tongue.language());
};

const REFRESH_MILLISECONDS = 30_000;

/** Loads now and every half minute while the part is shown. */
export function useLoaded<T>(load: () => Promise<T>) {
  const { names, tongue } = useWall();
  const value = ref<T | null>(null) as Ref<T | null>;
  const problems = ref<readonly string[]>([]);
  async function refresh(): Promise<void> {
    try {
      value.value = await load();
      problems.value = [];
    } catch (error) {
      problems.value = refusalWords(tongue, names, error);
    }
  }
  const timer = window.setInterval(() => !document.hidden && void refresh(), REFRESH_MILLISECONDS);
  onScopeDispose(() => window.clearInterval(timer));
  void refresh();
  return { value, problems, refresh };
}
