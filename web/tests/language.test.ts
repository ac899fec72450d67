import { describe, expect, it } from "vitest";
import { otherLanguage, pickLanguage } from "../src/i18n/language.ts";

describe("the language of a page", () => {
  it("is Chinese for a first visitor", () => expect(pickLanguage("", null)).toBe("zh-CN"));
  it("follows the address before the browser's memory", () => {
    expect(pickLanguage("?lang=en", "zh-CN")).toBe("en");
    expect(pickLanguage("?lang=zh-CN", "en")).toBe("zh-CN");
  });
  it("remembers an earlier choice", () => expect(pickLanguage("?code=1", "en")).toBe("en"));
  it("ignores a language it does not speak", () => expect(pickLanguage("?lang=fr", "xx")).toBe("zh-CN"));
  it("switches between the two", () => expect(otherLanguage(otherLanguage("en"))).toBe("en"));
});
