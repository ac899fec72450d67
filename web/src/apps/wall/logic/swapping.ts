// Moving somebody to another seat of the own site: which seats to offer, and the code that the answer brings. The
// server decides; what it surely refuses is not offered.
import type { Seat } from "../../../api/desk.ts";

/** The code for a seat's browser, as it is read out: eight digits, told once. */
export interface Slip {
  readonly seat: string;
  readonly code: string;
}

export function slipOf(answer: unknown): Slip | null {
  const { seat, slip } = (answer ?? {}) as { readonly seat?: unknown; readonly slip?: unknown };
  return typeof seat === "string" && typeof slip === "string" && /^\d{8}$/.test(slip) ? { seat, code: slip } : null;
}

/** Seats at which nobody of the room sits and nothing is broken. */
export const freeSeats = (seats: readonly Seat[], taken: ReadonlySet<string | null>): readonly Seat[] =>
  seats.filter((one) => !taken.has(one.id) && Object.values(one.equipment).every((part) => part.condition !== "faulty"));
