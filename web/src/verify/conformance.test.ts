// Conformance files as strangers write them: some members only, streams of their own, draws that no panel can fill.

import { describe, expect, it } from "vitest";
import { runVectors } from "./conformance.ts";

const SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const INFEASIBLE = { rows: [3], site_min: [0], site_max: [3], employer_cap: 1, cell_sizes: [[2]], tag: "leaf index mod 13" };

function run(file: unknown): ReturnType<typeof runVectors> {
  return runVectors(new TextEncoder().encode(JSON.stringify(file)));
}

describe("conformance files", () => {
  it("answers null for a draw that no panel can fill", () => {
    expect(run({ draws: [{ ...INFEASIBLE, seed: SEED, accepted_attempt: null, panel: null }] }).mismatches).toEqual([]);
    expect(run({ draws: [{ ...INFEASIBLE, seed: SEED, accepted_attempt: 0, panel: [] }] }).mismatches).not.toEqual([]);
  });

  it("takes a file of one member whose items name their own stream", () => {
    const item = { seed: SEED, label: "cell", ints: [0, 0, 0], m: 7, first: [5, 4, 3, 1, 2, 6, 0] };
    expect(run({ orders: [item] }).mismatches).toEqual([]);
    expect(run({ orders: [{ ...item, ints: [1, 0, 0] }] }).mismatches).not.toEqual([]);
  });

  it.each([{}, { draws: [{ ...INFEASIBLE, seed: SEED, tag: "employer" }] }, { orders: [{ m: 7, first: [0] }] }])(
    "refuses a file it cannot recompute (%j)",
    (file) => {
      expect(() => run(file)).toThrow();
    },
  );
});
