// Readers: each takes a value out of foreign JSON, or throws with the place where it does not hold together. What a
// reader does not name is not carried on; every text and every list has a limit.

/** A frame that is none. `message` is the place, never the content. */
export class FrameError extends Error {}

export type Reader<T> = (value: unknown, at: string) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;

const fail = (at: string): never => {
  throw new FrameError(at || "/");
};

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text =
  (most: number): Reader<string> =>
  (value, at) =>
    typeof value === "string" && value.length <= most ? value : fail(at);

export const int: Reader<number> = (value, at) => (Number.isSafeInteger(value) ? (value as number) : fail(at));

export const count: Reader<number> = (value, at) => {
  const found = int(value, at);
  return found >= 0 ? found : fail(at);
};

export const flag: Reader<boolean> = (value, at) => (typeof value === "boolean" ? value : fail(at));

export const choice =
  <T extends string>(...known: readonly T[]): Reader<T> =>
  (value, at) =>
    known.find((one) => one === value) ?? fail(at);

export const matching =
  (form: RegExp): Reader<string> =>
  (value, at) =>
    typeof value === "string" && form.test(value) ? value : fail(at);

export const orNull =
  <T>(of: Reader<T>): Reader<T | null> =>
  (value, at) =>
    value === null ? null : of(value, at);

/** A member that may be absent: null then. */
export const maybe =
  <T>(of: Reader<T>): Reader<T | null> =>
  (value, at) =>
    value === undefined || value === null ? null : of(value, at);

export const array =
  <T>(of: Reader<T>, most: number): Reader<readonly T[]> =>
  (value, at) =>
    Array.isArray(value) && value.length <= most ? value.map((one, index) => of(one, `${at}/${index}`)) : fail(at);

export const record =
  <T extends object>(members: { readonly [K in keyof T]: Reader<T[K]> }): Reader<T> =>
  (value, at) => {
    if (!isRecord(value)) return fail(at);
    const found: Partial<T> = {};
    for (const name in members) {
      found[name] = members[name](Object.hasOwn(value, name) ? value[name] : undefined, `${at}/${name}`);
    }
    return found as T;
  };

/** An object whose names are data: given as a Map, so that no name can be one of the language's own. */
export const table =
  <T>(of: Reader<T>, most: number): Reader<ReadonlyMap<string, T>> =>
  (value, at) => {
    if (!isRecord(value)) return fail(at);
    const names = Object.keys(value);
    if (names.length > most) return fail(at);
    return new Map(names.map((name) => [name, of(value[name], at)]));
  };
