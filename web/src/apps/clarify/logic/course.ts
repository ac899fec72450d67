// Where a bidder's call stands, from what the room tells a bidder: its own call, whether it is held, how the link ended.
import type { RoomView } from "../../../protocol/state.ts";

export type Course = "connecting" | "released" | "live" | "held";
export type End = "over" | "left" | "refused" | "taken" | "fault";

const ownCall = (view: RoomView) => [...view.calls.values()][0] ?? null;

export function courseOf(view: RoomView): Course {
  const call = ownCall(view);
  if (!view.entered || call === null) return "connecting";
  if (call.state === "live" && view.holds.size > 0) return "held";
  return call.state === "live" ? "live" : "released";
}

/** How it ended, or null while it goes on. `spoke`: the call was live at some time. */
export function endOf(view: RoomView, spoke: boolean): End | null {
  const call = ownCall(view);
  const { ending } = view.link;
  if (call?.state === "ended" || call?.state === "refused" || ending === "closed") return "over";
  if (ending === null) return null;
  if (ending === "left") return "left";
  if (ending === "taken-over") return "taken";
  if (ending === "fault") return "fault";
  // Whose call is over is let in no longer.
  return spoke ? "over" : "refused";
}

export const questionOf = (view: RoomView): string => ownCall(view)?.question ?? "";
