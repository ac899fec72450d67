import { expect, it } from "vitest";
import { Problem } from "../../../api/http.ts";
import { namedPlaces } from "./places.ts";

const PLACE = { venue: "v", area: "a", address: "b" };
const NO_MORE = { basis: "", alarm: false };
const PLAN = { sites: [{ ...PLACE, site: "city" }, { ...PLACE, site: "county" }] };

it("tells at which place nothing is booked", () => {
  const faults = [
    { code: "campaign.venue-unbooked", pointer: "/plan/sites/1/venue", message: "没有预订席位", ...NO_MORE },
    { code: "campaign.venue-hours", pointer: "/plan/begins", message: "时间没有覆盖", ...NO_MORE },
    { code: "campaign.site", pointer: "/plan/sites/7/site", message: "没有该场地", ...NO_MORE },
  ];
  const told = namedPlaces(new Problem(422, "campaign.refused", "refused", faults, false, "trace"), PLAN) as Problem;
  expect(told.faults.map((one) => one.message)).toEqual(["county：没有预订席位", "时间没有覆盖", "没有该场地"]);
  expect([told.status, told.code]).toEqual([422, "campaign.refused"]);
});

it("leaves whatever is no refusal as it is", () => {
  const broken = new TypeError("broken");
  expect(namedPlaces(broken, PLAN)).toBe(broken);
});
