import { describe, expect, it } from "vitest";
import { hashOf, readRoute, type Route } from "../route.ts";

describe("addresses of the console", () => {
  it.each<Route>([
    { view: "queue" },
    { view: "centres" },
    { view: "accounts" },
    { view: "terminals" },
    { view: "draw", id: "drw_1a" },
    { view: "booking", id: "drw_1a" },
    { view: "centre", id: "city-centre" },
  ])("lead back to %o", (route) => {
    expect(readRoute(hashOf(route))).toEqual(route);
  });

  it.each(["#/draws/../x", "#/draws/drw_A", "#/centres/<b>", "#/nothing", ""])("take %s for no more than its screen", (hash) => {
    expect(["queue", "centres"]).toContain(readRoute(hash).view);
  });
});
