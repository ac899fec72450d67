// Expert level, checks 41 to 44: an expert's own receipt against the bundle (§11).

import { fromHex, toHex } from "./bytes.ts";
import { ascendingAt, type Context, type Sealed } from "./context.ts";
import { REASONS, scopeOf } from "./eligibility.ts";
import { fail, need } from "./errors.ts";
import { taggedHex } from "./hash.ts";
import { canonical, JsonError, readCanonical } from "./json.ts";
import { included, leafHash } from "./merkle.ts";
import { employerDigest, nameOf, personDigest, sizeDigest } from "./opening.ts";
import { leafOfCommitments, poolLeaf, record, salts } from "./record.ts";
import { integer, list, members, object, oneOf, refuse, ShapeError, unique, type Decoder, type Of } from "./schema.ts";
import { at, hex32, proof } from "./shapes.ts";

export const MAX_RECEIPT = 1024 * 1024;

const eligible = object({
  kind: oneOf("eligible"),
  cells: list(object({ at, person_salt: hex32, tag_salt: hex32, tag: hex32, proof }), 16, 1),
});
const excluded = object({
  kind: oneOf("excluded"),
  reasons: unique(list(oneOf(...REASONS), REASONS.length, 1), (reason) => reason),
  person_salt: hex32,
  reasons_salt: hex32,
  index: integer(),
  size: integer(),
  size_salt: hex32,
  proof,
});
const outside = object({ kind: oneOf("out_of_scope") });
type Outcome = Of<typeof eligible> | Of<typeof excluded> | Of<typeof outside>;

const outcome: Decoder<Outcome> = (value, path) => {
  const { kind } = members(value, path);
  if (kind === "eligible") return eligible(value, path);
  if (kind === "excluded") return excluded(value, path);
  return kind === "out_of_scope" ? outside(value, path) : refuse(path, "an unknown kind of outcome");
};

const receiptShape = object({
  format: oneOf("qt/1 receipt"),
  draw: integer(),
  record,
  salts,
  pool: object({ index: integer(), proof }),
  outcome,
});
type Receipt = Of<typeof receiptShape>;

/** Runs checks 41 to 44, calling `passed` after each; the kind of outcome. */
export function checkReceipt(context: Context, bytes: Uint8Array, passed: (number: 41 | 42 | 43 | 44) => void): Outcome["kind"] {
  const { sealed } = context;
  need(sealed !== null, 41, "the draw is not sealed yet", "抽取尚未封存，无法核对回执");
  const receipt = read(bytes);
  need(receipt.draw === context.draw, 41, "the receipt is of another draw", "回执属于另一次抽取");
  passed(41);
  const leaf = poolLeaf(receipt.record, receipt.salts);
  const pool = context.by.pool[0]?.body;
  const { index, proof: path } = receipt.pool;
  const there = pool !== undefined && included(leaf, index, pool.size, path.map(fromHex), fromHex(pool.root));
  need(there, 42, "the record is not in the sealed pool", "本人记录不在封存的专家库里");
  passed(42);
  checkOutcome(context, sealed, receipt, toHex(leaf));
  passed(43);
  if (context.bundle.opening !== null && context.bundle.stage === "opened") {
    checkPosition(context, receipt, toHex(leaf));
    passed(44);
  }
  return receipt.outcome.kind;
}

function read(bytes: Uint8Array): Receipt {
  try {
    return receiptShape(readCanonical(bytes, MAX_RECEIPT), "");
  } catch (error) {
    if (error instanceof JsonError || error instanceof ShapeError) return fail(41, error.message, "回执不合规范");
    throw error;
  }
}

function checkOutcome(context: Context, sealed: Sealed, receipt: Receipt, leaf: string): void {
  const scope = scopeOf(receipt.record, sealed.sdr);
  const given = receipt.outcome;
  need((scope === null) === (given.kind === "out_of_scope"), 43, "the scope is wrong", "是否在抽取范围内的结论不对");
  if (given.kind === "excluded") checkExcluded(sealed, given, leaf);
  if (given.kind !== "eligible" || scope === null) return;
  const listed = given.cells.map((cell) => cell.at);
  const due = listed.length === scope.strata.length && scope.strata.every((j, n) => listed[n]?.[0] === j && listed[n]?.[1] === scope.site);
  need(due && ascendingAt(listed), 43, "not one position per stratum in scope", "位置与应在的名单不符");
  for (const cell of given.cells) checkCell(context, sealed, cell, leaf);
}

function checkExcluded({ sdr }: Sealed, given: Of<typeof excluded>, leaf: string): void {
  const ranks = given.reasons.map((reason) => REASONS.indexOf(reason));
  need(ranks.every((rank, i) => i === 0 || (ranks[i - 1] ?? 0) < rank), 43, "the reasons are not in order", "理由没有按序排列");
  const reasons = taggedHex("qt/1 reasons", fromHex(given.reasons_salt), canonical(given.reasons));
  const hash = leafHash(fromHex(personDigest(given.person_salt, leaf) + reasons));
  const root = fromHex(sdr.excluded.root);
  const there = included(hash, given.index, given.size, given.proof.map(fromHex), root);
  need(there, 43, "the exclusion is not in the sealed list", "排除结论不在封存的名单里");
  need(sizeDigest(fromHex(given.size_salt), root, given.size) === sdr.excluded.size, 43, "the size of the exclusions is wrong", "排除名单的人数不符");
}

/** The size of a cell is known once the draw is open; before that an eligible receipt cannot be judged. */
function checkCell(context: Context, { sdr }: Sealed, cell: Of<typeof eligible>["cells"][number], leaf: string): void {
  const [j, s, i] = cell.at;
  const size = context.bundle.stage === "opened" ? context.bundle.opening?.sizes[j]?.[s]?.size : undefined;
  need(size !== undefined, 43, "the draw is not open, so the lists' sizes are unknown", "抽取尚未公开，无法核对入围位置");
  if (i >= size) return; // check 44 refuses it
  const hash = leafHash(fromHex(personDigest(cell.person_salt, leaf) + employerDigest(cell.tag_salt, cell.tag)));
  const there = included(hash, i, size, cell.proof.map(fromHex), fromHex(sdr.cells[j]?.[s]?.root ?? ""));
  need(there, 43, `position [${nameOf(cell.at)}] is not in the sealed list`, "入围位置不在封存的名单里");
}

function checkPosition(context: Context, receipt: Receipt, leaf: string): void {
  const cells = receipt.outcome.kind === "eligible" ? receipt.outcome.cells : [];
  const sizes = context.bundle.opening?.sizes;
  const inside = cells.every(({ at: [j, s, i] }) => i < (sizes?.[j]?.[s]?.size ?? 0));
  need(inside, 44, "a position is beyond its list", "本人位置超出名单人数");
  const own = new Set(cells.map((cell) => nameOf(cell.at)));
  for (const seat of context.bundle.opening?.roster ?? []) {
    const mine = toHex(leafOfCommitments(seat.commitments)) === leaf;
    const here = own.has(nameOf(seat.at));
    need(mine === here, 44, `seat ${seat.seat + 1} disagrees with the receipt`, `第 ${seat.seat + 1} 席与回执矛盾`);
  }
}
