// Tells the five kinds of file apart by their own format member, so that the reader need not.

import type { Options } from "../../../verify/verify.ts";

export type Kind = "bundle" | keyof Options;

/** Bytes of the largest file the format knows. */
export const MAX_FILE = 256 * 1024 * 1024;

const MARKS: readonly (readonly [Kind, string])[] = [
  ["poolFile", '"format":"qt/1 pool-file"'],
  ["receipt", '"format":"qt/1 receipt"'],
  ["reply", '"format":"qt/1 reply-receipt"'],
  ["trust", '"format":"qt/1 trust"'],
];

function indexOf(bytes: Uint8Array, mark: string): number {
  const wanted = new TextEncoder().encode(mark);
  const [first] = wanted;
  for (let at = bytes.indexOf(first ?? 0); at >= 0; at = bytes.indexOf(first ?? 0, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** What a file says it is; anything else counts as a bundle and is judged by check 1. */
export function kindOf(bytes: Uint8Array): Kind {
  return MARKS.find(([, mark]) => indexOf(bytes, mark) >= 0)?.[0] ?? "bundle";
}
