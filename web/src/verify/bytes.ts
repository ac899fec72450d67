// Bytes: hexadecimal, big-endian integers, joining and comparing. All inputs are already checked by the caller.

const DIGITS = "0123456789abcdef";

/** Lowercase hexadecimal of any bytes. */
export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  return out;
}

function nibble(code: number): number {
  return code <= 57 ? code - 48 : code - 87;
}

/** Bytes of a lowercase hexadecimal text of even length (shape checked before by the schema). */
export function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(text.length >> 1);
  for (let i = 0; i < out.length; i++) {
    out[i] = (nibble(text.charCodeAt(2 * i)) << 4) | nibble(text.charCodeAt(2 * i + 1));
  }
  return out;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const encoder = new TextEncoder();

/** UTF-8 bytes of a text without lone surrogates. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Four bytes, most significant first, of 0 ≤ n < 2^32. */
export function u32be(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
}

/** Eight bytes, most significant first, of 0 ≤ n < 2^53. */
export function u64be(n: number): Uint8Array {
  return concat(u32be(Math.floor(n / 0x1_0000_0000)), u32be(n % 0x1_0000_0000));
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Order of two byte strings of equal length: negative, zero or positive. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Unsigned big-endian value of up to 64 bytes. */
export function toBigBE(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt("0x" + toHex(bytes));
}

/** Unsigned little-endian value. */
export function toBigLE(bytes: Uint8Array): bigint {
  return toBigBE(Uint8Array.from(bytes).reverse());
}
