import { expect, test } from "vitest";
import { somebodyIsThere } from "./seats.ts";

test("a move says that people are there already once the first person has checked in", () => {
  const on_the_way = ["accepted", "sent", "vacant", "no_show", "declined"].map((state) => ({ state }));
  expect(somebodyIsThere(on_the_way)).toBe(false);
  for (const state of ["arrived", "late", "seated"]) {
    expect(somebodyIsThere([...on_the_way, { state }])).toBe(true);
  }
});
