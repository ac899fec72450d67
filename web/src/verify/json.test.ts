import { describe, expect, it } from "vitest";
import { canonical, JsonError, readCanonical } from "./json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string) => readCanonical(bytes(text), 1 << 20);
const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

describe("canonical JSON", () => {
  it.each(['{"a":1,"b":[true,false,null,"é\\n\\u001f\\\\\\""]}', "-9007199254740991", '""', deep(32), '{"\u20ac":1,"\ud83d\ude00":2,"\ufb33":3}'])(
    "reads %s and writes the same bytes",
    (text) => expect(canonical(read(text))).toEqual(bytes(text)),
  );

  it.each([
    ["a doubled key", '{"a":1,"a":2}'],
    ["keys out of order", '{"b":1,"a":2}'],
    ["keys ordered by code point instead of code unit", '{"\ufb33":1,"\ud83d\ude00":2}'],
    ["a float", "1.0"],
    ["an exponent", "1e3"],
    ["a huge integer", "9007199254740992"],
    ["an endless integer", "1".repeat(400)],
    ["minus zero", "-0"],
    ["a leading zero", "01"],
    ["white space", "[1, 2]"],
    ["a byte order mark", "\ufeff[]"],
    ["a lone surrogate", '"\\ud800"'],
    ["an escape that needs none", '"\\u0041"'],
    ["an escaped slash", '"\\/"'],
    ["an upper-case escape", '"\\u001F"'],
    ["a long escape for a short one", '"\\u000a"'],
    ["a raw control character", '"\u0001"'],
    ["nesting beyond 32", deep(33)],
    ["nesting without end", "[".repeat(100_000)],
    ["a second value", "{}{}"],
    ["an unfinished object", '{"a":1'],
    ["an unfinished string", '"a'],
    ["a trailing comma", "[1,]"],
    ["NaN", "NaN"],
    ["nothing", ""],
  ])("refuses %s", (_, text) => expect(() => read(text)).toThrow(JsonError));

  it("refuses bytes that are not UTF-8, among them an encoded surrogate", () => {
    for (const raw of [[0x22, 0xff, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0xaf, 0x22]]) {
      expect(() => readCanonical(Uint8Array.from(raw), 100)).toThrow(JsonError);
    }
  });

  it("refuses one byte above the limit before reading", () => {
    expect(() => readCanonical(bytes("[1,2]"), 4)).toThrow("larger");
  });

  it("takes __proto__ as an ordinary key", () => {
    const value = read('{"__proto__":{"x":1}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});
