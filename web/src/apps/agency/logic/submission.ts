// One Idempotency-Key per content of the form: a retry of the same content carries the same key, so that a request
// whose answer was lost is not made twice; changed content is another request and gets another key.

export interface Submission {
  readonly key: string;
  readonly body: string;
}

export type Randomness = (bytes: Uint8Array<ArrayBuffer>) => unknown;

const KEY_BYTES = 16;

export function submissionFor(
  body: string,
  earlier: Submission | null,
  fill: Randomness = (bytes) => crypto.getRandomValues(bytes),
): Submission {
  if (earlier !== null && earlier.body === body) return earlier;
  const bytes = new Uint8Array(KEY_BYTES);
  fill(bytes);
  return { key: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""), body };
}
