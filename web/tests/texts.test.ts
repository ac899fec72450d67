import { describe, expect, it } from "vitest";

type Tree = { readonly [key: string]: string | Tree };

const chinese = import.meta.glob<Tree>("../src/i18n/zh-CN/*.ts", { eager: true, import: "default" });
const english = import.meta.glob<Tree>("../src/i18n/en/*.ts", { eager: true, import: "default" });

const keys = (tree: Tree, path = ""): string[] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [`${path}${key}`] : keys(value, `${path}${key}.`),
  );

describe("texts", () => {
  it.each(Object.keys(chinese))("%s has every key in English too", (file) => {
    const other = english[file.replace("/zh-CN/", "/en/")];
    expect(other && keys(other).sort()).toEqual(keys(chinese[file] ?? {}).sort());
  });
  it("has no English file without a Chinese one", () => {
    expect(Object.keys(english).map((file) => file.replace("/en/", "/zh-CN/"))).toEqual(Object.keys(chinese));
  });
});
