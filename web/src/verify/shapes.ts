// The schema of bundle, rules and entries (§2 to §5, §9) and of the trust file (§12). Shape and limits only: which
// values agree with which is the matter of the numbered checks.

import { isDate, isTime } from "./calendar.ts";
import type { Json } from "./json.ts";
import {
  bool, hex, integer, list, matching, members, nullable, object, oneOf, refuse, unique, type Decoder, type Of,
} from "./schema.ts";

export const PROTOCOL = "qt/1";
export const SUITE = "qt-intl-1";
export const MAX_BUNDLE = 64 * 1024 * 1024;
export const FIELDS = [
  "id", "person", "name", "employers", "specialties", "region", "title", "practice_from", "birth", "status",
  "valid_from", "valid_to", "interests", "duties", "sanctions", "absences",
] as const;

/** Bound of lists that the format leaves to the size of the file. */
export const MANY = 1 << 24;
const NAMES = 64;
const PROOF = 64;

export const hex32 = hex(32);
export const hex64 = hex(64);
export const hex80 = hex(80);
export const id = matching(/^[a-z0-9][a-z0-9_.:-]{0,63}$/, "must be an id");
export const text = matching(/^\P{Cc}{1,200}$/u, "must be a text of 1 to 200 characters without control characters");
export const org = matching(/^[a-z0-9]{2,16}:[A-Za-z0-9._-]{1,64}$/, "must be an organisation scheme:identifier");
export const code = matching(/^[A-C](?:[0-9]{2}){0,3}$/, "must be a specialty code");
export const title = oneOf("senior", "associate", "intermediate", "none");
export const date: Decoder<string> = (value, path) =>
  typeof value === "string" && isDate(value) ? value : refuse(path, "must be a date YYYY-MM-DD, 1900 to 2199");
export const time: Decoder<string> = (value, path) =>
  typeof value === "string" && isTime(value) ? value : refuse(path, "must be a time YYYY-MM-DDTHH:MM:SSZ");
export const proof = list(hex32, PROOF);
const index = integer();
const ROLES = ["platform", "agency", "supervisor", "cosigner"] as const;
export type Role = (typeof ROLES)[number];
export const ALL_ROLES: readonly Role[] = ROLES;
const role = oneOf(...ROLES);
const holder = oneOf("agency", "supervisor");
export type Holder = Of<typeof holder>;
export const HOLDERS: readonly Holder[] = ["agency", "supervisor"];

function constant(word: string): Decoder<string> {
  return oneOf(word);
}

function hexUpTo(bytes: number): Decoder<string> {
  return matching(new RegExp(`^(?:[0-9a-f]{2}){1,${bytes}}$`), `must be 1 to ${bytes} bytes in lowercase hexadecimal`);
}

/** [j, s, i]: stratum, site, position. */
export type At = readonly [number, number, number];
export const at: Decoder<At> = (value, path) => {
  const parts = list(index, 3, 3)(value, path);
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
};

export const rules = object({
  id,
  version: text,
  effective_from: date,
  effective_to: nullable(date),
  layers: list(object({ id, version: text, digest: hex32 }), NAMES),
  committee: object({ min: index, odd: bool, expert_share: share }),
  owners_max: nullable(index),
  qualification: list(object({ titles: list(title, NAMES), practice_years: index }), NAMES),
  max_age: nullable(index),
  predicates: predicatesInOrder,
  employer_cap: integer(1),
  anonymity: object({ factor: index, bits: index }),
  publish: unique(list(oneOf(...FIELDS), FIELDS.length), (name) => name),
});
export type Rules = Of<typeof rules>;

function share(value: Json, path: string): readonly [number, number] {
  const parts = list(index, 2, 2)(value, path);
  const [numerator, denominator] = [parts[0] ?? 0, parts[1] ?? 0];
  return denominator === 0 ? refuse(path, "the share has no denominator") : [numerator, denominator];
}

interface Predicate {
  readonly code: string;
  readonly years: number;
  readonly citation: string;
}

function predicatesInOrder(value: Json, path: string): readonly Predicate[] {
  const codes = matching(/^K(?:[1-9]|1[0-4])$/, "must be K1 to K14");
  const out = list(object({ code: codes, years: index, citation: text }), 14)(value, path);
  const ascending = out.every((one, i) => i === 0 || Number(out[i - 1]?.code.slice(1)) < Number(one.code.slice(1)));
  return ascending ? out : refuse(path, "predicates must ascend");
}

const parties = object({ platform: hex32, agency: hex32, supervisor: hex32, cosigner: hex32 });
const round = { section: hex32, round: integer(1), previous: nullable(index), parties };
const cellShape = object({ root: hex32, size: hex32 });
const chain = oneOf("quicknet", "default");

const sdrShape = object({
  draw: index,
  ...round,
  pool: object({ index, id, version: integer(1), root: hex32 }),
  rules: hex32,
  case: hex32,
  rule: constant("uniform/1"),
  committee: object({ experts: index, seated: integer(0, 99), owners: index }),
  strata: unique(list(object({ id, prefixes: unique(list(code, 64, 1), (one) => one), seats: integer(1, 99) }), 16, 1), (one) => one.id),
  sites: unique(
    list(
      object({
        id,
        regions: unique(list(matching(/^[0-9]{1,6}$/, "must be 1 to 6 digits"), 64, 1), (one) => one),
        min: index,
        max: index,
      }),
      16,
      1,
    ),
    (one) => one.id,
  ),
  cap: integer(1, 99),
  cells: list(list(cellShape, 16, 1), 16, 1),
  excluded: cellShape,
  tag_key: hex32,
  vrf: object({ platform: hex32, supervisor: hex32 }),
  commitments: object({ agency: hex32, supervisor: hex32 }),
  beacon: nullable(object({ chain, round: integer(1) })),
  anonymity: object({ strata: list(object({ met: bool, bits: bool }), 16, 1), override: nullable(text) }),
  avoid_units: index,
  recent_changes: index,
  invitations: oneOf("logged", "elsewhere"),
  deadlines: object({ reveal: time, result: time, open: time }),
});
export type Sdr = Of<typeof sdrShape>;

const sdr: Decoder<Sdr> = (value, path) => {
  const out = sdrShape(value, path);
  const square = out.cells.length === out.strata.length && out.cells.every((row) => row.length === out.sites.length);
  if (!square) refuse(`${path}.cells`, "must have one row per stratum and one cell per site");
  if (out.anonymity.strata.length !== out.strata.length) refuse(`${path}.anonymity`, "must have one member per stratum");
  if (out.strata.reduce((sum, stratum) => sum + stratum.seats, 0) > 99) refuse(`${path}.strata`, "more than 99 seats");
  return out;
};

const keyShape = object({ role, name: text, public: hex32, vrf: nullable(hex32), seal: nullable(hex32) });

/** A VRF key belongs to platform and supervisor, a sealing key to the cosigner. */
const keyBody: Decoder<Of<typeof keyShape>> = (value, path) => {
  const out = keyShape(value, path);
  const fits = (out.vrf !== null) === (out.role === "platform" || out.role === "supervisor") && (out.seal !== null) === (out.role === "cosigner");
  return fits ? out : refuse(path, "must have the kinds of keys of its role");
};

const BODIES = {
  key: keyBody,
  pool: object({ pool: id, version: integer(1), size: index, root: hex32, basis: text }),
  request: object(round),
  commit: object({ draw: index, role: holder, commitment: hex32 }),
  seal: sdr,
  escrow: object({ draw: index, role: holder, commitment: hex32, sealed: hex32, sdr: hex32 }),
  reveal: object({ draw: index, role: holder, r: hex32, from: oneOf("holder", "escrow"), sdr: hex32 }),
  result: object({
    draw: index,
    sdr: hex32,
    beacon: nullable(object({ chain, round: integer(1), signature: hexUpTo(96), previous: nullable(hexUpTo(96)) })),
    alpha: hex32,
    beta: hex32,
  }),
  event: object({
    draw: index,
    sdr: hex32,
    t: integer(1),
    seat: hex32,
    // Which classes and modes there are is check 12's.
    class: text,
    mode: text,
    evidence: hex32,
  }),
  answer: object({ draw: index, t: integer(1), event: hex32, pi: hex80 }),
  invite: object({
    draw: index,
    sdr: hex32,
    n: integer(1),
    seat: hex32,
    key: hex32,
    letter: hex32,
    reply_by: time,
    cut_off: time,
    arrive_by: time,
  }),
  reply: object({
    draw: index,
    n: integer(1),
    answer: oneOf("accept", "decline", "leave"),
    at: time,
    // That exactly one of the two is there is check 24's.
    signature: nullable(hex64),
    record: nullable(hex32),
  }),
  // Which topics there are is check 27's.
  record: object({ draw: index, topic: text, digest: hex32 }),
  open: object({ draw: index, sdr: hex32, events: index }),
  abort: object({
    draw: index,
    sdr: nullable(hex32),
    reason: oneOf("escrow_missing", "escrow_wrong", "reveal_missing", "infeasible", "project_cancelled", "request_changed", "fault"),
  }),
} as const;

export type EntryType = keyof typeof BODIES;
export type Body<T extends EntryType> = Of<(typeof BODIES)[T]>;
const entryType = oneOf(...(Object.keys(BODIES) as EntryType[]));

const signaturesInOrder: Decoder<readonly Signature[]> = (value, path) => {
  const out = list(object({ role, key: hex32, signature: hex64 }), 4, 1)(value, path);
  const places = out.map((one) => ROLES.indexOf(one.role));
  if (places.some((place, i) => i > 0 && place <= (places[i - 1] ?? -1))) refuse(path, "roles must ascend, each once");
  return out;
};

export interface Signature {
  readonly role: Role;
  readonly key: string;
  readonly signature: string;
}

/** One log entry of a bundle. `raw` is the entry as it was read, for its bytes. */
export interface Entry<T extends EntryType = EntryType> {
  readonly index: number;
  readonly type: T;
  readonly time: string;
  readonly body: Body<T>;
  readonly signatures: readonly Signature[];
  readonly proof: readonly string[];
  readonly raw: Json;
}

const frame = object({
  protocol: constant(PROTOCOL),
  suite: constant(SUITE),
  type: entryType,
  time,
  body: (value: Json) => value,
  signatures: signaturesInOrder,
});
const outside = object({ index, entry: (value: Json) => value, proof });

/** One entry with its place in the log and the proof of it. */
export const placed: Decoder<Entry> = (value, path) => {
  const outer = outside(value, path);
  const inner = frame(outer.entry, `${path}.entry`);
  const body = (BODIES[inner.type] as Decoder<Body<EntryType>>)(inner.body, `${path}.entry.body`);
  const { type, time: when, signatures } = inner;
  return { index: outer.index, type, time: when, body, signatures, proof: outer.proof, raw: outer.entry };
};

const published: Decoder<ReadonlyMap<string, { readonly value: Json; readonly salt: string }>> = (value, path) => {
  const one = object({ value: (inner: Json) => inner, salt: hex32 });
  const given = members(value, path);
  return new Map(Object.keys(given).map((name) => [oneOf(...FIELDS)(name, path), one(given[name] ?? null, `${path}.${name}`)]));
};

/** Below 2^32, since its commitment holds four bytes. */
const seatNumber = integer(0, 2 ** 32 - 1);

const opening = object({
  pi: hex80,
  sizes: list(list(object({ size: index, salt: hex32 }), MANY), MANY),
  leaves: list(
    object({
      at,
      leaf: hex64,
      proof,
      person: nullable(object({ salt: hex32, pool_leaf: hex32 })),
      employer: nullable(object({ salt: hex32, tag: hex32 })),
    }),
    MANY,
  ),
  rejected: list(object({ kind: oneOf("person", "employer"), at: list(at, MANY) }), MANY),
  invitations: list(object({ n: integer(1), seat: seatNumber, salt: hex32 }), MANY),
  events: list(
    object({
      t: integer(1),
      seat: seatNumber,
      salt: hex32,
      skipped: list(object({ i: index, reason: oneOf("used", "person", "employer"), against: list(at, MANY) }), MANY),
    }),
    MANY,
  ),
  roster: list(
    object({
      seat: index,
      at,
      commitments: list(hex32, 16, 16),
      fields: published,
      pool: object({ index, proof }),
    }),
    MANY,
  ),
});
export type Opening = Of<typeof opening>;

const stage = oneOf("requested", "sealed", "revealed", "opened", "aborted");
export type Stage = Of<typeof stage>;
export const note = matching(/^[^]{0,4096}$/u, "must be a note of at most 4096 characters");

export const bundleShape = object({
  format: constant("qt/1 bundle"),
  suite: constant(SUITE),
  stage,
  origin: text,
  checkpoints: object({ seal: nullable(note), final: note }),
  consistency: nullable(proof),
  entries: list(placed, MANY),
  rules: nullable(rules),
  opening: nullable(opening),
});
export type Bundle = Of<typeof bundleShape>;

const keys = unique(list(hex32, 1000), (key) => key);
export const trustShape = object({
  format: constant("qt/1 trust"),
  origin: text,
  platform: keys,
  agency: keys,
  supervisor: keys,
  cosigner: keys,
});
export type Trust = Of<typeof trustShape>;
