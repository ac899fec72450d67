// What at a centre needs somebody, in the order in which it is shown.
import type { Presence, SiteAlert, SiteKey } from "../../../api/oversight.ts";

/** Waiting keys first, then live ones, each by seat. */
export const keysInOrder = (keys: readonly SiteKey[]): SiteKey[] =>
  [...keys].sort((a, b) => Number(b.state === "proposed") - Number(a.state === "proposed") || a.seat.localeCompare(b.seat));

/** Open alerts, reds first, the oldest of a colour first; closed ones apart, as they came. */
export function alertsInOrder(alerts: readonly SiteAlert[]): { open: SiteAlert[]; closed: SiteAlert[] } {
  const open = alerts.filter((one) => one.closedAt === null);
  open.sort((a, b) => Number(b.level === "red") - Number(a.level === "red") || a.openedAt.localeCompare(b.openedAt));
  return { open, closed: alerts.filter((one) => one.closedAt !== null) };
}

/** Draws that somebody is here for and has not been let go from. */
export const drawsHere = (people: readonly Presence[]): string[] =>
  [...new Set(people.filter((one) => one.releasedAt === null).map((one) => one.draw))].sort();

/** What an entry of the ledger tells beside its kind, short enough for a line. */
export const told = (about: Readonly<Record<string, unknown>>): string =>
  Object.entries(about)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(" ") : String(value)}`)
    .join(" · ");
