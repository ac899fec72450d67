// From the JSON pointer of a fault to the field of the form that it is about, so that the field can say it and a
// keyboard can go there. What has no field on this form belongs to the registered project or to the request whole.
import type { Fault } from "../../../api/http.ts";

export type FieldName =
  | "section"
  | "pool"
  | "beacon"
  | "override"
  | "redrawReason"
  | "experts"
  | "owners"
  | "cap"
  | "strata"
  | "stratum"
  | "prefixes"
  | "seats"
  | "sites"
  | "site"
  | "siteId"
  | "regions"
  | "min"
  | "max"
  | "owner"
  | "evaluation"
  | "bidders"
  | "avoidUnits"
  | "pack"
  | "project"
  | "request";

/** `stratum` and `site` are indices, from 0. */
export interface Field {
  readonly name: FieldName;
  readonly stratum?: number;
  readonly site?: number;
}

const TOP: Readonly<Record<string, FieldName>> = {
  project: "section",
  section: "section",
  pool: "pool",
  beacon: "beacon",
  override: "override",
  redraw_reason: "redrawReason",
  responsible: "owner",
  owner: "owner",
  pack: "pack",
};
const CASE: Readonly<Record<string, FieldName>> = {
  evaluation: "evaluation",
  bidders: "bidders",
  avoid_units: "avoidUnits",
  pack: "pack",
};
const STRATUM: Readonly<Record<string, FieldName>> = { prefixes: "prefixes", seats: "seats" };
const SITE: Readonly<Record<string, FieldName>> = { id: "siteId", regions: "regions", min: "min", max: "max" };

export function fieldOf(pointer: string): Field {
  const [top = "", ...rest] = parts(pointer);
  if (top === "parameters") return parameterField(rest);
  if (top === "case" || top === "document") return { name: CASE[rest[0] ?? ""] ?? "project" };
  return { name: TOP[top] ?? "request" };
}

function parameterField(rest: readonly string[]): Field {
  const [kind, second, third] = rest;
  if (kind === "committee") return { name: second === "owners" ? "owners" : "experts" };
  if (kind === "cap") return { name: "cap" };
  const index = place(second);
  if (kind === "strata") return stratumField(index, rest.slice(2));
  if (kind !== "sites") return { name: "request" };
  return index === null ? { name: "sites" } : { name: SITE[third ?? ""] ?? "site", site: index };
}

function stratumField(index: number | null, rest: readonly string[]): Field {
  if (index === null) return { name: "strata" };
  const site = rest[0] === "sites" ? place(rest[1]) : null;
  const field = { name: STRATUM[rest[0] ?? ""] ?? "stratum", stratum: index } satisfies Field;
  return site === null ? field : { ...field, site };
}

const place = (part: string | undefined): number | null => (part !== undefined && /^\d+$/.test(part) ? Number(part) : null);

const parts = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The id of the element that holds the field; null when the form has none. */
export function elementId(field: Field): string | null {
  switch (field.name) {
    case "prefixes":
    case "seats":
      return `f-stratum-${field.stratum}-${field.name}`;
    case "stratum":
      return `f-stratum-${field.stratum}-seats`;
    case "siteId":
    case "regions":
    case "min":
    case "max":
      return `f-site-${field.site}-${field.name}`;
    case "site":
      return `f-site-${field.site}-min`;
    case "strata":
      return "f-stratum-0-prefixes";
    case "sites":
      return "f-site-0-regions";
    case "section":
    case "owner":
    case "evaluation":
    case "bidders":
    case "avoidUnits":
    case "project":
    case "pack":
      return "f-section";
    case "request":
      return null;
    default:
      return `f-${field.name}`;
  }
}

/** Faults by the id of their element; what has none stands under the empty id. */
export function byElement(faults: readonly Fault[]): ReadonlyMap<string, readonly Fault[]> {
  const found = new Map<string, Fault[]>();
  for (const fault of faults) {
    const id = elementId(fieldOf(fault.pointer)) ?? "";
    found.set(id, [...(found.get(id) ?? []), fault]);
  }
  return found;
}
