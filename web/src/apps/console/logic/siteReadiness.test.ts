import { expect, it } from "vitest";
import type { Booking } from "../../../api/bookings.ts";
import type { Campaign, Seat } from "../../../api/console.ts";
import { lacking, readinessOf } from "./siteReadiness.ts";

const PLACE = { area: "a", address: "b" };
const PLAN = {
  begins: "2026-11-24T01:00:00Z",
  hours: 4,
  overnight: false,
  bring: "x",
  contact: "y",
  sites: [{ ...PLACE, site: "city", venue: "ste_a" }, { ...PLACE, site: "county", venue: "ste_b" }],
  unbooked: null,
};
const seat = (site: string | null): Seat => ({ seat: 1, stratum: null, site, state: "sent", since: null, round: 1, next: null, lastDelivery: null });
const part = { main: true, experts: 2, decidedAt: null, reason: null };
const BOOKING: Booking = {
  id: "bkg_1",
  draw: "drw_1",
  state: "pending",
  revision: 1,
  from: PLAN.begins,
  to: PLAN.begins,
  mixed: false,
  centres: [
    { ...part, site: "ste_a", place: "city", name: "城区", state: "confirmed", seats: ["a1", "a2", "a3"] },
    { ...part, site: "ste_b", place: "county", name: "县区", state: "pending", seats: ["b1", "b2"] },
  ],
};
const campaign = (changes: Partial<Campaign> = {}) => ({ plan: PLAN, state: "inviting", seats: [seat("city"), seat("city"), seat("county")], ...changes });

it("tells per place who is invited, what is booked, what the centre said and what was checked", () => {
  const checked = [{ booking: "bkg_1", site: "ste_a", unready: 1 }, { booking: "bkg_2", site: "ste_b", unready: 2 }];
  const [city, county] = readinessOf(campaign(), BOOKING, checked);
  expect(city).toEqual({ place: "city", centre: "城区", people: 2, booked: 3, ready: 2, state: "confirmed" });
  expect(county).toEqual({ place: "county", centre: "县区", people: 1, booked: 2, ready: null, state: "pending" });
});

it("does not tell how many go where before the letters are out", () => {
  const waiting = campaign({ state: "proposed", seats: [seat(null), seat(null)] });
  expect(readinessOf(waiting, BOOKING, []).map((one) => one.people)).toEqual([null, null]);
});

it("takes a booking elsewhere, a cancelled one and none for nothing booked, and says when that was waived", () => {
  const moved = campaign({ plan: { ...PLAN, sites: [{ ...PLACE, site: "city", venue: "ste_x" }] } });
  expect(readinessOf(moved, BOOKING, []).map((one) => one.state)).toEqual(["none"]);
  expect(readinessOf(campaign(), { ...BOOKING, state: "cancelled" }, []).map((one) => one.state)).toEqual(["none", "none"]);
  const waived = campaign({ plan: { ...PLAN, unbooked: "自有会议室" } });
  expect(readinessOf(waived, null, []).map((one) => one.state)).toEqual(["waived", "waived"]);
});

it("marks a place that lacks a word, a seat or a check", () => {
  const good = { place: "city", centre: "城区", people: 2, booked: 3, ready: 3, state: "confirmed" };
  expect(lacking(good)).toBe(false);
  expect([{ state: "pending" }, { state: "none" }, { people: 4 }, { ready: 2 }].map((one) => lacking({ ...good, ...one }))).toEqual([true, true, true, true]);
});
