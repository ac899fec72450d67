// Recomputes a conformance file (selection streams and draws, or drand rounds) and names what differs.
// Takes any JSON of those two shapes; a file of another shape gives an error, not a match.

import { fromHex, toHex } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import { order, Stream, streamKey, Tables, walk, MAX_ATTEMPTS, type Frame } from "./select.ts";
import { verifyRound, type Chain } from "./drand.ts";
import type { At } from "./shapes.ts";

export interface Outcome {
  readonly computed: unknown;
  /** Paths at which the file says something else. */
  readonly mismatches: readonly string[];
}

interface DrawVector {
  readonly seed: string;
  readonly rows: readonly number[];
  readonly site_min: readonly number[];
  readonly site_max: readonly number[];
  readonly employer_cap: number;
  readonly cell_sizes: readonly (readonly number[])[];
  readonly tag: string;
}

interface SelectionVectors {
  readonly seed: string;
  readonly stream: { readonly label: string; readonly ints: readonly number[]; readonly words: readonly string[] };
  readonly below: { readonly m: string; readonly values: readonly string[] };
  readonly orders: readonly { readonly m: number; readonly first: readonly number[] }[];
  readonly big: readonly { readonly label: string; readonly ints: readonly number[]; readonly W: string }[];
  readonly draws: readonly DrawVector[];
}

interface RoundVector {
  readonly round: number;
  readonly signature: string;
  readonly previous_signature?: string;
  readonly randomness: string | null;
}

type BeaconVectors = Readonly<Record<Chain, { readonly rounds: readonly RoundVector[] }>>;

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

function draw(vector: DrawVector): unknown {
  const modulus = Number(/^leaf index mod ([0-9]+)$/.exec(vector.tag)?.[1]);
  const { rows, site_min, site_max, cell_sizes, employer_cap, seed } = vector;
  const frame: Frame = { seats: rows, min: site_min, max: site_max, sizes: cell_sizes };
  const tables = new Tables(frame);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const positions = walk(fromHex(seed), attempt, frame, tables);
    const indexes = positions.map((position) => leafIndex(cell_sizes, position));
    if (conflicts(indexes.map((n) => n % modulus), employer_cap)) continue;
    return { ...vector, accepted_attempt: attempt, panel: positions.map(([j, s], q) => [j, s, indexes[q]]) };
  }
  throw new RangeError("no attempt is accepted");
}

function selection(file: SelectionVectors): unknown {
  const seed = fromHex(file.seed);
  const key = streamKey(seed, file.stream.label, ...file.stream.ints);
  const words = new Stream(key);
  const below = new Stream(key);
  return {
    seed: file.seed,
    stream: {
      ...file.stream,
      key: toHex(key),
      words: times(file.stream.words.length, () => words.word().toString(16).padStart(16, "0")),
    },
    below: { m: file.below.m, values: times(file.below.values.length, () => below.below(BigInt(file.below.m)).toString()) },
    orders: file.orders.map(({ m, first }) => ({ m, first: firstOf(m, first.length, new Stream(key)) })),
    big: file.big.map((one) => ({
      ...one,
      value: new Stream(streamKey(seed, one.label, ...one.ints)).big(BigInt(one.W)).toString(),
    })),
    draws: file.draws.map(draw),
  };
}

function beacon(file: BeaconVectors): unknown {
  const rounds = (chain: Chain): unknown[] => file[chain].rounds.map((one) => {
    const valid = verifyRound({ chain, round: one.round, signature: one.signature, previous: one.previous_signature ?? null });
    const randomness = one.randomness === null ? null : toHex(sha256(fromHex(one.signature)));
    return { ...one, signature: valid ? one.signature : "does not verify", randomness };
  });
  return {
    ...file,
    quicknet: { ...file.quicknet, rounds: rounds("quicknet") },
    default: { ...file.default, rounds: rounds("default") },
  };
}

function differences(expected: unknown, got: unknown, path: string): string[] {
  const both = [expected, got];
  if (both.some((value) => typeof value !== "object" || value === null)) return expected === got ? [] : [path];
  const [a, b] = both as [Record<string, unknown>, Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const member = (key: string): string => (Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  return keys.flatMap((key) => differences(a[key], b[key], member(key)));
}

/** Computes the file's values anew. Throws TypeError, RangeError or SyntaxError when it is of neither shape. */
export function runVectors(bytes: Uint8Array): Outcome {
  const file = JSON.parse(new TextDecoder().decode(bytes)) as SelectionVectors | BeaconVectors;
  const computed = "draws" in file ? selection(file) : beacon(file);
  return { computed, mismatches: differences(file, computed, "") };
}
