// Selection rule `uniform/1`, §7: word streams, tables by weight, attempts. Work is bounded by limits of this file.
//
// Tables are never listed: completions are counted cell by cell, so the table of a given weight is found directly. Amounts
// after which some quota could no longer be met are not tried, so narrow quotas cost little.

import { concat, toBigBE, u32be, u64be, utf8 } from "./bytes.ts";
import { hmac256 } from "./hash.ts";
import type { At } from "./shapes.ts";

export const MAX_ATTEMPTS = 1 << 20;
/** Tables beyond this are not weighed (§7). */
const MAX_TABLES = 1 << 16;
/** Amounts tried while counting; a request that a producer may seal stays far below. */
const MAX_STEPS = 1_000_000;
const WORDS = 1n << 64n;
const ZERO = Uint8Array.of(0);

/** The requested tables need more counting than a verifier does. */
export class TooManyTables extends Error {}

/** K(key, label, a, b, …). */
export function streamKey(key: Uint8Array, label: string, ...numbers: readonly number[]): Uint8Array {
  return hmac256(key, concat(utf8("qt/1"), ZERO, utf8(label), ZERO, ...numbers.map(u32be)));
}

/** The words of one stream, in order. */
export class Stream {
  private readonly key: Uint8Array;
  private block = 0;
  private ready: bigint[] = [];

  constructor(key: Uint8Array) {
    this.key = key;
  }

  word(): bigint {
    if (this.ready.length === 0) {
      const bytes = hmac256(this.key, u64be(this.block++));
      this.ready = [24, 16, 8, 0].map((at) => toBigBE(bytes.subarray(at, at + 8)));
    }
    return this.ready.pop() as bigint;
  }

  /** Uniform in 0 … m − 1, 1 ≤ m ≤ 2^64. */
  below(m: bigint): bigint {
    const limit = WORDS - (WORDS % m);
    for (;;) {
      const word = this.word();
      if (word < limit) return word % m;
    }
  }

  /** Uniform in 0 … w − 1, w ≥ 1 of any size. */
  big(w: bigint): bigint {
    const bits = w === 1n ? 0 : (w - 1n).toString(2).length;
    const words = Math.max(1, Math.ceil(bits / 64));
    for (;;) {
      let value = 0n;
      for (let i = 0; i < words; i++) value = (value << 64n) | this.word();
      value >>= BigInt(64 * words - bits);
      if (value < w) return value;
    }
  }
}

/** order(m): the numbers 0 … m − 1 in the order of their first occurrence; ends after m of them. */
export function* order(stream: Stream, m: number): Generator<number, void> {
  const seen = new Set<number>();
  const size = BigInt(m);
  while (seen.size < m) {
    const next = Number(stream.below(size));
    if (seen.has(next)) continue;
    seen.add(next);
    yield next;
  }
}

/** C(n, k) for 0 ≤ n < 2^53 and small k; 0 when k > n. */
export function binomial(n: number, k: number): bigint {
  if (k > n) return 0n;
  let value = 1n;
  for (let i = 1n; i <= BigInt(k); i++) value = (value * (BigInt(n) - BigInt(k) + i)) / i;
  return value;
}

/** What a draw is made of: seats per stratum, quotas per site, sizes m[j][s]. */
export interface Frame {
  readonly seats: readonly number[];
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly sizes: readonly (readonly number[])[];
}

/** The completions of a state: how many, and their weight. */
interface Ways {
  readonly tables: number;
  readonly weight: bigint;
}

const NONE: Ways = { tables: 0, weight: 0n };
const ONE: Ways = { tables: 1, weight: 1n };

/** All tables of a frame, counted by weight. */
export class Tables {
  readonly weight: bigint;
  private readonly frame: Frame;
  private readonly strata: number;
  private readonly sites: number;
  private readonly counted = new Map<string, Ways>();
  /** later[j][s]: the most that rows behind j can give column s. */
  private readonly later: readonly (readonly number[])[];
  private readonly choices: (readonly bigint[])[][];
  private steps = 0;

  constructor(frame: Frame) {
    this.frame = frame;
    this.strata = frame.seats.length;
    this.sites = frame.min.length;
    this.choices = frame.sizes.map((row, j) => row.map((m) => this.column(m, frame.seats[j] ?? 0)));
    this.later = frame.seats.map((_, j) => frame.min.map((__, s) => this.behind(j, s)));
    this.weight = this.count(0, 0, frame.seats[0] ?? 0, new Array<number>(this.sites).fill(0)).weight;
  }

  private column(m: number, seats: number): bigint[] {
    const out = [1n];
    for (let t = 1; t <= seats && t <= m; t++) out.push(((out[t - 1] as bigint) * BigInt(m - t + 1)) / BigInt(t));
    return out;
  }

  private behind(j: number, s: number): number {
    const { seats, sizes } = this.frame;
    return seats.reduce((sum, n, row) => (row > j ? sum + Math.min(n, sizes[row]?.[s] ?? 0) : sum), 0);
  }

  /** All ways to fill the cells from (j, s) on, `left` seats still open in row j, columns holding `sums`. */
  private count(j: number, s: number, left: number, sums: number[]): Ways {
    if (s === this.sites) {
      if (left !== 0) return NONE;
      return j + 1 === this.strata ? this.finished(sums) : this.count(j + 1, 0, this.frame.seats[j + 1] ?? 0, sums);
    }
    // In the last row a column behind s is done and has met its minimum: it no longer tells states apart.
    const telling = j + 1 === this.strata ? sums.slice(s) : sums;
    const name = `${j},${s},${left},${telling.join()}`;
    const known = this.counted.get(name);
    if (known !== undefined) return known;
    let [tables, weight] = [0, 0n];
    const ways = this.choices[j]?.[s] ?? [];
    const [from, to] = this.range(j, s, left, sums);
    for (let t = from; t <= to; t++) {
      if (++this.steps > MAX_STEPS) throw new TooManyTables();
      const rest = this.with(j, s, left, sums, t);
      tables += rest.tables;
      weight += (ways[t] as bigint) * rest.weight;
      // Every state visited can be reached, so its completions are tables of the whole.
      if (tables > MAX_TABLES) throw new TooManyTables();
    }
    const found = { tables, weight };
    this.counted.set(name, found);
    return found;
  }

  private with(j: number, s: number, left: number, sums: number[], t: number): Ways {
    const before = sums[s] ?? 0;
    sums[s] = before + t;
    const rest = this.count(j, s + 1, left - t, sums);
    sums[s] = before;
    return rest;
  }

  /** The amounts that cell (j, s) may take with every quota still within reach, [from, to]; none when from > to. */
  private range(j: number, s: number, left: number, sums: readonly number[]): readonly [number, number] {
    const { min, max, seats, sizes } = this.frame;
    const room = (at: number): number => Math.min(left, sizes[j]?.[at] ?? 0, (max[at] ?? 0) - (sums[at] ?? 0));
    const wanting = (at: number): number => Math.max(0, (min[at] ?? 0) - (sums[at] ?? 0));
    let [beside, others] = [0, 0];
    for (let at = 0; at < this.sites; at++) {
      if (at > s) beside += room(at);
      if (at !== s) others += wanting(at);
    }
    const open = seats.reduce((sum, n, row) => (row > j ? sum + n : sum), left);
    const from = Math.max(0, left - beside, wanting(s) - (this.later[j]?.[s] ?? 0));
    return [from, Math.min(room(s), open - others)];
  }

  private finished(sums: readonly number[]): Ways {
    return sums.every((sum, s) => sum >= (this.frame.min[s] ?? 0)) ? ONE : NONE;
  }

  /** The first table in lexicographic row-major order whose cumulative weight exceeds x, 0 ≤ x < weight. */
  pick(x: bigint): number[][] {
    const sums = new Array<number>(this.sites).fill(0);
    let [rest, before] = [x, 1n];
    return this.frame.seats.map((seats, j) => {
      let left = seats;
      return sums.map((_, s) => {
        const chosen = this.cell(j, s, left, sums, rest, before);
        [rest, before] = [chosen.rest, chosen.before];
        left -= chosen.t;
        sums[s] = (sums[s] ?? 0) + chosen.t;
        return chosen.t;
      });
    });
  }

  /** `before` is the product of the binomials already fixed; `rest` counts whole tables. */
  private cell(j: number, s: number, left: number, sums: number[], rest: bigint, before: bigint) {
    const ways = this.choices[j]?.[s] ?? [];
    const [from, to] = this.range(j, s, left, sums);
    for (let t = from; t <= to; t++) {
      const fixed = before * (ways[t] as bigint);
      const weight = fixed * this.with(j, s, left, sums, t).weight;
      if (rest < weight) return { t, rest, before: fixed };
      rest -= weight;
    }
    throw new RangeError("x is not below the weight of all tables");
  }
}

/** The walk of attempt a: positions [j, s, i] in seat order. */
export function walk(seed: Uint8Array, attempt: number, frame: Frame, tables: Tables): At[] {
  const table = tables.pick(new Stream(streamKey(seed, "table", attempt)).big(tables.weight));
  const out: At[] = [];
  table.forEach((row, j) => row.forEach((count, s) => {
    if (count === 0) return;
    for (const i of order(new Stream(streamKey(seed, "cell", attempt, j, s)), frame.sizes[j]?.[s] ?? 0)) {
      out.push([j, s, i]);
      if (--count === 0) break;
    }
  }));
  return out;
}
