// Recomputes a conformance file (selection streams and draws, or drand rounds) and names what differs.
// Takes any of the members stream, below, orders, big, draws, quicknet, default; a file with none of them, or with
// one of another shape, gives an error, not a match. A draw that no panel can fill has null as its answer; an
// answer stated as null is filled in. Whole numbers beyond 2^53 have to be text: as JSON numbers they are refused.

import { fromHex, toHex } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import { order, Stream, streamKey, Tables, walk, MAX_ATTEMPTS, type Frame } from "./select.ts";
import { constants, verifyRound, type Chain } from "./drand.ts";
import type { At } from "./shapes.ts";

export interface Outcome {
  readonly computed: unknown;
  /** Paths at which the file says something else. */
  readonly mismatches: readonly string[];
}

interface DrawVector {
  readonly seed?: string;
  readonly rows: readonly number[];
  readonly site_min: readonly number[];
  readonly site_max: readonly number[];
  readonly employer_cap: number;
  readonly cell_sizes: readonly (readonly number[])[];
  readonly tag: string;
}

/** An item may name its own stream; otherwise the file's one stream serves. */
interface OwnStream {
  readonly seed?: string;
  readonly label?: string;
  readonly ints?: readonly number[];
}

interface Below extends OwnStream {
  readonly m: string | number;
  readonly values: readonly string[];
}

interface SelectionVectors {
  readonly seed?: string;
  readonly stream?: { readonly label: string; readonly ints: readonly number[]; readonly words: readonly string[] };
  readonly below?: Below | readonly Below[];
  readonly orders?: readonly (OwnStream & { readonly m: string | number; readonly first: readonly number[] })[];
  readonly big?: readonly (OwnStream & { readonly W: string | number })[];
  readonly draws?: readonly DrawVector[];
}

interface RoundVector {
  readonly round: number;
  readonly signature: string;
  readonly previous_signature?: string;
  readonly randomness: string | null;
}

type BeaconVectors = Readonly<Partial<Record<Chain, { readonly rounds: readonly RoundVector[] }>>>;

function whole(value: string | number): bigint {
  if (typeof value === "number" ? !Number.isSafeInteger(value) : !/^[0-9]+$/.test(value)) throw new TypeError("no exact whole number");
  return BigInt(value);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function firstOf(m: number, count: number, stream: Stream): number[] {
  const out: number[] = [];
  for (const i of order(stream, m)) if (out.push(i) === count) break;
  return out;
}

/** Index over all cells joined in (j, s) order. */
function leafIndex(sizes: readonly (readonly number[])[], [j, s, i]: At): number {
  const before = sizes.slice(0, j).flat().concat(sizes[j]?.slice(0, s) ?? []);
  return before.reduce((sum, size) => sum + size, i);
}

function conflicts(tags: readonly number[], cap: number): boolean {
  return tags.some((tag) => tags.filter((other) => other === tag).length > cap);
}

function draw(file: SelectionVectors, vector: DrawVector): unknown {
  const modulus = Number(/^leaf index mod ([1-9][0-9]*)$/.exec(vector.tag)?.[1]);
  if (!Number.isSafeInteger(modulus)) throw new TypeError("tag is not `leaf index mod N`");
  const { rows, site_min, site_max, cell_sizes, employer_cap } = vector;
  const seed = fromHex(stated(vector.seed ?? file.seed));
  const frame: Frame = { seats: rows, min: site_min, max: site_max, sizes: cell_sizes };
  const tables = new Tables(frame);
  for (let attempt = 0; tables.weight > 0n && attempt < MAX_ATTEMPTS; attempt++) {
    const positions = walk(seed, attempt, frame, tables);
    const indexes = positions.map((position) => leafIndex(cell_sizes, position));
    if (conflicts(indexes.map((n) => n % modulus), employer_cap)) continue;
    return { ...vector, accepted_attempt: attempt, panel: positions.map(([j, s], q) => [j, s, indexes[q]]) };
  }
  return { ...vector, accepted_attempt: null, panel: null };
}

function stated<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("a member is missing");
  return value;
}

function keyOf(file: SelectionVectors, item: OwnStream): Uint8Array {
  const source = item.label === undefined ? stated(file.stream) : item;
  return streamKey(fromHex(stated(item.seed ?? file.seed)), stated(source.label), ...stated(source.ints));
}

function belowOf(file: SelectionVectors, item: Below): unknown {
  const stream = new Stream(keyOf(file, item));
  return { ...item, values: times(item.values.length, () => stream.below(whole(item.m)).toString()) };
}

function streamOf(file: SelectionVectors): unknown {
  const vector = stated(file.stream);
  const key = keyOf(file, vector);
  const words = new Stream(key);
  return { ...vector, key: toHex(key), words: times(vector.words.length, () => words.word().toString(16).padStart(16, "0")) };
}

const MEMBERS: Readonly<Record<string, (file: SelectionVectors) => unknown>> = {
  stream: streamOf,
  below: (file) => {
    const below = stated(file.below);
    return Array.isArray(below) ? (below as readonly Below[]).map((one) => belowOf(file, one)) : belowOf(file, below as Below);
  },
  orders: (file) => stated(file.orders).map((one) => ({ ...one, first: firstOf(Number(whole(one.m)), one.first.length, new Stream(keyOf(file, one))) })),
  big: (file) => stated(file.big).map((one) => ({ ...one, value: new Stream(keyOf(file, one)).big(whole(one.W)).toString() })),
  draws: (file) => stated(file.draws).map((one) => draw(file, one)),
};

function chain(file: BeaconVectors, name: Chain): unknown {
  const vector = stated(file[name]);
  const rounds = vector.rounds.map((one) => {
    const valid = verifyRound({ chain: name, round: one.round, signature: one.signature, previous: one.previous_signature ?? null });
    return { ...one, verified: valid, randomness: valid ? toHex(sha256(fromHex(one.signature))) : null };
  });
  const known = Object.entries(constants(name)).filter(([member]) => member in vector);
  return { ...vector, ...Object.fromEntries(known), rounds };
}

function recompute(file: SelectionVectors & BeaconVectors): Record<string, unknown> {
  const computed: Record<string, unknown> = {};
  for (const [name, compute] of Object.entries(MEMBERS)) if (name in file) computed[name] = compute(file);
  for (const name of ["quicknet", "default"] as const) if (name in file) computed[name] = chain(file, name);
  if (Object.keys(computed).length === 0) throw new TypeError("no member that can be recomputed");
  return { ...file, ...computed };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A round says nothing of `verified`, or that it is: then it has to be; what else is null or absent is filled in. */
function differences(expected: unknown, got: unknown, path: string): string[] {
  if (isObject(expected) && isObject(got)) {
    return Object.keys(got).flatMap((key) => differences(expected[key], got[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length) {
    return got.flatMap((one: unknown, index) => differences(expected[index], one, `${path}[${index}]`));
  }
  if (path.endsWith(".verified")) return got === (expected ?? true) ? [] : [path];
  return expected === null || expected === undefined || expected === got ? [] : [path];
}

/** Computes the file's values anew. Throws TypeError, RangeError or SyntaxError when it is of neither shape. */
export function runVectors(bytes: Uint8Array): Outcome {
  const file = JSON.parse(new TextDecoder().decode(bytes)) as SelectionVectors & BeaconVectors;
  const computed = recompute(file);
  return { computed, mismatches: differences(file, computed, "") };
}
