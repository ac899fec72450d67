// The order of the queue: what is red first, then what waits for a person, then by begin. Each line says why it stands
// where it stands; colour only repeats it.
import type { Draw } from "../../../api/agency.ts";
import type { Queued } from "../../../api/console.ts";

export type Urgency = "red" | "waits" | "going" | "done";

export interface Line {
  readonly draw: string;
  readonly title: string;
  readonly project: string;
  readonly section: string;
  readonly round: number;
  readonly owner: string;
  /** The campaign's state, or null where none was proposed. */
  readonly state: string | null;
  readonly begins: string | null;
  readonly urgency: Urgency;
}

const ORDER: readonly Urgency[] = ["red", "waits", "going", "done"];
// A campaign that nobody has approved is red on the day before it begins.
const HOURS = 24;
const HOUR = 3_600_000;

export function urgencyOf(state: string | null, begins: string | null, now: number): Urgency {
  const soon = begins !== null && Date.parse(begins) - now < HOURS * HOUR;
  if (state === "short") return "red";
  if (state === null || state === "proposed") return soon ? "red" : "waits";
  if (state === "inviting") return soon ? "waits" : "going";
  return state === "filled" || state === "sealed" || state === "checked_in" ? "going" : "done";
}

/** People hold the seats, drawn or appointed: they may be invited. */
export const isHeld = (state: string): boolean => state === "drawn" || state === "appointed";

/** One line for each campaign under way, and for each draw that is drawn and has none. */
export function linesOf(draws: readonly Draw[], campaigns: readonly Queued[], now: number): Line[] {
  const titles = new Map(draws.map((draw) => [draw.id, draw]));
  const lines = campaigns.map((one) => lineOf(one.draw, titles.get(one.draw), one, now));
  const known = new Set(campaigns.map((one) => one.draw));
  const bare = draws.filter((draw) => isHeld(draw.state) && !known.has(draw.id));
  return [...lines, ...bare.map((draw) => lineOf(draw.id, draw, null, now))].sort(byUrgency);
}

function lineOf(id: string, draw: Draw | undefined, campaign: Queued | null, now: number): Line {
  const begins = campaign?.begins ?? null;
  const state = campaign?.state ?? null;
  return {
    draw: id,
    title: draw?.title || draw?.project || id,
    project: draw?.project ?? "",
    section: draw?.section ?? "",
    round: draw?.round ?? 0,
    owner: campaign?.owner ?? draw?.owner ?? "",
    state,
    begins,
    urgency: urgencyOf(state, begins, now),
  };
}

const byUrgency = (one: Line, other: Line): number =>
  ORDER.indexOf(one.urgency) - ORDER.indexOf(other.urgency) ||
  (one.begins ?? "9").localeCompare(other.begins ?? "9") ||
  one.draw.localeCompare(other.draw);
