// Where a letter stands, as its reader has to know it. Total: a state that this page has never heard of is an end.
import type { LetterPage } from "../../../api/letters.ts";

export type Standing = "asked" | "accepted" | "declined" | "left" | "late" | "moved" | "withdrawn" | "finished";

const COMING: readonly string[] = ["accepted", "arrived", "late", "seated"];
const LEFT: readonly string[] = ["on_leave_early", "on_leave_late"];

export function standingOf(page: LetterPage): Standing {
  const last = page.answers.at(-1)?.answer;
  if (page.state === "cancelled") return "withdrawn";
  if (page.state === "superseded") return "moved";
  if (page.state === "finished") return "finished";
  if (page.may.includes("accept")) return "asked";
  if (COMING.includes(page.state)) return "accepted";
  if (LEFT.includes(page.state) || last === "leave") return "left";
  if (page.state === "declined" || last === "decline") return "declined";
  // Accepted once and no more expected: the seat passed on for a reason that was not this person's answer.
  return last === "accept" ? "withdrawn" : "late";
}

/** The server's time now: what it last said, and what has passed here since. Clocks of phones do not count. */
export class ServerClock {
  private readonly told: number;
  private readonly since: number;

  constructor(now: string, passed: number) {
    this.told = Date.parse(now);
    this.since = passed;
  }

  /** Milliseconds since 1970. `passed` counts as at the making, in milliseconds. */
  now(passed: number): number {
    return this.told + Math.max(0, passed - this.since);
  }
}
