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

  const round = { round: 1000, signature: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39", randomness: null };
  const bent = { ...round, round: 1001 };
  const quicknet = (one: object, more: object = {}): readonly string[] => run({ quicknet: { ...more, rounds: [one] } }).mismatches;

  it.each([
    ["a genuine round", round, {}, []],
    ["one that says so, with the chain's constants", { ...round, verified: true }, { period_s: 3, genesis: 1692803367 }, []],
    ["one called false", { ...round, verified: false }, {}, ["quicknet.rounds[0].verified"]],
    ["a false one", bent, {}, ["quicknet.rounds[0].verified"]],
    ["a false one called so", { ...bent, verified: false }, {}, []],
    ["another period", round, { period_s: 30 }, ["quicknet.period_s"]],
    ["another genesis", round, { genesis: 0 }, ["quicknet.genesis"]],
    ["another key", round, { public_key: "00" }, ["quicknet.public_key"]],
  ])("compares a round and what is stated of its chain: %s", (_story, one, more, mismatches) => {
    expect(quicknet(one, more)).toEqual(mismatches);
  });

  const below = { seed: SEED, label: "cell", ints: [0, 0, 0], values: [null] };

  it("takes a bound as text or as an exact number, and refuses a number that JSON has rounded", () => {
    expect(run({ below: { ...below, m: "18446744073709551616" } }).mismatches).toEqual([]);
    expect(run({ below: { ...below, m: 7 } }).mismatches).toEqual([]);
    for (const m of [2 ** 53, 1.5, "1.5", ""]) expect(() => run({ below: { ...below, m } })).toThrow();
  });

  it.each([{}, { draws: [{ ...INFEASIBLE, seed: SEED, tag: "employer" }] }, { orders: [{ m: 7, first: [0] }] }])(
    "refuses a file it cannot recompute (%j)",
    (file) => {
      expect(() => run(file)).toThrow();
    },
  );
});
