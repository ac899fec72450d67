// Seats for a draw over several centres, as operators order them: search, application, change, cancelling.
import { ask, list, number, record, text, textOrNull, type Caller } from "./http.ts";

export interface Centre {
  readonly site: string;
  readonly place: string;
  readonly main: boolean;
  readonly experts: number;
  readonly seats: readonly string[];
}

export interface Order {
  readonly from: string;
  readonly to: string;
  readonly experts: number;
  readonly mixed: boolean;
  readonly centres: readonly Centre[];
}

export interface CentrePart extends Centre {
  readonly name: string;
  readonly state: string;
  readonly decidedAt: string | null;
  readonly reason: string | null;
}

export interface Booking {
  readonly id: string;
  readonly draw: string;
  readonly state: string;
  readonly revision: number;
  readonly from: string;
  readonly to: string;
  readonly mixed: boolean;
  readonly centres: readonly CentrePart[];
}

export interface Bookable {
  readonly id: string;
  readonly name: string;
  readonly serves: readonly string[];
}

export interface Free {
  readonly site: string;
  readonly free: number;
  /** A choice of as many as asked for; null when there are too few. */
  readonly seats: readonly string[] | null;
}

/** A booked part of a centre, as its equipment stands: how many of the booked seats lack a check of any part. */
export interface Checked {
  readonly booking: string;
  readonly site: string;
  readonly unready: number;
}

/** What a draw's request says of places, hours and seats. */
export interface Asked {
  readonly places: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
}

export async function getAsked(caller: Caller, draw: string): Promise<Asked> {
  const found = record(await ask(caller, { path: `/v1/draws/${encodeURIComponent(draw)}` }));
  const evaluation = record(found.evaluation);
  return { places: list(found.sites).map(text), from: textOrNull(evaluation.from), to: textOrNull(evaluation.to) };
}

export async function listBookable(caller: Caller): Promise<readonly Bookable[]> {
  const found = record(await ask(caller, { path: "/v1/venues" }));
  return list(found.items)
    .map(record)
    .map((one) => ({ id: text(one.id), name: text(one.name), serves: list(one.serves).map(text) }));
}

export async function findFree(caller: Caller, order: Pick<Order, "from" | "to" | "mixed" | "centres">): Promise<readonly Free[]> {
  const query = new URLSearchParams({ from: order.from, to: order.to, mixed: String(order.mixed) });
  for (const one of order.centres) query.append("need", `${one.site}=${one.experts}`);
  const found = record(await ask(caller, { path: `/v1/venues:free?${query.toString()}` }));
  return list(found.items)
    .map(record)
    .map((one) => ({ site: text(one.site), free: number(one.free), seats: Array.isArray(one.seats) ? one.seats.map(text) : null }));
}

/** Every booking that comes up, centre by centre. */
export async function listChecked(caller: Caller): Promise<readonly Checked[]> {
  const found = record(await ask(caller, { path: "/v1/venues:readiness" }));
  return list(found.items)
    .map(record)
    .flatMap((site) =>
      list(site.coming)
        .map(record)
        .map((one) => ({ booking: text(one.booking), site: text(site.site), unready: Object.keys(record(one.unready)).length })),
    );
}

export async function listBookings(caller: Caller): Promise<readonly Booking[]> {
  const found = record(await ask(caller, { path: "/v1/bookings" }));
  return list(found.items).map(bookingOf);
}

/** The booking of a draw, a cancelled one too; null where there never was one. */
export async function bookingOfDraw(caller: Caller, draw: string): Promise<Booking | null> {
  const found = record(await ask(caller, { path: `/v1/bookings?draw=${encodeURIComponent(draw)}` }));
  const [first] = list(found.items);
  return first === undefined ? null : bookingOf(first);
}

export async function book(caller: Caller, draw: string, order: Order, idempotencyKey: string): Promise<Booking> {
  const body = { draw, ...order };
  return bookingOf(await ask(caller, { method: "POST", path: "/v1/bookings", body, idempotencyKey }));
}

export async function changeBooking(caller: Caller, id: string, order: Order, reason: string, idempotencyKey: string): Promise<Booking> {
  const body = { ...order, reason };
  return bookingOf(await ask(caller, { method: "POST", path: `${at(id)}:change`, body, idempotencyKey }));
}

export async function cancelBooking(caller: Caller, id: string, reason: string, idempotencyKey: string): Promise<Booking> {
  return bookingOf(await ask(caller, { method: "POST", path: `${at(id)}:cancel`, body: { reason }, idempotencyKey }));
}

const at = (id: string): string => `/v1/bookings/${encodeURIComponent(id)}`;

function bookingOf(value: unknown): Booking {
  const found = record(value);
  return {
    id: text(found.id),
    draw: text(found.draw),
    state: text(found.state),
    revision: number(found.revision),
    from: text(found.from),
    to: text(found.to),
    mixed: found.mixed === true,
    centres: list(found.centres).map(record).map(partOf),
  };
}

const partOf = (one: Record<string, unknown>): CentrePart => ({
  site: text(one.site),
  name: text(one.name),
  place: text(one.place),
  main: one.main === true,
  experts: number(one.experts),
  seats: list(one.seats).map(text),
  state: text(one.state),
  decidedAt: textOrNull(one.decided_at),
  reason: textOrNull(one.reason),
});
