// Strict Ed25519 (RFC 8032 §5.1.7; draw-proof §1): canonical encodings, s < L, prime-order keys and R, equation without cofactor.

import { ed25519 } from "@noble/curves/ed25519.js";
import { concat, equal, toBigLE, toHex } from "./bytes.ts";
import { sha512 } from "./hash.ts";

export const Point = ed25519.Point;
export type Point = InstanceType<typeof Point>;
export const ORDER = Point.Fn.ORDER;

/** The curve point of 32 bytes, or null when they are no canonical encoding of one. */
export function decodePoint(bytes: Uint8Array): Point | null {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return null;
  }
}

/** The point of a key or of Gamma, or null unless canonical, of prime order and not the identity (draw-proof §1). */
export function decodeKey(bytes: Uint8Array): Point | null {
  const point = decodePoint(bytes);
  return point === null || point.is0() || !point.isTorsionFree() ? null : point;
}

/** k · P for any 0 ≤ k < L; not constant time, all values here are public. */
export function times(point: Point, k: bigint): Point {
  return k === 0n ? Point.ZERO : point.multiplyUnsafe(k);
}

const keys = new Map<string, Point | null>();

function cachedKey(bytes: Uint8Array): Point | null {
  const name = toHex(bytes);
  let point = keys.get(name);
  if (point === undefined) {
    if (keys.size >= 256) keys.clear();
    point = decodeKey(bytes)?.negate() ?? null;
    keys.set(name, point);
  }
  return point;
}

/** Whether `signature` (64 bytes) is one over `message` by the key (32 bytes). Never throws. */
export function verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const minusA = cachedKey(key);
  if (minusA === null || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = toBigLE(signature.subarray(32));
  if (s >= ORDER) return false;
  const k = toBigLE(sha512(concat(r, key, message))) % ORDER;
  // For a prime-order key this sum has prime order too, unless it is the identity.
  const sum = times(Point.BASE, s).add(times(minusA, k));
  return !sum.is0() && equal(sum.toBytes(), r);
}
