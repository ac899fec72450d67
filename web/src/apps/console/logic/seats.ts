// What a seat's state means to whoever watches: whether it is filled, goes on by itself, or has failed.

export type Mark = "good" | "going" | "bad";

const FILLED: readonly string[] = ["accepted", "arrived", "seated", "finished"];
const PASSING: readonly string[] = [
  "vacant",
  "declined",
  "timeout",
  "invalid_number",
  "on_leave_early",
  "on_leave_late",
  "late",
  "no_show",
  "recused_at_venue",
];

export const markOf = (state: string): Mark =>
  FILLED.includes(state) ? "good" : PASSING.includes(state) ? "bad" : "going";

export const SIGNS: Readonly<Record<Mark, string>> = { good: "✔", going: "◐", bad: "▲" };

const PRESENT: readonly string[] = ["arrived", "late", "seated"];

/** Whether somebody has checked in: a move then releases people where they are. */
export const somebodyIsThere = (seats: readonly { readonly state: string }[]): boolean =>
  seats.some((one) => PRESENT.includes(one.state));

/** A moment typed as Beijing time (`YYYY-MM-DDTHH:MM`) as the server writes it; null for what is none. */
export function fromBeijing(typed: string): string | null {
  const moment = Date.parse(`${typed}:00+08:00`);
  return Number.isNaN(moment) ? null : new Date(moment).toISOString().replace(".000Z", "Z");
}

/** A moment of the server as a field for Beijing time shows it. */
export function toBeijing(at: string | null): string {
  const moment = at === null ? NaN : Date.parse(at);
  return Number.isNaN(moment) ? "" : new Date(moment + 8 * 3_600_000).toISOString().slice(0, 16);
}
