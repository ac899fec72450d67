// Supervisor level, checks 31 to 36: recomputes pool tree, case, exclusions, cells and figures from the pool file (§11).

import { compare, concat, fromHex, toHex, u32be, utf8 } from "./bytes.ts";
import { timeOf, unixSeconds } from "./calendar.ts";
import type { Context, Sealed } from "./context.ts";
import { capEmployer, groundsOf, reasonsAgainst, scopeOf, type Grounds } from "./eligibility.ts";
import { fail, need } from "./errors.ts";
import { keyed, tagged, taggedHex } from "./hash.ts";
import { canonical, JsonError, readCanonical, type Json, type JsonObject } from "./json.ts";
import { leafHash, treeRoot } from "./merkle.ts";
import { anonymityHolds, sizeDigest } from "./opening.ts";
import { poolLeaf, record, salts, type ExpertRecord } from "./record.ts";
import { bool, integer, list, object, oneOf, ShapeError, type Of } from "./schema.ts";
import { hex32, id, MANY, org, text, time, type Rules, type Sdr } from "./shapes.ts";

export const MAX_POOL_FILE = 256 * 1024 * 1024;
const CHANGE_WINDOW_S = 72 * 3600;

const caseFile = object({
  project: id,
  section: id,
  tenderee: org,
  agency: org,
  authorities: list(org, MANY),
  bidders: list(object({ id, withdrawn: bool, orgs: list(org, MANY) }), MANY),
  groups: list(list(org, MANY), MANY),
  avoid_units: list(object({ org, reason: text }), MANY),
  prepared_by: list(hex32, MANY),
  engagements: list(object({ expert: id, from: time, to: time }), MANY),
  evaluation: object({ from: time, to: time }),
});
export type CaseFile = Of<typeof caseFile>;

const poolFile = object({
  format: oneOf("qt/1 pool-file"),
  draw: integer(),
  case: caseFile,
  case_salt: hex32,
  cell_key: hex32,
  tag_key: hex32,
  experts: list(object({ record, salts }), MANY),
});
type PoolFile = Of<typeof poolFile>;

/** One expert with its pool leaf hash. */
interface Known {
  readonly record: ExpertRecord;
  readonly leaf: Uint8Array;
}

/** Runs checks 31 to 36, calling `passed` after each. */
export function checkPool(context: Context, bytes: Uint8Array, passed: (number: 31 | 32 | 33 | 34 | 35 | 36) => void): void {
  const { sealed, bundle } = context;
  need(sealed !== null && bundle.rules !== null, 31, "the draw is not sealed yet", "抽取尚未封存，无法核对专家库文件");
  const { file, rawCase } = read(bytes);
  need(file.draw === context.draw, 31, "the pool file is of another draw", "专家库文件属于另一次抽取");
  const experts = file.experts.map((one) => ({ record: one.record, leaf: poolLeaf(one.record, one.salts) }));
  passed(31);
  checkPoolTree(context, experts);
  passed(32);
  checkCase(sealed.sdr, file, rawCase);
  passed(33);
  const lists = recompute(sealed.sdr, groundsOf(bundle.rules, file.case), experts);
  checkExclusions(sealed.sdr, file, lists);
  passed(34);
  checkCells(sealed.sdr, file, lists);
  passed(35);
  checkFigures(context, sealed, bundle.rules, lists);
  passed(36);
}

function read(bytes: Uint8Array): { file: PoolFile; rawCase: Json } {
  try {
    const raw = readCanonical(bytes, MAX_POOL_FILE);
    const file = poolFile(raw, "");
    return { file, rawCase: (raw as JsonObject)["case"] ?? null };
  } catch (error) {
    if (error instanceof JsonError || error instanceof ShapeError) return fail(31, error.message, "专家库文件不合规范");
    throw error;
  }
}

function checkPoolTree(context: Context, experts: readonly Known[]): void {
  const ascending = experts.every((one, i) => i === 0 || compare((experts[i - 1] as Known).leaf, one.leaf) < 0);
  need(ascending, 32, "the experts do not ascend by pool leaf hash", "专家没有按指纹排列");
  const pool = context.by.pool[0]?.body;
  const root = toHex(treeRoot(experts.map((one) => one.leaf)));
  need(pool?.size === experts.length && pool.root === root, 32, "the records do not give the pool's root and size", "专家记录与登记的专家库指纹不符");
}

function checkCase(sdr: Sdr, file: PoolFile, rawCase: Json): void {
  need(taggedHex("qt/1 case", fromHex(file.case_salt), canonical(rawCase)) === sdr.case, 33, "the case is not the one sealed", "项目资料与封存不符");
  const { project, section, avoid_units } = file.case;
  need(taggedHex("qt/1 section", canonical({ project, section })) === sdr.section, 33, "the case is of another section", "项目资料属于另一标段");
  need(avoid_units.length === sdr.avoid_units, 33, "the number of organisations to avoid is wrong", "主动回避单位数不符");
  const { evaluation } = file.case;
  need(evaluation.from <= evaluation.to, 33, "the evaluation ends before it begins", "评标结束早于开始");
}

interface Lists {
  readonly excluded: readonly { readonly leaf: Uint8Array; readonly reasons: readonly string[] }[];
  /** Members per [j][s] with their employer for the cap. */
  readonly cells: readonly (readonly { leaf: Uint8Array; employer: string }[][])[];
  readonly eligible: readonly ExpertRecord[];
}

function recompute(sdr: Sdr, grounds: Grounds, experts: readonly Known[]): Lists {
  const cells = sdr.strata.map(() => sdr.sites.map(() => [] as { leaf: Uint8Array; employer: string }[]));
  const excluded: { leaf: Uint8Array; reasons: readonly string[] }[] = [];
  const eligible: ExpertRecord[] = [];
  for (const { record: one, leaf } of experts) {
    const scope = scopeOf(one, sdr);
    if (scope === null) continue;
    const reasons = reasonsAgainst(one, grounds);
    if (reasons.length > 0) {
      excluded.push({ leaf, reasons });
      continue;
    }
    eligible.push(one);
    const employer = capEmployer(one, grounds.t0);
    for (const j of scope.strata) cells[j]?.[scope.site]?.push({ leaf, employer });
  }
  return { excluded, cells, eligible };
}

/** Root of the tree whose leaves stand in ascending order of their hashes. */
function sortedRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return treeRoot(leaves.map(leafHash).sort(compare));
}

function checkExclusions(sdr: Sdr, file: PoolFile, { excluded }: Lists): void {
  const key = fromHex(file.cell_key);
  const root = sortedRoot(excluded.map(({ leaf, reasons }) => concat(
    tagged("qt/1 person", keyed(key, "x-person", leaf), leaf),
    tagged("qt/1 reasons", keyed(key, "x-reasons", leaf), canonical(reasons)),
  )));
  const size = sizeDigest(keyed(key, "x-size"), root, excluded.length);
  const holds = toHex(root) === sdr.excluded.root && size === sdr.excluded.size;
  need(holds, 34, "the exclusions recomputed are not those sealed", "重算的排除名单与封存不符");
}

function checkCells(sdr: Sdr, file: PoolFile, { cells }: Lists): void {
  const [key, tagKey] = [fromHex(file.cell_key), fromHex(file.tag_key)];
  need(taggedHex("qt/1 tag key", tagKey) === sdr.tag_key, 35, "the tag key is not the one sealed", "单位标记密钥与封存不符");
  cells.forEach((row, j) => row.forEach((memberList, s) => {
    const place = concat(u32be(j), u32be(s));
    const root = sortedRoot(memberList.map(({ leaf, employer }) => {
      const tag = keyed(tagKey, "qt/1 tag", utf8(employer));
      return concat(
        tagged("qt/1 person", keyed(key, "person", place, leaf), leaf),
        tagged("qt/1 employer", keyed(key, "tag", place, leaf), tag),
      );
    }));
    const size = sizeDigest(keyed(key, "size", place), root, memberList.length);
    const sealedCell = sdr.cells[j]?.[s];
    const holds = toHex(root) === sealedCell?.root && size === sealedCell.size;
    need(holds, 35, `the list of stratum ${j}, site ${s} recomputed is not the one sealed`, `重算的候选名单（第 ${j + 1} 类、第 ${s + 1} 场地）与封存不符`);
  }));
}

function checkFigures(context: Context, { sdr }: Sealed, rules: Rules, { cells, eligible }: Lists): void {
  const sizes = cells.map((row) => row.map((memberList) => memberList.length));
  need(anonymityHolds(sdr, rules, sizes), 36, "the anonymity figures are wrong", "匿名程度的数字不实");
  const since = timeOf(unixSeconds(context.request.time) - CHANGE_WINDOW_S);
  const recent = eligible.filter((one) => one.absences.changed >= since).length;
  need(recent === sdr.recent_changes, 36, "the number of recent changes is wrong", "近期变更人数不实");
}
