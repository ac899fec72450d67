// How far a roster is, as one word for the screen, and which openings can still be asked for.
import type { OpenTier, RosterState } from "../../../api/roster.ts";

export type Standing = "none" | "stale" | "early" | "sealed" | "waits" | "room" | "result";

export function standingOf(state: RosterState): Standing {
  if (state.tier >= 3) return "result";
  if (state.tier === 2) return "room";
  if (state.version === null) return "none";
  if (state.stale) return "stale";
  if (state.openings.some((one) => one.version === state.version && one.openedAt === null)) return "waits";
  return state.due ? "sealed" : "early";
}

/** The tiers that can be asked for now; whether the room may start or the result is out, the server says. */
export function tiersToOpen(state: RosterState): readonly OpenTier[] {
  if (state.version === null || state.stale || !state.due) return [];
  return state.tier >= 3 ? [] : state.tier === 2 ? [3] : [2, 3];
}
