import { describe, expect, it } from "vitest";
import { emptyRequest, freshSite, emptyStratum, latestOf, orderOf, readCodes } from "../../src/apps/agency/logic/form.ts";
import { shrinkRows, eligible } from "../../src/apps/agency/logic/shrink.ts";
import { submissionFor } from "../../src/apps/agency/logic/submission.ts";
import { hashOf, readRoute } from "../../src/apps/agency/route.ts";

describe("the order that a form becomes", () => {
  it("has no member for a person and says nothing where nothing was typed", () => {
    const order = orderOf({ ...emptyRequest(), section: "works-1 s2", pool: "city", override: "  " });
    expect(Object.keys(order)).toEqual(["project", "section", "pool", "parameters", "beacon", "override", "opens_at", "redraw_reason"]);
    expect(order).toMatchObject({ project: "works-1", section: "s2", override: null, redraw_reason: null });
  });
  it("keeps an empty number empty, so that the server can say so", () => {
    const fields = { ...emptyRequest(), cap: undefined };
    expect(orderOf(fields).parameters.cap).toBeNull();
  });
  it("numbers the groups in their order, whatever was removed between", () => {
    const fields = { ...emptyRequest(), strata: [emptyStratum(), emptyStratum(), emptyStratum()] };
    fields.strata.splice(1, 1);
    expect(orderOf(fields).parameters.strata.map((stratum) => stratum.id)).toEqual(["1", "2"]);
  });
  it("gives a new site an id that no other has", () => {
    const sites = [freshSite([])];
    sites.push(freshSite(sites), freshSite(sites));
    sites.push(freshSite(sites));
    sites.splice(1, 1);
    sites.push(freshSite(sites));
    expect(new Set(sites.map((site) => site.id)).size).toBe(sites.length);
  });
});

describe("codes", () => {
  it("may be pasted with any separator, in small letters, twice", () => {
    expect(readCodes(["a08，A04 b01", "A08;a05、"])).toEqual(["A08", "A04", "B01", "A05"]);
  });
});

describe("the Idempotency-Key", () => {
  let made = 0;
  const fill = (bytes: Uint8Array) => bytes.fill(++made);
  it("stays when the same content is sent again", () => {
    const first = submissionFor("{}", null, fill);
    expect(first.key).toMatch(/^[0-9a-f]{32}$/);
    expect(submissionFor("{}", first, fill)).toBe(first);
  });
  it("is another for other content", () => {
    const first = submissionFor("{}", null, fill);
    expect(submissionFor('{"a":1}', first, fill).key).not.toBe(first.key);
  });
});

describe("earlier draws of a section", () => {
  const draw = (section: string, round: number, state: string) => ({ project: "p", section, round, state });
  it("are led by the last round, whatever their order", () => {
    const draws = [draw("s1", 2, "requested"), draw("s1", 1, "aborted"), draw("s2", 9, "opened")];
    expect(latestOf(draws, "p s1")).toMatchObject({ live: true, draw: { round: 2 } });
    expect(latestOf(draws, "p s2")).toMatchObject({ live: false });
    expect(latestOf(draws, "p s3")).toBeNull();
  });
});

describe("the shrinking pool", () => {
  const steps = [{ filter: "site", left: 80 }, { filter: "K1", left: 80 }, { filter: "K2", left: 20 }];
  it("says what each filter took and what is left", () => {
    expect(shrinkRows(100, steps).map((row) => [row.removed, row.percent])).toEqual([[20, 80], [0, 80], [60, 20]]);
    expect(eligible(100, steps)).toBe(20);
  });
  it("stands an empty pool", () => expect(shrinkRows(0, [{ filter: "site", left: 0 }])[0]).toMatchObject({ removed: 0, percent: 0 }));
});

describe("the place in the page", () => {
  it("comes back from the address that it gave", () => {
    for (const route of [{ view: "draws" }, { view: "new" }, { view: "draw", id: "drw_0a1b" }] as const) {
      expect(readRoute(hashOf(route))).toEqual(route);
    }
  });
  it("is the list for anything else", () => {
    expect(readRoute("#/draws/<script>")).toEqual({ view: "draws" });
    expect(readRoute("#/draws/drw_../../keys")).toEqual({ view: "draws" });
  });
});
