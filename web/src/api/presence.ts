// Whether somebody is at the page. Screens refresh by themselves; what they ask then is marked, so that a session left
// alone ends in its time all the same.
const AWAY_AFTER = 60_000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

let last = Date.now();

export function watchPresence(place: Pick<Window, "addEventListener">, now: () => number = Date.now): void {
  for (const sign of SIGNS) place.addEventListener(sign, () => (last = now()), { capture: true, passive: true });
}

export const away = (now: number = Date.now()): boolean => now - last > AWAY_AFTER;
