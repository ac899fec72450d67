import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CHECKS, ProofError, verify, type CheckNumber, type Options } from "../../../verify/verify.ts";
import { readCode, showCode } from "../../public/code.ts";
import { kindOf } from "./kinds.ts";
import { groupOf, GROUPS, verdictOf, type State } from "./verdict.ts";

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../../verify/fixtures/${name}.json`, import.meta.url)));

function ticks(bundle: Uint8Array, options: Options = {}): Record<string, State> {
  let outcome;
  try {
    outcome = verify(bundle, options);
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    outcome = error;
  }
  return Object.fromEntries(verdictOf(outcome).ticks.map((tick) => [tick.group, tick.state]));
}

/** The bundle with the first match of `from` replaced. */
function altered(name: string, from: RegExp, to: string): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(file(name)).replace(from, to));
}

describe("the six ticks", () => {
  it("hold every numbered check exactly once", () => {
    for (const number of Object.keys(CHECKS).map(Number) as CheckNumber[]) expect(GROUPS).toContain(groupOf(number));
  });

  it("are all passed with the pool file, and never more than partly for the recusal rules without", () => {
    expect(ticks(file("rich.bundle"), { poolFile: file("rich.pool") })).toEqual({
      list: "pass", recusal: "pass", random: "pass", result: "pass", calls: "unknown", signatures: "pass",
    });
    expect(ticks(file("rich.bundle"))).toMatchObject({ list: "pass", recusal: "partial", random: "pass", result: "pass", signatures: "pass" });
    expect(ticks(file("rich.bundle"), { receipt: file("rich.excluded.receipt") })["recusal"]).toBe("partial");
  });

  it("pass the grounds of replacements only where the log holds the invitations", () => {
    expect(ticks(file("absences.bundle"))["calls"]).toBe("pass");
    expect(ticks(file("absences.bundle"), { reply: file("absences.leave.reply") })["calls"]).toBe("pass");
    const hidden = altered("absences.bundle", /("invitations":\[)\{[^}]*\},/, "$1");
    expect(ticks(hidden)).toEqual({ list: "pass", recusal: "partial", random: "pass", result: "unknown", calls: "fail", signatures: "pass" });
  });

  it("say what is not due yet instead of passing it", () => {
    expect(ticks(file("sealed.bundle"))).toEqual({ list: "partial", recusal: "partial", random: "partial", result: "notDue", calls: "unknown", signatures: "pass" });
    expect(ticks(file("aborted.bundle"))).toMatchObject({ result: "notDue", calls: "notDue", signatures: "pass" });
  });

  it("fail where the first failing check stands and leave later checks unjudged", () => {
    const salted = altered("rich.bundle", /("roster":.*?"salt":")[0-9a-f]{4}/s, "$10000");
    expect(ticks(salted)).toEqual({ list: "fail", recusal: "partial", random: "pass", result: "unknown", calls: "unknown", signatures: "pass" });
    const garbled = altered("rich.bundle", /"format"/, '"fromat"');
    expect(ticks(garbled)).toEqual({ list: "unknown", recusal: "unknown", random: "unknown", result: "unknown", calls: "unknown", signatures: "fail" });
  });
});

describe("files and codes", () => {
  it("tell themselves apart", () => {
    const names = ["rich.bundle", "rich.pool", "rich.excluded.receipt", "rich.trust"];
    expect(names.map((name) => kindOf(file(name)))).toEqual(["bundle", "poolFile", "receipt", "trust"]);
    expect(kindOf(file("absences.leave.reply"))).toBe("reply");
    expect(kindOf(new Uint8Array(0))).toBe("bundle");
  });

  it("reads a code however it is typed, and nothing else", () => {
    expect(readCode(" abcd-2345 efgh ")).toBe("ABCD2345EFGH");
    expect(showCode("ABCD2345EFGH")).toBe("ABCD-2345-EFGH");
    for (const wrong of ["", "ABCD2345EFG", "ABCD2345EFGH1", "../../secret", "ABCD2345EFG/", "张三李四王五赵六钱七孙八"]) expect(readCode(wrong)).toBeNull();
  });
});
