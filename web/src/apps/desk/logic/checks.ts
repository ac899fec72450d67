// What is known of a seat, told with its source, time and figures: the seat's own check and what staff say are two things.
import type { OwnCheck, Part, Seat } from "../../../api/desk.ts";

export const PARTS = ["pc", "network", "microphone", "speaker", "camera"] as const;

export const partOf = (seat: Seat, name: string): Part => seat.equipment[name] ?? { condition: "unchecked", checkedAt: null, source: null, own: null };
export const isFaulty = (seat: Seat): boolean => PARTS.some((name) => partOf(seat, name).condition === "faulty");

/** Good once, but longer ago than a day. */
export const isStale = (seat: Seat, name: string): boolean => partOf(seat, name).condition === "ok" && seat.unready.includes(name);

export interface OwnState {
  /** The newest finding of the seat itself; null: it never checked itself. */
  readonly at: string | null;
  readonly fresh: boolean;
  /** Parts that the seat found broken and nobody has mended since: no word over the whole seat covers them. */
  readonly faults: readonly string[];
}

export function ownState(seat: Seat): OwnState {
  const own = PARTS.flatMap((name) => partOf(seat, name).own ?? []);
  const newest = own.reduce<OwnCheck | null>((last, one) => (last === null || one.at > last.at ? one : last), null);
  return { at: newest?.at ?? null, fresh: newest?.fresh === true, faults: PARTS.filter((name) => partOf(seat, name).own?.stands === true) };
}

/** The figures of a check as the page's texts take them; null: there are none to tell. */
export function figuresOf(name: string, own: OwnCheck): { readonly key: string; readonly values: Record<string, number> } | null {
  const told = own.figures;
  if (told === null) return null;
  const { answered, lost, rtt_ms: rtt, worst_ms: worst, cores, memory_mb: memory } = told;
  if (name === "network") {
    const counts = { lost: lost ?? 0, of: (answered ?? 0) + (lost ?? 0) };
    return typeof rtt === "number" ? { key: "network", values: { ...counts, rtt, worst: worst ?? rtt } } : { key: "noAnswer", values: counts };
  }
  if (name !== "pc" || typeof cores !== "number") return null;
  return typeof memory === "number" ? { key: "pc", values: { cores, memory: Math.round(memory / 102.4) / 10 } } : { key: "cores", values: { cores } };
}
