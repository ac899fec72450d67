// The present, once a second, shared by everything on the page that counts down; and repeating a look-up while a
// page is in front.
import { onScopeDispose, readonly, ref, type Ref } from "vue";

const now = ref(Date.now());
let users = 0;
let timer = 0;

export function useNow(): Readonly<Ref<number>> {
  now.value = Date.now();
  if (users++ === 0) timer = window.setInterval(() => (now.value = Date.now()), 1000);
  onScopeDispose(() => {
    if (--users === 0) window.clearInterval(timer);
  });
  return readonly(now);
}

/** Runs `look` now and again `pause()` milliseconds after each end, while the page is visible; null ends it. */
export function repeat(look: () => Promise<void>, pause: () => number | null): () => void {
  let timer = 0;
  let stopped = false;
  const round = async (): Promise<void> => {
    window.clearTimeout(timer);
    if (document.visibilityState === "visible") await look();
    const wait = pause();
    if (!stopped && wait !== null) timer = window.setTimeout(() => void round(), wait);
  };
  const returned = (): void => {
    if (document.visibilityState === "visible" && !stopped && pause() !== null) void round();
  };
  document.addEventListener("visibilitychange", returned);
  void round();
  const stop = (): void => {
    stopped = true;
    window.clearTimeout(timer);
    document.removeEventListener("visibilitychange", returned);
  };
  onScopeDispose(stop);
  return stop;
}
