// The request form: what is typed, and the order it becomes. Nothing is checked here; the server tells every fault.
import type { Order } from "../../../api/agency.ts";

export interface StratumFields {
  readonly key: number;
  prefixes: string[];
  seats: number | undefined;
}

export interface SiteFields {
  readonly key: number;
  id: string;
  regions: string[];
  min: number | undefined;
  max: number | undefined;
}

export interface RequestFields {
  /** `project section`, as `sectionKey` writes it; empty before a choice. */
  section: string;
  pool: string;
  experts: number | undefined;
  owners: number | undefined;
  strata: StratumFields[];
  sites: SiteFields[];
  cap: number | undefined;
  /** The chain, or empty for none. */
  beacon: string;
  override: string;
  redrawReason: string;
}

let lastKey = 0;
const nextKey = (): number => ++lastKey;

export const sectionKey = (project: string, section: string): string => `${project} ${section}`;

export const emptyStratum = (): StratumFields => ({ key: nextKey(), prefixes: [], seats: 1 });
export const emptySite = (number: number): SiteFields => ({
  key: nextKey(),
  id: number === 0 ? "main" : `sub${number}`,
  regions: [],
  min: 0,
  max: undefined,
});

export const emptyRequest = (): RequestFields => ({
  section: "",
  pool: "",
  experts: 5,
  owners: 0,
  strata: [{ ...emptyStratum(), seats: 5 }],
  sites: [{ ...emptySite(0), max: 5 }],
  cap: 1,
  beacon: "quicknet",
  override: "",
  redrawReason: "",
});

/** A name for a new site that no other site has. */
export function freshSite(sites: readonly SiteFields[]): SiteFields {
  let number = sites.length;
  while (sites.some((site) => site.id === emptyId(number))) number += 1;
  return emptySite(number);
}
const emptyId = (number: number): string => (number === 0 ? "main" : `sub${number}`);

export function orderOf(fields: RequestFields): Order {
  const [project = "", section = ""] = fields.section.split(" ");
  return {
    project,
    section,
    pool: fields.pool,
    parameters: {
      rule: "uniform/1",
      committee: { experts: fields.experts ?? null, owners: fields.owners ?? null },
      strata: fields.strata.map((stratum, index) => ({
        id: `${index + 1}`,
        prefixes: stratum.prefixes,
        seats: stratum.seats ?? null,
      })),
      sites: fields.sites.map(({ id, regions, min, max }) => ({
        id: id.trim(),
        regions,
        min: min ?? null,
        max: max ?? null,
      })),
      cap: fields.cap ?? null,
    },
    beacon: fields.beacon === "" ? null : fields.beacon,
    override: filled(fields.override),
    opens_at: null,
    redraw_reason: filled(fields.redrawReason),
  };
}

const filled = (typed: string): string | null => (typed.trim() === "" ? null : typed.trim());

/** Codes out of what was typed or pasted: any separator, capitals, no doubles. */
export function readCodes(typed: readonly string[]): string[] {
  const codes = typed.flatMap((one) => one.split(/[\s,，、;；]+/)).map((code) => code.trim().toUpperCase());
  return [...new Set(codes.filter((code) => code !== ""))];
}

interface Drawn {
  readonly project: string;
  readonly section: string;
  readonly round: number;
  readonly state: string;
}

/** The last draw of a section, if there was one, and whether it is still under way. */
export function latestOf<D extends Drawn>(draws: readonly D[], key: string): { draw: D; live: boolean } | null {
  const own = draws.filter((draw) => sectionKey(draw.project, draw.section) === key);
  const draw = own.reduce<D | null>((last, one) => (last === null || one.round > last.round ? one : last), null);
  return draw === null ? null : { draw, live: draw.state !== "opened" && draw.state !== "aborted" };
}
