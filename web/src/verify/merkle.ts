// Merkle trees of RFC 6962 §2.1 with SHA-256: roots, inclusion and consistency. Sizes are below 2^53.

import { concat, equal } from "./bytes.ts";
import { sha256 } from "./hash.ts";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concat(LEAF, leaf));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE, left, right));
}

/** Root over leaf hashes; the empty tree has SHA-256(""). */
export function treeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array(0));
  let level = hashes;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) next.push(nodeHash(level[i] as Uint8Array, level[i + 1] as Uint8Array));
    if (level.length % 2 === 1) next.push(level[level.length - 1] as Uint8Array);
    level = next;
  }
  return level[0] as Uint8Array;
}

const half = (n: number): number => Math.floor(n / 2);
const odd = (n: number): boolean => n % 2 === 1;

/** Whether the proof leads from the leaf hash at `index` to `root` of a tree of `size` leaves (RFC 9162 §2.1.3.2). */
export function included(hash: Uint8Array, index: number, size: number, proof: readonly Uint8Array[], root: Uint8Array): boolean {
  if (index >= size) return false;
  let [fn, sn, r] = [index, size - 1, hash];
  for (const step of proof) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      r = nodeHash(step, r);
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = nodeHash(r, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(r, root);
}

/** Whether the tree (m, before) is a beginning of the tree (n, after), 0 < m ≤ n (RFC 9162 §2.1.4.2). */
export function consistent(m: number, before: Uint8Array, n: number, after: Uint8Array, proof: readonly Uint8Array[]): boolean {
  if (m === 0 || m > n) return false;
  if (m === n) return proof.length === 0 && equal(before, after);
  let [fn, sn] = [m - 1, n - 1];
  while (odd(fn)) [fn, sn] = [half(fn), half(sn)];
  const steps = fn === 0 ? [before, ...proof] : proof;
  const first = steps[0];
  if (first === undefined || (fn === 0 && proof.length === 0)) return false;
  let [fr, sr] = [first, first];
  for (const step of steps.slice(1)) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      [fr, sr] = [nodeHash(step, fr), nodeHash(step, sr)];
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(fr, before) && equal(sr, after);
}
