// Check 20: the roster against the seats in the end, the pool tree and the fields that the rules publish (§9).

import { fromHex, toHex } from "./bytes.ts";
import type { Context } from "./context.ts";
import { need } from "./errors.ts";
import { canonical } from "./json.ts";
import { included } from "./merkle.ts";
import { fieldCommitment, nameOf } from "./opening.ts";
import { fieldDecoder, leafOfCommitments, type FieldName } from "./record.ts";
import type { Seats } from "./replace.ts";
import { ShapeError } from "./schema.ts";
import { FIELDS, type Opening, type Rules } from "./shapes.ts";

type Member = Opening["roster"][number];

/** Check 20. */
export function checkRoster(context: Context, rules: Rules, seats: Seats, roster: Opening["roster"]): void {
  const occupied = seats.flatMap((holder, seat) => (holder === null ? [] : [{ seat, holder }]));
  const same = roster.length === occupied.length && roster.every((one, n) => {
    const due = occupied[n];
    return due?.seat === one.seat && nameOf(due.holder.at) === nameOf(one.at);
  });
  need(same, 20, "the roster is not the occupied seats in the end", "公布的名单与最终席位不符");
  const pool = context.by.pool[0]?.body;
  need(pool !== undefined, 20, "there is no pool entry", "缺少专家库条目");
  roster.forEach((one, n) => {
    const leaf = leafOfCommitments(one.commitments);
    need(toHex(leaf) === occupied[n]?.holder.person, 20, `seat ${one.seat + 1}: another pool record`, `第 ${one.seat + 1} 席的专家与抽中的不符`);
    const there = included(leaf, one.pool.index, pool.size, one.pool.proof.map(fromHex), fromHex(pool.root));
    need(there, 20, `seat ${one.seat + 1}: the record is not in the pool`, `第 ${one.seat + 1} 席的专家不在封存的专家库里`);
    checkFields(one, rules.publish);
  });
}

function checkFields({ seat, fields, commitments }: Member, publish: readonly string[]): void {
  const exact = fields.size === publish.length && publish.every((name) => fields.has(name));
  need(exact, 20, `seat ${seat + 1}: not the fields that the rules publish`, `第 ${seat + 1} 席公布的字段与规则不符`);
  for (const [name, { value, salt }] of fields) {
    const commitment = commitments[(FIELDS as readonly string[]).indexOf(name)];
    const opens = fieldCommitment(salt, name, canonical(value)) === commitment;
    need(opens && wellFormed(name, value), 20, `seat ${seat + 1}: field ${name} does not open its commitment`, `第 ${seat + 1} 席的字段 ${name} 与封存不符`);
  }
}

function wellFormed(name: string, value: Parameters<ReturnType<typeof fieldDecoder>>[0]): boolean {
  try {
    fieldDecoder(name as FieldName)(value, name);
    return true;
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}
