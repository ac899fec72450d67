// Canonical JSON (RFC 8785) without floats, §1: a reader that accepts canonical bytes only, and the writer C(v).
//
// The reader does not repair and does not compare afterwards: at every byte only the canonical continuation is accepted.
// Keys must ascend strictly by UTF-16 code units, so a doubled key is out of order. Objects have no prototype.

import { utf8 } from "./bytes.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Why bytes are not canonical JSON; `reason` is English and names no content. */
export class JsonError extends Error {}

const MAX_DEPTH = 32;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };
const LONG_ESCAPE = /^00(?:0[0-7be-f]|1[0-9a-f])$/;
const INTEGER = /-?(?:0|[1-9][0-9]*)/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): Json {
    const value = this.value(0);
    if (this.at !== this.text.length) throw new JsonError(`bytes after the end of the JSON value, at character ${this.at}`);
    return value;
  }

  private value(depth: number): Json {
    const c = this.text[this.at];
    if (c === "{") return this.object(depth + 1);
    if (c === "[") return this.array(depth + 1);
    if (c === '"') return this.string();
    if (c === "t") return this.literal("true", true);
    if (c === "f") return this.literal("false", false);
    if (c === "n") return this.literal("null", null);
    return this.integer();
  }

  private literal<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.unexpected();
    this.at += word.length;
    return value;
  }

  private integer(): number {
    INTEGER.lastIndex = this.at;
    const digits = INTEGER.exec(this.text)?.[0];
    if (digits === undefined) throw this.unexpected();
    this.at += digits.length;
    const next = this.text[this.at];
    if (next === "." || next === "e" || next === "E") throw new JsonError(`a number with fraction or exponent, at character ${this.at}`);
    const value = Number(digits);
    if (digits.length > 17 || !Number.isSafeInteger(value)) throw new JsonError("an integer beyond ±(2^53 − 1)");
    if (digits === "-0") throw new JsonError("minus zero");
    return value;
  }

  private string(): string {
    this.at++;
    let out = "";
    for (;;) {
      PLAIN.lastIndex = this.at;
      const run = PLAIN.exec(this.text)?.[0] ?? "";
      out += run;
      this.at += run.length;
      const c = this.text[this.at];
      if (c === '"') break;
      if (c !== "\\") throw this.unexpected();
      out += this.escape();
    }
    this.at++;
    return out;
  }

  private escape(): string {
    const kind = this.text[this.at + 1] ?? "";
    const short = Object.hasOwn(SHORT_ESCAPES, kind) ? SHORT_ESCAPES[kind] : undefined;
    if (short !== undefined) {
      this.at += 2;
      return short;
    }
    const code = this.text.slice(this.at + 2, this.at + 6);
    if (kind !== "u" || !LONG_ESCAPE.test(code)) throw new JsonError(`an escape that is not canonical, at character ${this.at}`);
    this.at += 6;
    return String.fromCharCode(parseInt(code, 16));
  }

  private array(depth: number): Json[] {
    this.enter(depth);
    const out: Json[] = [];
    if (this.text[this.at] === "]") {
      this.at++;
      return out;
    }
    for (;;) {
      out.push(this.value(depth));
      if (this.ends("]")) return out;
    }
  }

  private object(depth: number): JsonObject {
    this.enter(depth);
    const out = Object.create(null) as Record<string, Json>;
    if (this.text[this.at] === "}") {
      this.at++;
      return out;
    }
    let last: string | null = null;
    for (;;) {
      if (this.text[this.at] !== '"') throw this.unexpected();
      const key = this.string();
      if (key === last) throw new JsonError("a key stands twice in one object");
      if (last !== null && key < last) throw new JsonError("keys are not in canonical order");
      last = key;
      if (this.text[this.at] !== ":") throw this.unexpected();
      this.at++;
      out[key] = this.value(depth);
      if (this.ends("}")) return out;
    }
  }

  private enter(depth: number): void {
    if (depth > MAX_DEPTH) throw new JsonError(`nested deeper than ${MAX_DEPTH}`);
    this.at++;
  }

  private ends(close: string): boolean {
    const c = this.text[this.at];
    if (c !== close && c !== ",") throw this.unexpected();
    this.at++;
    return c === close;
  }

  private unexpected(): JsonError {
    return new JsonError(this.at >= this.text.length ? "the JSON value ends too early" : `not canonical JSON at character ${this.at}`);
  }
}

/** The value of canonical JSON bytes of at most `limit` bytes. Throws JsonError for anything else. */
export function readCanonical(bytes: Uint8Array, limit: number): Json {
  if (bytes.length > limit) throw new JsonError(`larger than ${limit} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new JsonError("not UTF-8");
  }
  return new Reader(text).document();
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const record = value as Record<string, unknown>;
    const members = Object.keys(record).sort().map((key) => `${JSON.stringify(key)}:${write(record[key])}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** C(v), the RFC 8785 bytes of a value that the reader gave or that is made of such values. */
export function canonical(value: unknown): Uint8Array {
  return utf8(write(value));
}
