// The room's ledger as the events of its socket: what happened before this page was there. A kind or a body that this
// page does not know has no line.
import type { LedgerEvent } from "../../../api/rooms.ts";
import { readFrame, VERSION } from "../../../protocol/frames.ts";
import { FrameError } from "../../../protocol/read.ts";
import type { Past } from "./timeline.ts";

export function fromLedger(one: LedgerEvent): Past | null {
  try {
    const frame = { v: VERSION, type: "event", seq: one.seq, at: one.at, kind: one.kind, from: one.member, body: bodyOf(one) };
    const read = readFrame(JSON.stringify(frame));
    if (read.type !== "event") return null;
    return typeof one.body.presence === "string" ? { ...read, presence: one.body.presence } : read;
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}

/** The ledger names a member by its id, and a hold's causes without the one that is shown. */
function bodyOf({ kind, body }: LedgerEvent): object {
  if (kind === "member") return { id: body.member, change: body.change, member: null };
  if (kind === "hold") return { ...body, cause: Array.isArray(body.causes) ? (body.causes[0] ?? null) : null };
  return body;
}

/** Events of the ledger and those heard since, each once, the newest first. */
export function joined(ledger: readonly Past[], heard: readonly Past[]): readonly Past[] {
  const last = ledger.at(-1)?.seq ?? 0;
  return [...heard.filter((one) => one.seq > last), ...[...ledger].reverse()];
}
