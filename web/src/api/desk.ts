// What the pages of a site's staff ask the server, and the answers as the pages use them. The one name in here is that
// of the person who stands at the desk: it is shown, and kept nowhere.
import { askHere as ask, type Here } from "./here.ts";
import { list, number, record, text, textOrNull } from "./http.ts";

export interface Shown {
  readonly document: string;
  readonly presented: "id_card" | "temporary_certificate" | "none";
  readonly attestation: string | null;
  readonly code: string;
}

export interface CheckedIn {
  readonly arrival: string;
  readonly code: string;
  readonly name: string;
  readonly verdict: string;
  readonly minutesLate: number;
}

export interface Arrival {
  readonly id: string;
  readonly code: string;
  readonly state: string;
  readonly arrivedAt: string;
  readonly verdict: string;
  readonly minutesLate: number;
  readonly locker: string | null;
  readonly seat: string | null;
  readonly released: boolean;
  readonly next: string | null;
}

export interface Item {
  readonly kind: string;
  readonly count: number;
}

/** Both as PNG in base64url. */
export interface Signatures {
  readonly expert: string;
  readonly staff: string;
}

export interface Deposited {
  readonly locker: string;
  readonly door: string;
}

export interface GateAnswer {
  readonly opens: boolean;
  readonly reasons: readonly string[];
  readonly alerts: readonly string[];
  readonly door: string;
}

export interface Slip {
  readonly seat: string;
  readonly position: number;
  readonly code: string;
}

export interface Expected {
  readonly code: string;
  readonly state: string;
  readonly arrival: string | null;
}

export interface Slot {
  readonly arriveBy: string;
  readonly begins: string;
  /** Why it begins later than it was to, by code. */
  readonly putOff: string | null;
  readonly expected: readonly Expected[];
}

export interface Alert {
  readonly id: string;
  readonly kind: string;
  readonly level: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

export interface Device {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly lost: boolean;
}

export interface Part {
  readonly condition: string;
  readonly checkedAt: string | null;
  /** Whose finding that is: seat, staff, statement; null: nobody's that is known. */
  readonly source: string | null;
  readonly own: OwnCheck | null;
}

/** What the seat's own browser found last. */
export interface OwnCheck {
  readonly condition: string;
  readonly at: string;
  /** Within the last day. */
  readonly fresh: boolean;
  /** A fault that nobody has mended since. */
  readonly stands: boolean;
  readonly figures: Readonly<Record<string, number | null>> | null;
}

export interface Seat {
  readonly id: string;
  readonly label: string;
  readonly equipment: Readonly<Record<string, Part>>;
  readonly unready: readonly string[];
}

export interface Room {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly seats: readonly Seat[];
}

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly rooms: readonly Room[];
}

export interface Booking {
  readonly id: string;
  readonly state: string;
  readonly revision: number;
  readonly from: string;
  readonly to: string;
  readonly mixed: boolean;
  readonly main: boolean;
  readonly seats: readonly string[];
  readonly part: string;
  readonly reason: string | null;
}

export interface Coming {
  readonly booking: string;
  readonly from: string;
  readonly state: string;
  readonly unready: Readonly<Record<string, readonly string[]>>;
}

export interface Reconciliation {
  readonly inside: number;
  readonly seated: number;
  readonly mismatches: readonly { readonly code: string; readonly kind: string }[];
}

const at = (id: string): string => encodeURIComponent(id);
const arrivals = (id: string): string => `/v1/desk/arrivals/${at(id)}`;

export async function checkIn(here: Here, shown: Shown): Promise<CheckedIn> {
  const found = record(await ask(here, { method: "POST", path: "/v1/desk/arrivals", body: shown }));
  return {
    arrival: text(found.arrival),
    code: text(found.code),
    name: text(found.name),
    verdict: text(found.verdict),
    minutesLate: number(found.minutes_late),
  };
}

export async function getArrival(here: Here, id: string): Promise<Arrival> {
  const found = record(await ask(here, { path: arrivals(id) }));
  return {
    id: text(found.arrival),
    code: text(found.code),
    state: text(found.state),
    arrivedAt: text(found.arrived_at),
    verdict: text(found.verdict),
    minutesLate: number(found.minutes_late),
    locker: textOrNull(found.locker),
    seat: textOrNull(found.seat),
    released: found.released === true,
    next: textOrNull(found.next),
  };
}

export async function turnAway(here: Here, id: string, reason: string, words: string, idempotencyKey: string): Promise<void> {
  await ask(here, { method: "POST", path: `${arrivals(id)}/refusal`, body: { reason, words }, idempotencyKey });
}

export async function deposit(
  here: Here,
  id: string,
  given: { readonly locker: string; readonly items: readonly Item[]; readonly signatures: Signatures },
  idempotencyKey: string,
): Promise<Deposited> {
  const body = { locker: given.locker, items: given.items, ...signed(given.signatures) };
  return depositedOf(await ask(here, { method: "POST", path: `${arrivals(id)}/locker`, body, idempotencyKey }));
}

export async function giveBack(here: Here, id: string, both: Signatures, key: string): Promise<Deposited> {
  const question = { method: "POST", path: `${arrivals(id)}/return`, body: signed(both), idempotencyKey: key } as const;
  return depositedOf(await ask(here, question));
}

export async function printPass(here: Here, id: string): Promise<string> {
  return text(record(await ask(here, { method: "POST", path: `${arrivals(id)}/pass` })).badge);
}

export async function askGate(
  here: Here,
  id: string,
  wish: { readonly gate: string; readonly direction: "in" | "out"; readonly emergency: boolean },
  idempotencyKey: string,
): Promise<GateAnswer> {
  const path = `${arrivals(id)}/gate`;
  const found = record(await ask(here, { method: "POST", path, body: wish, idempotencyKey }));
  return {
    opens: found.opens === true,
    reasons: list(found.reasons).map(text),
    alerts: list(found.alerts).map(text),
    door: text(found.door),
  };
}

export async function assignSeat(here: Here, id: string): Promise<Slip> {
  const found = record(await ask(here, { method: "POST", path: `${arrivals(id)}/seat` }));
  return { seat: text(found.seat), position: number(found.position), code: text(found.slip) };
}

export async function listExpected(here: Here): Promise<Slot[]> {
  const found = record(await ask(here, { path: "/v1/desk/expected" }));
  return list(found.slots)
    .map(record)
    .map((slot) => ({ arriveBy: text(slot.arrive_by), begins: text(slot.begins), putOff: textOrNull(slot.put_off), expected: list(slot.expected).map(expectedOf) }));
}

export async function listAlerts(here: Here): Promise<Alert[]> {
  const found = record(await ask(here, { path: "/v1/desk/alerts" }));
  return list(found.items)
    .map(record)
    .map((one) => ({
      id: text(one.alert),
      kind: text(one.kind),
      level: text(one.level),
      openedAt: text(one.opened_at),
      closedAt: textOrNull(one.closed_at),
    }));
}

export async function closeAlert(here: Here, id: string, reason: string, idempotencyKey: string): Promise<void> {
  await ask(here, { method: "POST", path: `/v1/desk/alerts/${at(id)}/closure`, body: { reason }, idempotencyKey });
}

export async function reconcile(here: Here): Promise<Reconciliation> {
  const found = record(await ask(here, { path: "/v1/desk/reconciliation" }));
  return {
    inside: number(found.inside),
    seated: number(found.seated),
    mismatches: list(found.mismatches)
      .map(record)
      .map((one) => ({ code: text(one.code), kind: text(one.kind) })),
  };
}

export async function listGates(here: Here): Promise<Device[]> {
  const found = record(await ask(here, { path: "/v1/devices" }));
  return list(found.items)
    .map(record)
    .map((one) => ({
      id: text(one.device),
      kind: text(one.kind),
      name: text(one.name),
      lost: textOrNull(one.lost_at) !== null,
    }))
    .filter((one) => one.kind === "gate");
}

export async function getSite(here: Here, id: string): Promise<Site> {
  const found = record(await ask(here, { path: `/v1/venues/${at(id)}` }));
  const rooms = list(found.zones)
    .map(record)
    .flatMap((zone) => list(zone.rooms).map((one) => roomOf(record(one), text(zone.name))));
  return { id: text(found.id), name: text(found.name), rooms: rooms.filter((room) => room.seats.length > 0) };
}

export async function reportSeat(
  here: Here,
  site: string,
  seat: string,
  report: { readonly part: string; readonly condition: "ok" | "faulty"; readonly note: string },
  idempotencyKey: string,
): Promise<Seat> {
  const path = `/v1/venues/${at(site)}/seats/${at(seat)}/reports`;
  return seatOf(await ask(here, { method: "POST", path, body: report, idempotencyKey }));
}

export async function listBookings(here: Here): Promise<Booking[]> {
  const found = record(await ask(here, { path: "/v1/bookings?limit=200" }));
  return list(found.items).map(bookingOf);
}

export async function decideBooking(
  here: Here,
  booking: Booking,
  reason: string | null,
  idempotencyKey: string,
): Promise<Booking> {
  const act = reason === null ? "confirm" : "return";
  const body = { revision: booking.revision, ...(reason === null ? {} : { reason }) };
  return bookingOf(await ask(here, { method: "POST", path: `/v1/bookings/${at(booking.id)}:${act}`, body, idempotencyKey }));
}

export async function swapSeat(here: Here, id: string, seat: string, idempotencyKey: string): Promise<Booking> {
  const path = `/v1/bookings/${at(id)}:swap`;
  return bookingOf(await ask(here, { method: "POST", path, body: { seat, instead: null }, idempotencyKey }));
}

export async function listComing(here: Here): Promise<Coming[]> {
  const found = record(await ask(here, { path: "/v1/venues:readiness" }));
  return list(found.items)
    .flatMap((site) => list(record(site).coming))
    .map(record)
    .map((one) => ({
      booking: text(one.booking),
      from: text(one.from),
      state: text(one.state),
      unready: Object.fromEntries(Object.entries(record(one.unready)).map(([seat, parts]) => [seat, list(parts).map(text)])),
    }));
}

const signed = (both: Signatures) => ({ expert_signature: both.expert, staff_signature: both.staff });

function depositedOf(value: unknown): Deposited {
  const found = record(value);
  return { locker: text(found.locker), door: text(found.door) };
}

function expectedOf(value: unknown): Expected {
  const found = record(value);
  return { code: text(found.code), state: text(found.state), arrival: textOrNull(found.arrival) };
}

function roomOf(found: Record<string, unknown>, zone: string): Room {
  return { id: text(found.id), name: text(found.name), zone, seats: list(found.seats).map(seatOf) };
}

function seatOf(value: unknown): Seat {
  const found = record(value);
  const parts = Object.entries(record(found.equipment)).map(([name, part]) => [name, partOf(record(part))] as const);
  return {
    id: text(found.id),
    label: text(found.label),
    equipment: Object.fromEntries(parts),
    unready: list(found.unready).map(text),
  };
}

const partOf = (found: Record<string, unknown>): Part => ({
  condition: text(found.condition),
  checkedAt: textOrNull(found.checked_at),
  source: textOrNull(found.source),
  own: found.own === null || found.own === undefined ? null : ownOf(record(found.own)),
});

function ownOf(found: Record<string, unknown>): OwnCheck {
  const figures = Object.entries(record(found.figures)).map(([name, value]) => [name, typeof value === "number" ? value : null] as const);
  return {
    condition: text(found.condition),
    at: text(found.at),
    fresh: found.fresh === true,
    stands: found.stands === true,
    figures: figures.length > 0 ? Object.fromEntries(figures) : null,
  };
}

function bookingOf(value: unknown): Booking {
  const found = record(value);
  const part = record(list(found.centres)[0]);
  return {
    id: text(found.id),
    state: text(found.state),
    revision: number(found.revision),
    from: text(found.from),
    to: text(found.to),
    mixed: found.mixed === true,
    main: part.main === true,
    seats: list(part.seats).map(text),
    part: text(part.state),
    reason: textOrNull(part.reason),
  };
}
