import { ref } from "vue";
import { describe, expect, it } from "vitest";
import { useSaid } from "./said.ts";

describe("what a page says of the act before", () => {
  it("is nothing at first, follows the language, and can be taken back", () => {
    const language = ref("zh");
    const { words, say, hush } = useSaid();
    expect(words.value).toBe("");
    say(() => (language.value === "zh" ? "已登记" : "Recorded"));
    expect(words.value).toBe("已登记");
    language.value = "en";
    expect(words.value).toBe("Recorded");
    hush();
    expect(words.value).toBe("");
  });
});
