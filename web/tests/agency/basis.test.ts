import { describe, expect, it } from "vitest";
import { readBasis } from "../../src/apps/agency/logic/basis.ts";

describe("a printed source", () => {
  it("that was read stands as it is", () => {
    expect(readBasis("招标投标法 第三十七条")).toEqual({ source: "招标投标法 第三十七条", standing: null });
  });
  it("keeps what is not settled apart from its name", () => {
    expect(readBasis("本产品的默认做法 [policy]")).toEqual({ source: "本产品的默认做法", standing: "policy" });
    expect(readBasis("财政部令第87号 [unchecked]").standing).toBe("unchecked");
    expect(readBasis("规定 第十二条（“曾因”） [excerpt]").standing).toBe("excerpt");
  });
  it("does not take other brackets for a mark", () => {
    expect(readBasis("财库〔2016〕198号 [2016]")).toEqual({ source: "财库〔2016〕198号 [2016]", standing: null });
  });
});
