// What an expert's controls allow now, so that what will be refused is not offered. The server decides by its own table.
import { holdOf, type RoomView } from "../../../protocol/state.ts";
import type { MediaShown } from "../../../ui/room/useRoom.ts";

export type ChatState = "open" | "closed" | "held";

const WORKING: ReadonlySet<string> = new Set(["evaluating", "clarifying", "signing"]);

export const isWorking = (view: RoomView): boolean => WORKING.has(view.phase ?? "");
export const isWaiting = (view: RoomView): boolean => view.phase === "preparing" || view.phase === "check-in";

export function chatState(view: RoomView): ChatState {
  if (!isWorking(view)) return "closed";
  return holdOf(view) === null ? "open" : "held";
}

export const mayRaise = (view: RoomView): boolean => view.phase !== "closed" && holdOf(view)?.kind !== "break";
export const mayAsk = (view: RoomView): boolean => view.you?.chair === true && view.phase === "evaluating" && holdOf(view) === null;
export const mayStart = mayAsk;
export const mayEnd = (view: RoomView): boolean => view.you?.chair === true && view.phase === "clarifying";
export const maySpeak = (view: RoomView): boolean => view.phase === "clarifying" && holdOf(view) === null && view.you?.confirmed === true;

export type Standing = "both" | "unseen" | "unheard" | "neither" | "unknown" | "alone";

/** What the server receives of you. What it has not said yet, or cannot say now, is not known; a picture that waits for a
 * wider line is not seen, whatever was said last. */
export function standingOf(view: RoomView, listenOnly: boolean, media: MediaShown): Standing {
  if (listenOnly) return "alone";
  const told = view.you?.media ?? { seen: null, heard: null };
  const mute = told.seen === null && told.heard === null;
  if (mute || view.link.state !== "open" || media.publish === "repairing") return "unknown";
  const seen = told.seen === true && !media.narrow;
  if (seen && told.heard === true) return "both";
  if (seen) return "unheard";
  return told.heard === true ? "unseen" : "neither";
}
