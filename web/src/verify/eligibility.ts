// Scope, reasons and the employer for the cap of one expert, §4. Pure: record, case, rules and request in, codes out.

import { back, beijingDate, meets, type Interval } from "./calendar.ts";
import type { CaseFile } from "./pool.ts";
import type { ExpertRecord } from "./record.ts";
import type { Rules, Sdr } from "./shapes.ts";

/** Codes in the order of the table of §4. */
export const REASONS = [
  "S1", "S2", "Q1", "Q2", "K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K10", "K11", "K12", "K13", "K14",
] as const;
export type Reason = (typeof REASONS)[number];

/** What the rules of one draw look at, prepared once for all experts. */
export interface Grounds {
  readonly rules: Rules;
  readonly file: CaseFile;
  readonly t0: string;
  readonly t1: string;
  readonly bidders: ReadonlySet<string>;
  readonly authorities: ReadonlySet<string>;
  readonly related: ReadonlySet<string>;
  readonly avoided: ReadonlySet<string>;
  readonly preparers: ReadonlySet<string>;
  readonly busy: ReadonlySet<string>;
}

export function groundsOf(rules: Rules, file: CaseFile): Grounds {
  const { evaluation } = file;
  const bidders = new Set(file.bidders.flatMap((bidder) => bidder.orgs));
  const overlapping = file.engagements.filter((one) => one.from <= evaluation.to && one.to >= evaluation.from);
  return {
    rules,
    file,
    t0: beijingDate(evaluation.from),
    t1: beijingDate(evaluation.to),
    bidders,
    authorities: new Set(file.authorities),
    related: new Set(file.groups.filter((group) => group.some((one) => bidders.has(one))).flat()),
    avoided: new Set(file.avoid_units.map((unit) => unit.org)),
    preparers: new Set(file.prepared_by),
    busy: new Set(overlapping.map((one) => one.expert)),
  };
}

export interface Scope {
  readonly site: number;
  readonly strata: readonly number[];
}

/** Site and strata of an expert; null when out of scope. */
export function scopeOf(one: Pick<ExpertRecord, "region" | "specialties">, sdr: Sdr): Scope | null {
  const site = sdr.sites.findIndex(({ regions }) => regions.some((prefix) => one.region.startsWith(prefix)));
  const covers = (prefixes: readonly string[]): boolean =>
    one.specialties.some((specialty) => prefixes.some((prefix) => specialty.startsWith(prefix)));
  const strata = sdr.strata.flatMap(({ prefixes }, j) => (covers(prefixes) ? [j] : []));
  return site < 0 || strata.length === 0 ? null : { site, strata };
}

interface Tie extends Interval {
  readonly org: string;
}

function tied(ties: readonly Tie[], orgs: ReadonlySet<string>, from: string, to: string): boolean {
  return ties.some((tie) => orgs.has(tie.org) && meets(tie, from, to));
}

type Predicate = (one: ExpertRecord, grounds: Grounds, from: string) => boolean;

const employer = (...roles: readonly string[]): Predicate => (one, { bidders, t1 }, from) =>
  tied(one.employers.filter((tie) => roles.includes(tie.role)), bidders, from, t1);
const only = (org: string): ReadonlySet<string> => new Set([org]);

/** K1 to K14; `from` is back(t0, years). */
const PREDICATES: Readonly<Record<string, Predicate>> = {
  K1: (one, { bidders, t0, t1 }) => tied(one.interests.filter((tie) => tie.kind === "kin"), bidders, t0, t1),
  K2: employer("staff"),
  K3: employer("director", "supervisor"),
  K4: employer("controller", "shareholder"),
  K5: (one, { authorities, t1 }, from) => tied(one.duties.filter((duty) => duty.kind !== "finance"), authorities, from, t1),
  K6: (one, { file, t1 }, from) => tied(one.employers, only(file.tenderee), from, t1),
  K7: (one, { file, t1 }, from) => tied(one.employers, only(file.agency), from, t1),
  K8: (one, { bidders, t1 }, from) => tied(one.interests.filter((tie) => tie.kind !== "kin"), bidders, from, t1),
  K9: (one, { t1 }, from) => one.sanctions.some((sanction) => sanction.kind === "bidding_offence" && meets(sanction, from, t1)),
  K10: (one, { t1 }, from) => one.duties.some((duty) => duty.kind === "finance" && meets(duty, from, t1)),
  K11: (one, { related, t1 }, from) => tied(one.employers, related, from, t1),
  K12: (one, { avoided, t1 }, from) => tied(one.employers, avoided, from, t1),
  K13: (one, { preparers }) => preparers.has(one.person),
  K14: (one, { busy, t0, t1 }) => busy.has(one.id) || one.absences.leave.some((leave) => meets(leave, t0, t1)),
};

/** All reasons against an expert in scope, in the order of the table; none means eligible. */
export function reasonsAgainst(one: ExpertRecord, grounds: Grounds): Reason[] {
  const { rules, t0, t1 } = grounds;
  const out: string[] = [];
  if (one.status !== "active") out.push("S1");
  if (one.valid_from > t0 || (one.valid_to !== null && one.valid_to < t1)) out.push("S2");
  const qualified = rules.qualification.some(
    ({ titles, practice_years }) => (titles as readonly string[]).includes(one.title) && one.practice_from <= back(t0, practice_years),
  );
  if (!qualified) out.push("Q1");
  if (rules.max_age !== null && one.birth <= back(t0, rules.max_age)) out.push("Q2");
  for (const { code, years } of rules.predicates) if (PREDICATES[code]?.(one, grounds, back(t0, years))) out.push(code);
  return out as Reason[];
}

/** The employer for the cap: first staff employer of the day, else the first of any role of the day, else the person. */
export function capEmployer(one: ExpertRecord, t0: string): string {
  const current = one.employers.filter((tie) => meets(tie, t0, t0));
  return (current.find((tie) => tie.role === "staff") ?? current[0])?.org ?? `person:${one.id}`;
}
