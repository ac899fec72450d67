import { describe, expect, it } from "vitest";
import { topUpOf } from "../../src/api/agency.ts";

const ORDER = {
  project: "works-1",
  section: "s1",
  pool: "city",
  parameters: {
    rule: "uniform/1",
    committee: { experts: 1, seated: 4, owners: 2 },
    strata: [{ id: "goods", prefixes: ["B"], seats: 1 }],
    sites: [{ id: "city", regions: ["35"], min: 1, max: 1 }],
    cap: 1,
  },
  beacon: null,
  override: null,
  opens_at: null,
  redraw_reason: "人数不足",
  invitations: "logged",
};

describe("the order of a top-up", () => {
  it("is shown in numbers and sent back as it came, for any other is refused", () => {
    const order = topUpOf(ORDER);
    expect([order.experts, order.seated, order.owners]).toEqual([1, 4, 2]);
    expect(order.strata).toEqual([{ id: "goods", prefixes: ["B"], seats: 1 }]);
    expect(JSON.parse(order.body)).toEqual(ORDER);
  });
});
