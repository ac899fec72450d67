// The two drand chains of §6: parameters, round times and BLS12-381 verification of one round's signature.
// Public keys are those of the public League of Entropy network.

import { bls12_381 } from "@noble/curves/bls12-381.js";
import { concat, fromHex, u64be } from "./bytes.ts";
import { sha256 } from "./hash.ts";

export type Chain = "quicknet" | "default";

export interface Round {
  readonly chain: Chain;
  readonly round: number;
  readonly signature: string;
  readonly previous: string | null;
}

const GENESIS_SEED_BYTES = 32;
const CHAINS = {
  quicknet: {
    genesis: 1692803367,
    period: 3,
    key:
      "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451" +
      "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    dst: "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_",
    signatureBytes: 48,
  },
  default: {
    genesis: 1595431050,
    period: 30,
    key: "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
    dst: "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_",
    signatureBytes: 96,
  },
} as const;

/** What a conformance file may state of a chain. */
export function constants(chain: Chain): Readonly<Record<string, string | number>> {
  const { genesis, period, key } = CHAINS[chain];
  return { public_key: key, period_s: period, genesis };
}

/** time(R) = genesis + (R − 1) · period, seconds since 1970; exact for every R below 2^53. */
export function roundTime(chain: Chain, round: number): bigint {
  const { genesis, period } = CHAINS[chain];
  return BigInt(genesis) + (BigInt(round) - 1n) * BigInt(period);
}

function message({ chain, round, previous }: Round): Uint8Array | null {
  if (chain === "quicknet") return previous === null ? sha256(u64be(round)) : null;
  const size = round === 1 ? GENESIS_SEED_BYTES : CHAINS.default.signatureBytes;
  return previous?.length === 2 * size ? sha256(concat(fromHex(previous), u64be(round))) : null;
}

/** Whether the round carries the chain's own signature. Never throws. */
export function verifyRound(round: Round): boolean {
  const { key, dst, signatureBytes } = CHAINS[round.chain];
  const digest = message(round);
  if (digest === null || round.signature.length !== 2 * signatureBytes) return false;
  const signature = fromHex(round.signature);
  try {
    if (round.chain === "quicknet") return verifyShort(signature, digest, fromHex(key), dst);
    return verifyLong(signature, digest, fromHex(key), dst);
  } catch {
    return false;
  }
}

function verifyShort(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, dst: string): boolean {
  const { shortSignatures, G1, G2 } = bls12_381;
  const point = G1.Point.fromBytes(signature);
  if (point.is0() || !point.isTorsionFree()) return false;
  return shortSignatures.verify(point, shortSignatures.hash(digest, dst), G2.Point.fromBytes(key));
}

function verifyLong(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, dst: string): boolean {
  const { longSignatures, G1, G2 } = bls12_381;
  const point = G2.Point.fromBytes(signature);
  if (point.is0() || !point.isTorsionFree()) return false;
  return longSignatures.verify(point, longSignatures.hash(digest, dst), G1.Point.fromBytes(key));
}

/** A genuine round; verifying it once makes the engine ready, so that the first proof is as fast as later ones. */
const KNOWN_ROUND: Round = {
  chain: "quicknet",
  round: 1000,
  signature: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
  previous: null,
};

/** Self-test of the pairing code on a genuine round. */
export function selfTest(): boolean {
  return verifyRound(KNOWN_ROUND);
}
