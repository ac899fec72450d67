import { describe, expect, it } from "vitest";
import type { Seat } from "../../../api/desk.ts";
import { freeSeats, slipOf } from "./swapping.ts";

const seat = (id: string, camera: string | null = null): Seat => ({
  id,
  label: id,
  equipment: camera === null ? {} : { camera: { condition: camera, checkedAt: "", source: null, own: null } },
  unready: [],
});

describe("the answer to a swap", () => {
  it("brings the seat and the code that its browser takes", () => {
    expect(slipOf({ seat: "s9", slip: "00412345" })).toEqual({ seat: "s9", code: "00412345" });
  });

  it.each([undefined, null, {}, { seat: "s9" }, { slip: "00412345" }, { seat: 9, slip: "00412345" }, { seat: "s9", slip: 412345 }, { seat: "s9", slip: "412345" }])(
    "is no code when it is %o",
    (answer) => {
      expect(slipOf(answer)).toBeNull();
    },
  );
});

describe("seats to move to", () => {
  it("are those where nobody sits and nothing is broken", () => {
    const seats = [seat("a"), seat("b"), seat("c", "faulty"), seat("d", "ok"), seat("e", "unchecked")];
    expect(freeSeats(seats, new Set(["a", null])).map((one) => one.id)).toEqual(["b", "d", "e"]);
  });
});
