// Checks 14 to 18 and 21: seed, sizes, leaves, rejected attempts, panel, and that nothing more is opened (§5 to §9).

import { concat, fromHex, toHex, u64be, utf8 } from "./bytes.ts";
import { ascendingAt, type Context, type Sealed } from "./context.ts";
import { vrfOutput } from "./ecvrf.ts";
import { fail, need } from "./errors.ts";
import { hmac256, tagged, taggedHex } from "./hash.ts";
import { included, leafHash } from "./merkle.ts";
import { binomial, MAX_ATTEMPTS, Tables, TooManyTables, walk, type Frame } from "./select.ts";
import type { At, Opening, Rules, Sdr } from "./shapes.ts";

type OpenLeaf = Opening["leaves"][number];

export function nameOf([j, s, i]: At): string {
  return `${j},${s},${i}`;
}

/** The opened leaves of a bundle, and which openings something has needed so far. */
export class Leaves {
  private readonly byPlace: ReadonlyMap<string, OpenLeaf>;
  private readonly needed = new Map<string, { person: boolean; employer: boolean }>();

  constructor(leaves: readonly OpenLeaf[]) {
    this.byPlace = new Map(leaves.map((leaf) => [nameOf(leaf.at), leaf]));
  }

  /** Pool leaf hash behind a position, marking it needed; null when not opened. */
  person(at: At): string | null {
    this.mark(at).person = true;
    return this.peekPerson(at);
  }

  /** As `person`, for a look that needs nothing. */
  peekPerson(at: At): string | null {
    return this.byPlace.get(nameOf(at))?.person?.pool_leaf ?? null;
  }

  /** Employer tag behind a position, marking it needed; null when not opened. */
  tag(at: At): string | null {
    this.mark(at).employer = true;
    return this.byPlace.get(nameOf(at))?.employer?.tag ?? null;
  }

  private mark(at: At): { person: boolean; employer: boolean } {
    const name = nameOf(at);
    const known = this.needed.get(name) ?? { person: false, employer: false };
    this.needed.set(name, known);
    return known;
  }

  /** Check 21. */
  checkMinimal(): void {
    for (const [name, leaf] of this.byPlace) {
      const used = this.needed.get(name);
      need(used !== undefined, 21, `position [${name}] is opened without need`, `位置 [${name}] 无必要地公开`);
      const extra = (leaf.person !== null && !used.person) || (leaf.employer !== null && !used.employer);
      need(!extra, 21, `position [${name}] is opened further than needed`, `位置 [${name}] 公开得过多`);
    }
  }
}

/** Check 14: the seed of the draw. */
export function checkSeed(context: Context, { sdr }: Sealed, opening: Opening): Uint8Array {
  const result = context.by.result[0];
  need(result !== undefined, 14, "there is no result", "没有结果");
  const beta = vrfOutput(fromHex(sdr.vrf.platform), fromHex(result.body.alpha), fromHex(opening.pi));
  need(beta !== null, 14, "the VRF proof fails", "VRF 证明无效");
  need(taggedHex("qt/1 beta", beta) === result.body.beta, 14, "beta is not the one in the result", "种子与登记的结果不符");
  return hmac256(utf8("qt/1 seed"), beta);
}

/** H("qt/1 size", salt ‖ root ‖ u64be(size)) in hexadecimal. */
export function sizeDigest(salt: Uint8Array, root: Uint8Array, size: number): string {
  return toHex(tagged("qt/1 size", salt, root, u64be(size)));
}

export function frameOf(sdr: Sdr, sizes: readonly (readonly number[])[]): Frame {
  return {
    seats: sdr.strata.map((stratum) => stratum.seats),
    min: sdr.sites.map((site) => site.min),
    max: sdr.sites.map((site) => site.max),
    sizes,
  };
}

/** Check 15: the frame of the selection and its tables. */
export function checkSizes(context: Context, { sdr }: Sealed, rules: Rules, opening: Opening): { frame: Frame; tables: Tables } {
  const { sizes } = opening;
  const square = sizes.length === sdr.strata.length && sizes.every((row) => row.length === sdr.sites.length);
  need(square, 15, "sizes do not match strata and sites", "人数表与席位、场地不符");
  const opened = sizes.every((row, j) => row.every(({ size, salt }, s) => {
    const cell = sdr.cells[j]?.[s];
    return cell !== undefined && sizeDigest(fromHex(salt), fromHex(cell.root), size) === cell.size;
  }));
  need(opened, 15, "a size does not open its commitment", "名单人数与封存不符");
  const plain = sizes.map((row) => row.map((cell) => cell.size));
  // A record has one site, so that it stands in one cell of a stratum at most.
  const most = BigInt(context.by.pool[0]?.body.size ?? 0);
  const fits = plain.every((row) => row.reduce((sum, size) => sum + BigInt(size), 0n) <= most);
  need(fits, 15, "a stratum has more members than the pool", "某类候选人数超过专家库人数");
  need(anonymityHolds(sdr, rules, plain), 15, "the anonymity figures are wrong", "匿名程度的数字不实");
  const frame = frameOf(sdr, plain);
  const tables = countTables(frame);
  need(tables.weight > 0n, 15, "no table fits the sizes and quotas", "没有任何组合满足名额要求");
  return { frame, tables };
}

function countTables(frame: Frame): Tables {
  try {
    return new Tables(frame);
  } catch (error) {
    if (error instanceof TooManyTables) return fail(15, "too many tables to count", "组合过多，无法核算");
    throw error;
  }
}

/** Whether `anonymity.strata` says what the sizes give (§5); sizes are m[j][s]. */
export function anonymityHolds(sdr: Sdr, rules: Rules, sizes: readonly (readonly number[])[]): boolean {
  const { factor, bits } = rules.anonymity;
  return sdr.strata.every(({ seats }, j) => {
    const m = (sizes[j] ?? []).reduce((sum, size) => sum + BigInt(size), 0n);
    const ways = m > BigInt(Number.MAX_SAFE_INTEGER) ? null : binomial(Number(m), seats);
    if (ways === null) return false;
    const met = m >= BigInt(factor) * BigInt(seats);
    const enough = ways > 0n && ways.toString(2).length - 1 >= bits;
    const stated = sdr.anonymity.strata[j];
    return stated?.met === met && stated.bits === enough;
  });
}

/** Check 16. */
export function checkLeaves({ sdr }: Sealed, frame: Frame, opening: Opening): Leaves {
  for (const { at, leaf, proof, person, employer } of opening.leaves) {
    const [j, s, i] = at;
    const [root, size] = [sdr.cells[j]?.[s]?.root, frame.sizes[j]?.[s]];
    need(root !== undefined && size !== undefined, 16, `position [${nameOf(at)}] has no cell`, `位置 [${nameOf(at)}] 不存在`);
    const bytes = fromHex(leaf);
    const there = included(leafHash(bytes), i, size, proof.map(fromHex), fromHex(root));
    need(there, 16, `position [${nameOf(at)}] is not in its cell`, `位置 [${nameOf(at)}] 不在封存的名单里`);
    const matches =
      (person === null || personDigest(person.salt, person.pool_leaf) === leaf.slice(0, 64)) &&
      (employer === null || employerDigest(employer.salt, employer.tag) === leaf.slice(64));
    need(matches, 16, `an opening of position [${nameOf(at)}] does not match`, `位置 [${nameOf(at)}] 的公开内容与名单不符`);
  }
  return new Leaves(opening.leaves);
}

export function personDigest(salt: string, poolLeaf: string): string {
  return toHex(tagged("qt/1 person", fromHex(salt), fromHex(poolLeaf)));
}

export function employerDigest(salt: string, tag: string): string {
  return toHex(tagged("qt/1 employer", fromHex(salt), fromHex(tag)));
}

/** What the selection runs on. */
export interface Selection {
  readonly seed: Uint8Array;
  readonly frame: Frame;
  readonly tables: Tables;
  readonly leaves: Leaves;
  readonly cap: number;
}

/** Check 17. */
export function checkAttempts(selection: Selection, rejected: Opening["rejected"]): void {
  need(rejected.length < MAX_ATTEMPTS, 17, "too many attempts", "作废组合过多");
  rejected.forEach(({ kind, at }, attempt) => {
    const { seed, frame, tables, leaves, cap } = selection;
    const positions = new Set(walk(seed, attempt, frame, tables).map(nameOf));
    const inWalk = ascendingAt(at) && at.every((one) => positions.has(nameOf(one)));
    need(inWalk, 17, `attempt ${attempt}: a position is not in its walk`, `第 ${attempt} 次组合中没有该位置`);
    const values = at.map((one) => (kind === "person" ? leaves.person(one) : leaves.tag(one)));
    const enough = at.length === (kind === "person" ? 2 : cap + 1);
    const conflict = enough && values[0] !== null && values.every((value) => value === values[0]);
    need(conflict, 17, `attempt ${attempt} shows no conflict`, `第 ${attempt} 次组合并无冲突，不应作废`);
  });
}

/** One position with both values behind it. */
export interface Holder {
  readonly at: At;
  readonly person: string;
  readonly tag: string;
}

/** Check 18: the panel of the accepted attempt, in seat order. */
export function checkPanel({ seed, frame, tables, leaves, cap }: Selection, attempt: number): readonly Holder[] {
  const panel = walk(seed, attempt, frame, tables).map((at) => {
    const [person, tag] = [leaves.person(at), leaves.tag(at)];
    need(person !== null && tag !== null, 18, `position [${nameOf(at)}] of the panel is not opened`, `抽中位置 [${nameOf(at)}] 未公开`);
    return { at, person, tag };
  });
  need(new Set(panel.map((one) => one.person)).size === panel.length, 18, "the panel holds one person twice", "同一人占两个席位");
  const tooMany = panel.some(({ tag }) => panel.filter((one) => one.tag === tag).length > cap);
  need(!tooMany, 18, "the panel exceeds the employer cap", "同一单位人数超过上限");
  return panel;
}

/** HMAC(salt, "qt/1 field" ‖ 00 ‖ name ‖ 00 ‖ C(value)). */
export function fieldCommitment(salt: string, name: string, value: Uint8Array): string {
  return toHex(hmac256(fromHex(salt), concat(utf8("qt/1 field"), Uint8Array.of(0), utf8(name), Uint8Array.of(0), value)));
}
