import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { canonical } from "./json.ts";
import { CHECKS, ProofError, verify, type Options } from "./verify.ts";

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url)));
const RICH = file("rich.bundle");
const POOL = file("rich.pool");

/** The number of the first failing check, 0 when all pass; anything thrown besides ProofError fails the test. */
function verdict(bundle: Uint8Array, options: Options = {}): number {
  try {
    verify(bundle, options);
    return 0;
  } catch (error) {
    if (error instanceof ProofError && !error.en.startsWith("internal")) return error.number;
    throw error;
  }
}

/** Repeatable numbers for fuzzing (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

type Tree = Record<string, unknown>;

function bent(bytes: Uint8Array, change: (value: Tree) => void): Uint8Array {
  const value = JSON.parse(new TextDecoder().decode(bytes)) as Tree;
  change(value);
  return canonical(value);
}

describe("honest bundles", () => {
  it.each(["rich", "beacon", "sealed", "aborted", "top-up", "parallel", "absences", "invited"])("%s passes every check that is due", (name) => {
    const report = verify(file(`${name}.bundle`));
    expect(report.levels).toEqual(["public"]);
    expect(report.notes.map((note) => note.code)).toContain("keys-not-compared");
    expect(report.parties.map((party) => party.fingerprint.length)).toEqual([16, 16, 16, 16]);
  });

  it("passes all levels with pool file, receipt and trust file, and names what the reader should know", () => {
    const report = verify(RICH, { poolFile: POOL, receipt: file("rich.eligible.receipt"), trust: file("rich.trust") });
    const due = report.checks.filter((check) => check.due).map((check) => check.number);
    const elsewhere = [22, 23, 24, 25, 26, 45, 46];
    expect(due).toEqual(Object.keys(CHECKS).map(Number).filter((number) => !elsewhere.includes(number)));
    expect(report.levels).toEqual(["public", "supervisor", "expert"]);
    expect(report.notes.map((note) => note.code)).toEqual(["avoid-units", "no-beacon", "own-order", "grounds-not-checked", "vacant"]);
    expect(report.seats?.filter((seat) => seat.at === null)).toHaveLength(1);
    expect(report.rejected).toBe(2);
  });

  it("names the round before whose experts a top-up counts on, for this bundle cannot show that they sit", () => {
    const { notes } = verify(file("top-up.bundle"));
    expect(notes.find((note) => note.code === "top-up")?.en).toMatch(/2 experts seated by earlier rounds.*draw 3\.$/);
    expect(verify(RICH).notes.map((note) => note.code)).not.toContain("top-up");
  });

  it.each(["eligible", "excluded", "out_of_scope"])("accepts the receipt of an expert who is %s", (kind) => {
    expect(verify(RICH, { receipt: file(`rich.${kind}.receipt`) }).receipt).toBe(kind);
  });
});

describe("draws whose invitations are logged", () => {
  const absences = file("absences.bundle");

  it("have every check of them due, and say how much was sent and answered", () => {
    const report = verify(absences, { reply: file("absences.accept.reply") });
    const due = report.checks.filter((check) => check.due).map((check) => check.number);
    expect(due).toEqual(expect.arrayContaining([23, 24, 25, 26, 27, 45, 46]));
    expect(report.invitations).toEqual({ logged: true, sent: 7, replies: 8 });
    expect(report.reply).toMatchObject({ answer: "accept", covered: true });
    expect(report.levels).toEqual(["public", "expert"]);
    expect(report.notes.map((note) => note.code)).not.toContain("grounds-not-checked");
  });

  it("tell of an answer that was in time and came too late for its seat", () => {
    expect(verify(file("invited.bundle")).notes.find((note) => note.code === "late-answers")?.en).toMatch(/^1 answer/);
  });

  it.each(["late", "leave", "accept"])("keep the answer of a receipt (%s)", (kind) => {
    expect(verdict(absences, { reply: file(`absences.${kind}.reply`) })).toBe(0);
    expect(verdict(file("invited.bundle"), { reply: file(`absences.${kind}.reply`) })).toBe(45);
    expect(verdict(absences, { reply: new Uint8Array(0) })).toBe(45);
  });

  it("hide no invitation and move none to another seat", () => {
    const lied = (change: (invitations: Tree[]) => void): number =>
      verdict(bent(absences, (value) => change((value["opening"] as { invitations: Tree[] }).invitations)));
    expect(lied((all) => all.pop())).toBe(25);
    expect(lied((all) => Object.assign(all[0] ?? {}, { seat: 2 }))).toBe(25);
    expect(lied((all) => Object.assign(all[0] ?? {}, { seat: 2 ** 32 }))).toBe(1);
    expect(lied((all) => Object.assign(all[0] ?? {}, { n: 0 }))).toBe(1);
  });
});

describe("files that do not belong", () => {
  it("refuses another log's trust file, another draw's pool file and no files at all", () => {
    expect(verdict(file("beacon.bundle"), { trust: file("rich.trust") })).toBe(4);
    expect(verdict(file("beacon.bundle"), { poolFile: POOL })).toBe(32);
    expect(verdict(RICH, { trust: new Uint8Array(0) })).toBe(4);
    expect(verdict(RICH, { poolFile: new Uint8Array(0) })).toBe(31);
    expect(verdict(RICH, { receipt: new Uint8Array(0) })).toBe(41);
    expect(verdict(POOL)).toBe(1);
  });

  it("cannot judge an eligible receipt before the opening, but an excluded one", () => {
    const sealed = file("sealed.bundle");
    expect(verdict(sealed, { receipt: file("sealed.eligible.receipt") })).toBe(43);
    expect(verdict(sealed, { receipt: file("sealed.excluded.receipt") })).toBe(0);
    expect(verdict(sealed, { receipt: file("rich.excluded.receipt") })).toBe(42);
  });

  it("tells what had passed before the failure", () => {
    const early = bent(RICH, (value) => Object.assign(value["opening"] as Tree, { rejected: [] }));
    const error = ((): unknown => {
      try {
        return verify(early);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ProofError);
    expect((error as ProofError).number).toBe(18);
    expect((error as ProofError).passed.map((check) => check.number)).toEqual([...Array.from({ length: 17 }, (_, n) => n + 1), 23, 24, 27]);
  });
});

describe("the last fence", () => {
  it("turns a fault of the program into a failure of the check at work", () => {
    const broken: Options = { get receipt(): Uint8Array { throw new RangeError("a defect"); } };
    const told = (): unknown => verify(RICH, broken);
    expect(told).toThrow(ProofError);
    expect(told).toThrow("22 abort: internal: RangeError");
  });
});

describe("hostile bytes", { timeout: 60_000 }, () => {
  it("finds every flipped bit in a bundle and throws nothing but ProofError", () => {
    const roll = dice(1);
    for (let n = 0; n < 250; n++) {
      const copy = RICH.slice();
      const at = roll(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << roll(8));
      expect(verdict(copy), `byte ${at}`).toBeGreaterThan(0);
    }
  });

  it("finds flipped bits in pool file and receipt", () => {
    const roll = dice(2);
    const receipt = file("rich.excluded.receipt");
    for (let n = 0; n < 20; n++) {
      const [pool, own] = [POOL.slice(), receipt.slice()];
      const [at, place] = [roll(pool.length), roll(own.length)];
      pool[at] = (pool[at] ?? 0) ^ (1 << roll(8));
      own[place] = (own[place] ?? 0) ^ (1 << roll(8));
      expect(verdict(RICH, { poolFile: pool }), `pool byte ${at}`).toBeGreaterThan(30);
      expect(verdict(RICH, { receipt: own }), `receipt byte ${place}`).toBeGreaterThan(40);
    }
  });

  it("survives random bytes, cuts and swapped values", () => {
    const roll = dice(3);
    for (let n = 0; n < 300; n++) {
      const noise = Uint8Array.from({ length: roll(200) }, () => roll(256));
      expect(verdict(noise)).toBe(1);
      expect(verdict(RICH.slice(0, roll(RICH.length)))).toBe(1);
    }
    for (let n = 0; n < 250; n++) expect(verdict(bent(RICH, (value) => swapAnywhere(value, roll)))).toBeGreaterThan(0);
  });

  it("refuses a file above the limit without reading it", () => {
    const started = performance.now();
    expect(verdict(new Uint8Array(64 * 1024 * 1024 + 1))).toBe(1);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

/** Puts a value of another kind at a random place of the tree. */
function swapAnywhere(tree: Tree, roll: (sides: number) => number): void {
  const places: [Record<string, unknown>, string][] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, key]);
      visit(child);
    }
  };
  visit(tree);
  const [node, key] = places[roll(places.length)] ?? [tree, "format"];
  const strange: unknown[] = [null, true, -1, 0, Number.MAX_SAFE_INTEGER, "", "00".repeat(32), [], {}, [[]], "\u0000", "qt/1"];
  const other = strange[roll(strange.length)];
  node[key] = JSON.stringify(other) === JSON.stringify(node[key]) ? "another" : other;
}
