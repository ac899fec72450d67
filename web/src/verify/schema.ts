// Small decoders for strict schemas: each takes a JSON value and returns it typed, or throws ShapeError with the path.
// An object has exactly the named members. No value is changed, filled in or dropped.

import type { Json, JsonObject } from "./json.ts";

/** A value that is not as the page says; the message is the path and the rule, never the value. */
export class ShapeError extends Error {}

export type Decoder<T> = (value: Json, path: string) => T;
export type Of<D> = D extends Decoder<infer T> ? T : never;

export function refuse(path: string, rule: string): never {
  throw new ShapeError(`${path || "top level"}: ${rule}`);
}

export function object<S extends Record<string, Decoder<unknown>>>(shape: S): Decoder<{ readonly [K in keyof S]: Of<S[K]> }> {
  const keys = Object.keys(shape);
  return (value, path) => {
    const given = members(value, path);
    for (const key of Object.keys(given)) if (!Object.hasOwn(shape, key)) refuse(path, "a member that is not allowed");
    const out = Object.create(null) as Record<string, unknown>;
    for (const key of keys) {
      const member = given[key];
      if (member === undefined) refuse(path, `member ${key} is missing`);
      out[key] = (shape[key] as Decoder<unknown>)(member, path === "" ? key : `${path}.${key}`);
    }
    return out as { readonly [K in keyof S]: Of<S[K]> };
  };
}

export function members(value: Json, path: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(path, "must be an object");
  return value as JsonObject;
}

export function list<T>(item: Decoder<T>, max: number, min = 0): Decoder<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) refuse(path, "must be a list");
    const values = value as readonly Json[];
    if (values.length > max || values.length < min) refuse(path, `must have ${min} to ${max} members`);
    return values.map((one, i) => item(one, `${path}[${i}]`));
  };
}

export function nullable<T>(inner: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null ? null : inner(value, path));
}

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Decoder<number> {
  return (value, path) => {
    if (typeof value !== "number" || value < min || value > max) refuse(path, `must be an integer from ${min} to ${max}`);
    return value;
  };
}

export const bool: Decoder<boolean> = (value, path) => {
  if (typeof value !== "boolean") refuse(path, "must be true or false");
  return value;
};

export function oneOf<const T extends readonly string[]>(...words: T): Decoder<T[number]> {
  return (value, path) => {
    if (typeof value !== "string" || !words.includes(value)) refuse(path, `must be one of ${words.join(", ")}`);
    return value;
  };
}

export function matching(pattern: RegExp, rule: string): Decoder<string> {
  return (value, path) => {
    if (typeof value !== "string" || !pattern.test(value)) refuse(path, rule);
    return value;
  };
}

/** Lowercase hexadecimal of exactly `size` bytes. */
export function hex(size: number): Decoder<string> {
  return matching(new RegExp(`^[0-9a-f]{${2 * size}}$`), `must be ${size} bytes in lowercase hexadecimal`);
}

/** Refuses a list in which two members have the same key. */
export function unique<T>(items: Decoder<readonly T[]>, key: (item: T) => string): Decoder<readonly T[]> {
  return (value, path) => {
    const out = items(value, path);
    if (new Set(out.map(key)).size !== out.length) refuse(path, "a member stands twice");
    return out;
  };
}
