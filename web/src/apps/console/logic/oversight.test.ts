import { describe, expect, it } from "vitest";
import type { Presence, SiteAlert, SiteKey } from "../../../api/oversight.ts";
import { alertsInOrder, drawsHere, keysInOrder, told } from "./oversight.ts";

const key = (seat: string, state: string): SiteKey => ({ seat, state, thumbprint: seat, proposedBy: "d", approvedBy: null });
const alert = (id: string, level: string, openedAt: string, closedAt: string | null = null): SiteAlert => ({
  id,
  kind: "gate-lost",
  level,
  openedAt,
  closedAt,
  closedBy: null,
  seconds: null,
});
const here = (draw: string, releasedAt: string | null): Presence => ({ arrival: draw, code: "c", draw, state: "inside", arrivedAt: "", releasedAt });

describe("a centre", () => {
  it("shows keys that wait for a second person first", () => {
    expect(keysInOrder([key("b", "enrolled"), key("c", "proposed"), key("a", "proposed")]).map((one) => one.seat)).toEqual(["a", "c", "b"]);
  });

  it("shows open reds first and the oldest of them first", () => {
    const { open, closed } = alertsInOrder([alert("1", "yellow", "01"), alert("2", "red", "03"), alert("3", "red", "02"), alert("4", "red", "00", "05")]);
    expect(open.map((one) => one.id)).toEqual(["3", "2", "1"]);
    expect(closed.map((one) => one.id)).toEqual(["4"]);
  });

  it("offers to end a draw only while somebody is held for it", () => {
    expect(drawsHere([here("drw_2", null), here("drw_1", null), here("drw_2", null), here("drw_3", "now")])).toEqual(["drw_1", "drw_2"]);
  });

  it("tells an entry of the ledger in one line", () => {
    expect(told({ seat: "s", reasons: ["a", "b"], none: null, tries: 5 })).toBe("seat: s · reasons: a b · tries: 5");
  });
});
