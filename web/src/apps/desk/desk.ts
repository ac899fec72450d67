// What every screen of a signed-in desk shares: how to ask, the site, and a place where the end of a session is told.
import { inject, onScopeDispose, provide, ref, type InjectionKey, type Ref } from "vue";
import type { Here } from "../../api/here.ts";
import { Unreachable } from "../../api/http.ts";
import { guardBy, sentences, sessionEnded, type Guard, type Say } from "../../ui/refusals.ts";

export interface Desk {
  readonly here: Here;
  readonly site: string;
  readonly name: string;
  readonly guarded: Guard;
}

const DESK: InjectionKey<Desk> = Symbol("desk");
const REFRESH_MILLISECONDS = 20_000;
// A desk that nobody touches asks no more, so that its session ends for idleness as it should.
const WATCHED_MILLISECONDS = 5 * 60_000;
let touched = Date.now();
for (const kind of ["keydown", "pointerdown"]) window.addEventListener(kind, () => (touched = Date.now()), { passive: true });

export function provideDesk(here: Here, site: string, name: string, ended: () => void): Desk {
  const desk = { here, site, name, guarded: guardBy(sessionEnded, ended) };
  provide(DESK, desk);
  return desk;
}

export function useDesk(): Desk {
  const desk = inject(DESK);
  if (desk === undefined) throw new Error("outside a signed-in desk");
  return desk;
}

/** What went wrong, in the server's own words where it has any, every fault with it. */
export const sentence = (error: unknown, t: Say): string => sentences(error, t).join(" · ");

export interface Act {
  readonly busy: Ref<boolean>;
  readonly problem: Ref<string>;
  /** Runs one act at a time; a refusal is told in `problem`. The key stays the same until the act is done. */
  readonly run: <T>(work: (key: string) => Promise<T>) => Promise<T | undefined>;
}

export function useAct(t: Say): Act {
  const busy = ref(false);
  const problem = ref("");
  let key = crypto.randomUUID();
  async function run<T>(work: (key: string) => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined;
    busy.value = true;
    problem.value = "";
    try {
      const done = await work(key);
      key = crypto.randomUUID();
      return done;
    } catch (error) {
      // An answer that was a refusal ends the attempt; without one the same key asks for the same act again.
      if (!(error instanceof Unreachable)) key = crypto.randomUUID();
      problem.value = sentence(error, t);
      return undefined;
    } finally {
      busy.value = false;
    }
  }
  return { busy, problem, run };
}

/** Loads now and every twenty seconds while somebody works at the page. */
export function useLoaded<T>(load: () => Promise<T>, t: Say) {
  const value = ref<T | null>(null) as Ref<T | null>;
  const problem = ref("");
  async function refresh(): Promise<void> {
    try {
      value.value = await load();
      problem.value = "";
    } catch (error) {
      problem.value = sentence(error, t);
    }
  }
  const timer = window.setInterval(() => {
    if (!document.hidden && Date.now() - touched < WATCHED_MILLISECONDS) void refresh();
  }, REFRESH_MILLISECONDS);
  onScopeDispose(() => window.clearInterval(timer));
  void refresh();
  return { value, problem, refresh };
}
