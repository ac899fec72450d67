import { describe, expect, it } from "vitest";
import { away, watchPresence } from "./presence.ts";

describe("presence", () => {
  it("ends a minute after the last sign of somebody and comes back with the next", () => {
    const listeners = new Map<string, () => void>();
    let clock = 1_000_000;
    const place = { addEventListener: (name: string, heard: () => void) => void listeners.set(name, heard) };
    watchPresence(place as unknown as Window, () => clock);
    for (const sign of ["pointerdown", "keydown", "wheel", "touchstart"]) {
      listeners.get(sign)?.();
      expect(away(clock + 60_000)).toBe(false);
      expect(away(clock + 60_001)).toBe(true);
      clock += 100_000;
    }
  });
});
