// ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381 §5.3, suite 03): verification and proof-to-hash. No proving.

import { decodeKey, decodePoint, ORDER, Point, times } from "./ed25519.ts";
import { concat, equal, toBigLE } from "./bytes.ts";
import { sha512 } from "./hash.ts";

const SUITE = Uint8Array.of(3);
const [ENCODE, CHALLENGE, HASH] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
const END = Uint8Array.of(0);

type CurvePoint = InstanceType<typeof Point>;

/** Whether 32 bytes are a VRF key: canonical, of prime order, not the identity (draw-proof §1). */
export function isVrfKey(key: Uint8Array): boolean {
  return decodeKey(key) !== null;
}

/** RFC 9381 §5.4.1.1, try and increment. */
function encodeToCurve(key: Uint8Array, alpha: Uint8Array): CurvePoint | null {
  for (let counter = 0; counter < 256; counter++) {
    const digest = sha512(concat(SUITE, ENCODE, key, alpha, Uint8Array.of(counter), END));
    const point = decodePoint(digest.subarray(0, 32))?.clearCofactor();
    if (point !== undefined && !point.is0()) return point;
  }
  return null;
}

/** beta (64 bytes) of a valid proof of 80 bytes by `key` over `alpha`; null when anything is wrong. */
export function vrfOutput(key: Uint8Array, alpha: Uint8Array, proof: Uint8Array): Uint8Array | null {
  const y = decodeKey(key);
  const gamma = proof.length === 80 ? decodeKey(proof.subarray(0, 32)) : null;
  const s = toBigLE(proof.subarray(48));
  const h = y === null ? null : encodeToCurve(key, alpha);
  if (y === null || gamma === null || h === null || s >= ORDER) return null;
  const challenge = proof.subarray(32, 48);
  const c = toBigLE(challenge);
  const u = times(Point.BASE, s).subtract(times(y, c));
  const v = times(h, s).subtract(times(gamma, c));
  const points = [h, gamma, u, v].map((point) => point.toBytes());
  const again = sha512(concat(SUITE, CHALLENGE, key, ...points, END)).subarray(0, 16);
  if (!equal(again, challenge)) return null;
  return sha512(concat(SUITE, HASH, gamma.clearCofactor().toBytes(), END));
}
