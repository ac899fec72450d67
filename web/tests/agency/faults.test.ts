import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/api/http.ts";
import { byElement, elementId, fieldOf, type Field } from "../../src/apps/agency/logic/faults.ts";

const fault = (pointer: string): Fault => ({ pointer, code: "x", message: "m", basis: "", alarm: false });

describe("from a fault's pointer to the field", () => {
  it.each<[string, Field]>([
    ["/parameters/committee", { name: "experts" }],
    ["/parameters/committee/experts", { name: "experts" }],
    ["/parameters/committee/owners", { name: "owners" }],
    ["/parameters/cap", { name: "cap" }],
    ["/parameters/strata", { name: "strata" }],
    ["/parameters/strata/2/prefixes/5", { name: "prefixes", stratum: 2 }],
    ["/parameters/strata/0/seats", { name: "seats", stratum: 0 }],
    ["/parameters/strata/1", { name: "stratum", stratum: 1 }],
    ["/parameters/strata/1/sites/3", { name: "stratum", stratum: 1, site: 3 }],
    ["/parameters/sites", { name: "sites" }],
    ["/parameters/sites/1", { name: "site", site: 1 }],
    ["/parameters/sites/1/regions/0", { name: "regions", site: 1 }],
    ["/parameters/sites/0/min", { name: "min", site: 0 }],
    ["/parameters/sites/0/id", { name: "siteId", site: 0 }],
    ["/responsible", { name: "owner" }],
    ["/case/evaluation/from", { name: "evaluation" }],
    ["/document/evaluation/from", { name: "evaluation" }],
    ["/document/pack", { name: "pack" }],
    ["/case/bidders/4/orgs/0", { name: "bidders" }],
    ["/case/tenderee", { name: "project" }],
    ["/pack", { name: "pack" }],
    ["/override", { name: "override" }],
    ["/redraw_reason", { name: "redrawReason" }],
    ["/pool", { name: "pool" }],
    ["", { name: "request" }],
    ["/parameters", { name: "request" }],
    ["/something~1new", { name: "request" }],
  ])("%s", (pointer, field) => expect(fieldOf(pointer)).toEqual(field));

  it("does not take a word for an index", () => expect(fieldOf("/parameters/strata/-1/seats")).toEqual({ name: "strata" }));

  it("leads to an element of the form, or nowhere", () => {
    expect(elementId(fieldOf("/parameters/strata/2/prefixes/5"))).toBe("f-stratum-2-prefixes");
    expect(elementId(fieldOf("/parameters/sites/1"))).toBe("f-site-1-min");
    expect(elementId(fieldOf("/case/evaluation/from"))).toBe("f-section");
    expect(elementId(fieldOf(""))).toBeNull();
  });

  it("loses no fault on the way: what has no field is kept beside", () => {
    const all = ["", "/parameters/cap", "/parameters/cap", "/parameters/strata/0"].map(fault);
    const sorted = byElement(all);
    expect([...sorted.values()].flat()).toHaveLength(all.length);
    expect(sorted.get("f-cap")).toHaveLength(2);
    expect(sorted.get("")).toHaveLength(1);
  });
});
