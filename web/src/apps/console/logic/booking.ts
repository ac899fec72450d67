// An order for seats as the form holds it, and every fault of it told with the centre that it is about.
import type { Asked, Booking, Order } from "../../../api/bookings.ts";
import { Problem } from "../../../api/http.ts";
import { fromBeijing, toBeijing } from "./seats.ts";

export interface CentreDraft {
  place: string;
  site: string;
  experts: number;
  /** Ids as typed, apart by blanks or commas. */
  seats: string;
}

export interface Draft {
  from: string;
  to: string;
  mixed: boolean;
  /** The place whose centre is the main site. */
  main: string;
  centres: CentreDraft[];
}

/** What the invitations know already: people and centre of each place. */
export interface Known {
  readonly experts: Readonly<Record<string, number>>;
  readonly venues: Readonly<Record<string, string>>;
}

/** The form for a draw: from its standing booking, else from what request and invitations say. */
export function draftOf(asked: Asked, standing: Booking | null, known: Known): Draft {
  const holds = standing !== null && standing.state !== "cancelled" ? standing : null;
  const places = holds ? holds.centres.map((one) => one.place) : asked.places;
  return {
    from: toBeijing(holds?.from ?? asked.from),
    to: toBeijing(holds?.to ?? asked.to),
    mixed: holds?.mixed ?? false,
    main: holds?.centres.find((one) => one.main)?.place ?? places[0] ?? "",
    centres: places.map((place) => {
      const part = holds?.centres.find((one) => one.place === place);
      return {
        place,
        site: part?.site ?? known.venues[place] ?? "",
        experts: part?.experts ?? known.experts[place] ?? 1,
        seats: part?.seats.join(" ") ?? "",
      };
    }),
  };
}

export const seatsIn = (typed: string): string[] => typed.split(/[\s,，、;；]+/u).filter((one) => one !== "");

/** The order, or null while a time, a centre or a number is missing; what is wrong with it, the server says. */
export function orderOf(draft: Draft): Order | null {
  const from = fromBeijing(draft.from);
  const to = fromBeijing(draft.to);
  const whole = draft.centres.every((one) => one.site !== "" && Number.isInteger(one.experts) && one.experts > 0);
  if (from === null || to === null || draft.centres.length === 0 || !whole) return null;
  const centres = draft.centres.map((one) => ({
    site: one.site,
    place: one.place,
    main: one.place === draft.main,
    experts: one.experts,
    seats: seatsIn(one.seats),
  }));
  return { from, to, mixed: draft.mixed, experts: centres.reduce((sum, one) => sum + one.experts, 0), centres };
}

/** The same refusal with the centre, and the seat where it is about one, before each sentence. */
export function named(error: unknown, order: Order, nameOf: (site: string) => string): unknown {
  if (!(error instanceof Problem)) return error;
  const faults = error.faults.map((fault) => {
    const [, at, , index] = /^\/centres\/(\d+)(?:\/(\w+)(?:\/(\d+))?)?/.exec(fault.pointer) ?? [];
    const centre = at === undefined ? undefined : order.centres[Number(at)];
    if (centre === undefined) return fault;
    const seat = index === undefined ? "" : ` ${centre.seats[Number(index)] ?? ""}`;
    return { ...fault, message: `${nameOf(centre.site)}${seat}：${fault.message}` };
  });
  return new Problem(error.status, error.code, error.title, faults, error.retryable, error.trace);
}
