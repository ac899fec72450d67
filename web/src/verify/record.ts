// The expert record of §3: its sixteen fields, their commitments and the pool leaf hash.

import { concat, fromHex } from "./bytes.ts";
import { canonical } from "./json.ts";
import { leafHash } from "./merkle.ts";
import { fieldCommitment } from "./opening.ts";
import { list, matching, nullable, object, oneOf, type Decoder, type Of } from "./schema.ts";
import { code, date, FIELDS, hex32, id, org, text, time, title } from "./shapes.ts";

const MEMBERS = 64;
const span = { from: nullable(date), to: nullable(date) };

const fields = {
  id,
  person: hex32,
  name: text,
  employers: list(object({ org, role: oneOf("staff", "director", "supervisor", "controller", "shareholder"), ...span }), MEMBERS),
  specialties: list(code, MEMBERS),
  region: matching(/^[0-9]{6}$/, "must be six digits"),
  title,
  practice_from: date,
  birth: date,
  status: oneOf("active", "suspended", "withdrawn"),
  valid_from: date,
  valid_to: nullable(date),
  interests: list(object({ org, kind: oneOf("kin", "holding", "economic"), ...span }), MEMBERS),
  duties: list(object({ org, kind: oneOf("authority", "supervision", "finance"), ...span }), MEMBERS),
  sanctions: list(object({ kind: oneOf("bidding_offence", "misconduct"), ...span }), MEMBERS),
  absences: object({ changed: time, leave: list(object(span), MEMBERS) }),
};
export type FieldName = (typeof FIELDS)[number];

export const record = object(fields);
export type ExpertRecord = Of<typeof record>;

/** Decoder of one field's value. */
export function fieldDecoder(name: FieldName): Decoder<unknown> {
  return fields[name];
}

/** Pool leaf hash of sixteen commitments in hexadecimal. */
export function leafOfCommitments(commitments: readonly string[]): Uint8Array {
  return leafHash(concat(...commitments.map(fromHex)));
}

/** Pool leaf hash of a record with its sixteen salts. */
export function poolLeaf(one: ExpertRecord, salts: readonly string[]): Uint8Array {
  return leafOfCommitments(FIELDS.map((name, i) => fieldCommitment(salts[i] ?? "", name, canonical(one[name]))));
}

export const salts: Decoder<readonly string[]> = list(hex32, FIELDS.length, FIELDS.length);
