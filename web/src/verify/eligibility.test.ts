import { describe, expect, it } from "vitest";
import { capEmployer, groundsOf, reasonsAgainst, scopeOf } from "./eligibility.ts";
import type { CaseFile } from "./pool.ts";
import type { ExpertRecord } from "./record.ts";
import type { Rules, Sdr } from "./shapes.ts";

const [BIDDER, GONE, FAMILY, OTHER] = ["uscc:BIDDER", "uscc:GONE", "uscc:FAMILY", "uscc:OTHER"];
const [OWNER, AGENCY, BUREAU, AVOIDED] = ["uscc:OWNER", "uscc:AGENCY", "uscc:BUREAU", "uscc:AVOIDED"];
const PERSON = "ab".repeat(32);

const CASE: CaseFile = {
  project: "p", section: "s", tenderee: OWNER, agency: AGENCY, authorities: [BUREAU],
  bidders: [{ id: "b1", withdrawn: false, orgs: [BIDDER] }, { id: "b2", withdrawn: true, orgs: [GONE] }],
  groups: [[BIDDER, FAMILY], [OTHER, "uscc:FAR"]],
  avoid_units: [{ org: AVOIDED, reason: "asked" }], prepared_by: ["cd".repeat(32)],
  engagements: [{ expert: "busy", from: "2024-05-10T03:00:00Z", to: "2024-05-10T05:00:00Z" }],
  // 10 May 2024 in Beijing, 00:30 to 17:00.
  evaluation: { from: "2024-05-09T16:30:00Z", to: "2024-05-10T09:00:00Z" },
};
const RULES = {
  qualification: [{ titles: ["senior"], practice_years: 8 }, { titles: ["associate"], practice_years: 10 }],
  max_age: 70,
  predicates: Array.from({ length: 14 }, (_, n) => ({ code: `K${n + 1}`, years: 3, citation: "c" })),
} as unknown as Rules;

const EXPERT: ExpertRecord = {
  id: "e1", person: PERSON, name: "N", employers: [], specialties: ["A01", "B0203"], region: "330102", title: "senior",
  practice_from: "2016-05-10", birth: "1954-05-11", status: "active", valid_from: "2024-05-10", valid_to: "2024-05-10",
  interests: [], duties: [], sanctions: [], absences: { changed: "2024-01-01T00:00:00Z", leave: [] },
};

const open = { from: null, to: null };
const until = (to: string) => ({ from: "2000-01-01", to });
const staff = (org: string, span: { from: string | null; to: string | null } = open) => ({ employers: [{ org, role: "staff" as const, ...span }] });

function reasons(change: Partial<ExpertRecord>, rules: Rules = RULES): string[] {
  return reasonsAgainst({ ...EXPERT, ...change }, groundsOf(rules, CASE));
}

describe("reasons of §4", () => {
  it("finds nothing against an expert who meets every bound exactly", () => expect(reasons({})).toEqual([]));

  it.each<[string, string[], Partial<ExpertRecord>]>([
    ["suspended", ["S1"], { status: "suspended" }],
    ["valid from tomorrow", ["S2"], { valid_from: "2024-05-11" }],
    ["valid until yesterday", ["S2"], { valid_to: "2024-05-09" }],
    ["a day short of eight years", ["Q1"], { practice_from: "2016-05-11" }],
    ["associate with nine years", ["Q1"], { title: "associate", practice_from: "2015-05-10" }],
    ["seventy today", ["Q2"], { birth: "1954-05-10" }],
    ["kin at a bidder", ["K1"], { interests: [{ org: BIDDER, kind: "kin", ...open }] }],
    ["staff of a bidder three years ago to the day", ["K2", "K11"], staff(BIDDER, until("2021-05-10"))],
    ["staff of a bidder that withdrew", ["K2"], staff(GONE)],
    ["director of a bidder", ["K3", "K11"], { employers: [{ org: BIDDER, role: "director", ...open }] }],
    ["shareholder of a bidder", ["K4", "K11"], { employers: [{ org: BIDDER, role: "shareholder", ...open }] }],
    ["duty at the authority", ["K5"], { duties: [{ org: BUREAU, kind: "supervision", ...open }] }],
    ["shareholder of the tenderee", ["K6"], { employers: [{ org: OWNER, role: "shareholder", ...open }] }],
    ["staff of the agency", ["K7"], staff(AGENCY)],
    ["shares in a bidder", ["K8"], { interests: [{ org: BIDDER, kind: "holding", ...open }] }],
    ["punished for bidding", ["K9"], { sanctions: [{ kind: "bidding_offence", ...until("2022-01-01") }] }],
    ["a finance duty anywhere", ["K10"], { duties: [{ org: OTHER, kind: "finance", ...open }] }],
    ["staff of a bidder's sister", ["K11"], staff(FAMILY)],
    ["staff of an organisation to avoid", ["K12"], staff(AVOIDED)],
    ["helped to prepare", ["K13"], { person: "cd".repeat(32) }],
    ["on leave that day", ["K14"], { absences: { changed: "2024-01-01T00:00:00Z", leave: [{ from: "2024-05-10", to: "2024-05-10" }] } }],
    ["engaged elsewhere at that hour", ["K14"], { id: "busy" }],
    ["suspended, too old and a bidder's staff", ["S1", "Q2", "K2", "K11"], { status: "suspended", birth: "1950-01-01", ...staff(BIDDER) }],
  ])("excludes who is %s by %j", (_, codes, change) => expect(reasons(change)).toEqual(codes));

  it.each<[string, Partial<ExpertRecord>]>([
    ["left a bidder three years and a day ago", staff(BIDDER, until("2021-05-09"))],
    ["works for an unrelated group", staff(OTHER)],
    ["has a finance-free duty elsewhere", { duties: [{ org: OTHER, kind: "authority", ...open }] }],
    ["was punished for something else", { sanctions: [{ kind: "misconduct", ...open }] }],
    ["had kin at a bidder until yesterday", { interests: [{ org: BIDDER, kind: "kin", ...until("2024-05-09") }] }],
    ["is back from leave", { absences: { changed: "2024-01-01T00:00:00Z", leave: [until("2024-05-09")] } }],
  ])("keeps who %s", (_, change) => expect(reasons(change)).toEqual([]));

  it("counts a K predicate only when the rules list it", () => {
    expect(reasons(staff(BIDDER), { ...RULES, predicates: [] })).toEqual([]);
  });

  it("lets nobody through when the rules name no qualification", () => {
    expect(reasons({}, { ...RULES, qualification: [] })).toEqual(["Q1"]);
  });
});

describe("scope and employer", () => {
  const sdr = {
    strata: [{ prefixes: ["A02"] }, { prefixes: ["A01", "C"] }, { prefixes: ["B02"] }],
    sites: [{ regions: ["3302"] }, { regions: ["33"] }, { regions: ["330102"] }],
  } as unknown as Sdr;

  it("takes the first site whose prefix fits and every stratum that does", () => {
    expect(scopeOf(EXPERT, sdr)).toEqual({ site: 1, strata: [1, 2] });
    expect(scopeOf({ ...EXPERT, region: "110101" }, sdr)).toBeNull();
    expect(scopeOf({ ...EXPERT, specialties: ["A"] }, sdr)).toBeNull();
  });

  it("prefers today's staff employer, then any of today, then the person", () => {
    const employers: ExpertRecord["employers"] = [
      { org: "uscc:OLD", role: "staff", ...until("2024-05-09") },
      { org: "uscc:BOARD", role: "director", ...open },
      { org: "uscc:WORK", role: "staff", ...open },
    ];
    expect(capEmployer({ ...EXPERT, employers }, "2024-05-10")).toBe("uscc:WORK");
    expect(capEmployer({ ...EXPERT, employers: employers.slice(0, 2) }, "2024-05-10")).toBe("uscc:BOARD");
    expect(capEmployer({ ...EXPERT, employers: employers.slice(0, 1) }, "2024-05-10")).toBe("person:e1");
  });
});
