import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runVectors } from "./conformance.ts";
import { binomial, Tables, TooManyTables, type Frame } from "./select.ts";

const file = (name: string): Uint8Array => readFileSync(new URL(`../../../tests/vectors/${name}`, import.meta.url));

describe("selection", () => {
  it.each(["uniform-1.json", "drand.json"])("gives the values of %s", (name) => {
    expect(runVectors(file(name)).mismatches).toEqual([]);
  });

  it("finds a mismatch when a vector is altered", () => {
    const altered = new TextDecoder().decode(file("uniform-1.json")).replace('"accepted_attempt": 42', '"accepted_attempt": 41');
    expect(runVectors(new TextEncoder().encode(altered)).mismatches).toEqual(["draws[1].accepted_attempt"]);
  });

  it("counts and picks the tables that a plain listing gives, in the same order", () => {
    const frame: Frame = { seats: [2, 3], min: [1, 0, 0], max: [3, 2, 4], sizes: [[4, 0, 2], [3, 2, 5]] };
    const listed = list(frame);
    const tables = new Tables(frame);
    expect(tables.weight).toBe(listed.reduce((sum, one) => sum + one.weight, 0n));
    let from = 0n;
    for (const { table, weight } of listed) {
      expect(tables.pick(from)).toEqual(table);
      expect(tables.pick(from + weight - 1n)).toEqual(table);
      from += weight;
    }
    expect(() => tables.pick(from)).toThrow(RangeError);
  });

  it("agrees with a plain listing on small requests of every kind", () => {
    let state = 1;
    const below = (n: number): number => (state = (state * 48271) % 2147483647) % n;
    let possible = 0;
    for (let round = 0; round < 400; round++) {
      const sites = 1 + below(3);
      const min = Array.from({ length: sites }, () => below(3));
      const frame: Frame = {
        seats: [1 + below(3), 1 + below(3)], min, max: min.map((least) => least + below(3)),
        sizes: [0, 1].map(() => min.map(() => below(5))),
      };
      const listed = list(frame);
      const tables = new Tables(frame);
      expect(tables.weight).toBe(listed.reduce((sum, one) => sum + one.weight, 0n));
      let from = 0n;
      for (const { table, weight } of listed) {
        expect(tables.pick(from)).toEqual(table);
        from += weight;
      }
      if (listed.length > 0) possible++;
    }
    expect(possible).toBeGreaterThan(80);
  });

  const flat = (seats: number[], sites: number, min: number, max: number): Frame => ({
    seats, min: new Array<number>(sites).fill(min), max: new Array<number>(sites).fill(max),
    sizes: seats.map(() => new Array<number>(sites).fill(9)),
  });

  it.each([
    ["forty seats, two or three at each of sixteen sites", flat([40], 16, 2, 3)],
    ["exactly three at each of twelve sites", flat([33, 3], 12, 3, 3)],
    ["two halves, one at each of sixteen sites", flat([8, 8], 16, 1, 1)],
    ["two strata over twelve open sites", flat([5, 1], 12, 0, 6)],
  ])("weighs narrow quotas that a producer may seal: %s", (_, frame) => {
    expect(new Tables(frame).weight).toBeGreaterThan(0n);
  });

  it("refuses more than 2^16 tables, however quickly they could be counted", () => {
    expect(() => new Tables(flat(new Array<number>(16).fill(1), 3, 0, 16))).toThrow(TooManyTables);
    expect(new Tables(flat(new Array<number>(10).fill(1), 3, 0, 10)).weight).toBe(27n ** 10n);
  });

  it("gives up on a request that would need endless counting", () => {
    const many = new Array<number>(16);
    const frame: Frame = {
      seats: many.fill(6), min: new Array<number>(16).fill(0), max: new Array<number>(16).fill(96),
      sizes: Array.from({ length: 16 }, () => new Array<number>(16).fill(1000)),
    };
    expect(() => new Tables(frame)).toThrow(TooManyTables);
  });
});

function list({ seats, min, max, sizes }: Frame): { table: number[][]; weight: bigint }[] {
  const rows = (j: number): number[][] => compositions(seats[j] ?? 0, sizes[j] ?? []);
  const all = rows(0).flatMap((first) => rows(1).map((second) => [first, second]));
  const inside = (table: number[][]): boolean => min.every((least, s) => {
    const sum = table.reduce((total, row) => total + (row[s] ?? 0), 0);
    return sum >= least && sum <= (max[s] ?? 0);
  });
  const weight = (table: number[][]): bigint =>
    table.reduce((w, row, j) => row.reduce((v, t, s) => v * binomial(sizes[j]?.[s] ?? 0, t), w), 1n);
  return all.filter(inside).map((table) => ({ table, weight: weight(table) })).filter((one) => one.weight > 0n);
}

function compositions(total: number, limits: readonly number[]): number[][] {
  const [first, ...others] = limits;
  if (first === undefined) return total === 0 ? [[]] : [];
  const out: number[][] = [];
  for (let t = 0; t <= Math.min(first, total); t++) out.push(...compositions(total - t, others).map((rest) => [t, ...rest]));
  return out;
}
