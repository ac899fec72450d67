import { describe, expect, it } from "vitest";
import type { Booking } from "../../../api/bookings.ts";
import { Problem } from "../../../api/http.ts";
import { draftOf, named, orderOf, seatsIn } from "./booking.ts";

const ASKED = { places: ["city", "county"], from: "2026-11-24T01:00:00Z", to: "2026-11-24T09:00:00Z" };
const KNOWN = { experts: { city: 3, county: 2 }, venues: { city: "centre" } };
const part = { name: "n", state: "pending", decidedAt: null, reason: null };
const standing: Booking = {
  id: "bkg_1",
  draw: "drw_1",
  state: "pending",
  revision: 1,
  from: "2026-11-24T00:30:00Z",
  to: "2026-11-24T09:30:00Z",
  mixed: true,
  centres: [
    { ...part, site: "a", place: "city", main: false, experts: 1, seats: ["a-1"] },
    { ...part, site: "b", place: "county", main: true, experts: 2, seats: ["b-1", "b-2"] },
  ],
};

describe("an order for seats", () => {
  it("begins with what request and invitations say, one main site chosen", () => {
    const draft = draftOf(ASKED, null, KNOWN);
    expect(draft).toMatchObject({ from: "2026-11-24T09:00", to: "2026-11-24T17:00", mixed: false, main: "city" });
    expect(draft.centres.map((one) => [one.site, one.experts])).toEqual([["centre", 3], ["", 2]]);
    expect(orderOf(draft)).toBeNull();
  });

  it("begins a change with the order that stands, and anew behind a cancelled one", () => {
    const draft = draftOf(ASKED, standing, KNOWN);
    expect(orderOf(draft)).toMatchObject({ mixed: true, experts: 3, centres: [{ main: false }, { main: true, seats: ["b-1", "b-2"] }] });
    expect(draftOf(ASKED, { ...standing, state: "cancelled" }, KNOWN).centres[0]?.seats).toBe("");
  });

  it("reads seats however they are set apart and repairs nothing", () => {
    expect(seatsIn(" a-1, a-2、a-2\na-3 ")).toEqual(["a-1", "a-2", "a-2", "a-3"]);
    const draft = draftOf(ASKED, standing, KNOWN);
    draft.centres[0]!.experts = 0;
    expect(orderOf(draft)).toBeNull();
  });

  it("tells each fault with its centre and seat, and leaves the others as they are", () => {
    const order = orderOf(draftOf(ASKED, standing, KNOWN))!;
    const fault = (pointer: string) => ({ pointer, code: "x", message: "m", basis: "", alarm: false });
    const refused = new Problem(422, "booking.refused", "no", [fault("/centres/1/seats/1"), fault("/centres/0/site"), fault("/to")], false, "");
    const told = named(refused, order, (site) => site.toUpperCase()) as Problem;
    expect(told.faults.map((one) => one.message)).toEqual(["B b-2：m", "A：m", "m"]);
    expect(named("other", order, String)).toBe("other");
  });
});
