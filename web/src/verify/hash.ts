// The tagged hash H, HMAC-SHA-256 and the field commitment of the draw proof, §1 and §3.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concat, toHex, utf8 } from "./bytes.ts";

const ZERO = Uint8Array.of(0);

export { sha256, sha512 };

/** H(tag, a, b, …) = SHA-256(ascii(tag) ‖ 00 ‖ a ‖ b ‖ …), 32 bytes. */
export function tagged(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concat(utf8(tag), ZERO, ...parts));
}

/** As `tagged`, in lowercase hexadecimal. */
export function taggedHex(tag: string, ...parts: readonly Uint8Array[]): string {
  return toHex(tagged(tag, ...parts));
}

export function hmac256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(sha256, key, message);
}

/** HMAC(key, label ‖ 00 ‖ a ‖ b ‖ …), the shape of every keyed value of §5 to §8. */
export function keyed(key: Uint8Array, label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmac256(key, concat(utf8(label), ZERO, ...parts));
}
