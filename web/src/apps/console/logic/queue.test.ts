import { describe, expect, it } from "vitest";
import type { Draw } from "../../../api/agency.ts";
import { linesOf, urgencyOf } from "./queue.ts";
import { fromBeijing, markOf, toBeijing } from "./seats.ts";

const NOW = Date.parse("2026-11-23T01:00:00Z");
const SOON = "2026-11-23T09:00:00Z";
const LATER = "2026-11-30T01:00:00Z";

const draw = (id: string, state = "drawn"): Draw =>
  ({ id, state, title: `works ${id}`, project: "p", section: "s1", round: 1, owner: "owner" }) as Draw;

describe("the queue", () => {
  it("is red for a short pool, and for what nobody has approved a day before", () => {
    expect(urgencyOf("short", LATER, NOW)).toBe("red");
    expect(urgencyOf("proposed", SOON, NOW)).toBe("red");
    expect(urgencyOf("proposed", LATER, NOW)).toBe("waits");
    expect(urgencyOf("inviting", SOON, NOW)).toBe("waits");
    expect(urgencyOf("inviting", LATER, NOW)).toBe("going");
    expect(urgencyOf("filled", SOON, NOW)).toBe("going");
    expect(urgencyOf("cancelled", SOON, NOW)).toBe("done");
  });

  it("puts reds first, then what waits for a person, then by begin", () => {
    const campaigns = [
      { draw: "drw_1", state: "filled", begins: SOON, owner: "a" },
      { draw: "drw_2", state: "inviting", begins: LATER, owner: "b" },
      { draw: "drw_3", state: "short", begins: LATER, owner: "c" },
    ];
    const draws = [draw("drw_1"), draw("drw_2"), draw("drw_3"), draw("drw_4"), draw("drw_5", "sealed")];
    expect(linesOf(draws, campaigns, NOW).map((one) => one.draw)).toEqual(["drw_3", "drw_4", "drw_1", "drw_2"]);
  });

  it("shows a campaign whose draw is not on the page all the same", () => {
    const [line] = linesOf([], [{ draw: "drw_9", state: "short", begins: SOON, owner: "c" }], NOW);
    expect(line).toMatchObject({ draw: "drw_9", title: "drw_9", owner: "c", urgency: "red" });
  });
});

describe("seats and hours", () => {
  it("takes an unknown state for one that is under way, never for a filled one", () => {
    expect(markOf("accepted")).toBe("good");
    expect(markOf("declined")).toBe("bad");
    expect(markOf("something new")).toBe("going");
  });

  it("reads and shows Beijing time wherever the browser stands", () => {
    expect(fromBeijing("2026-11-24T09:30")).toBe("2026-11-24T01:30:00Z");
    expect(toBeijing("2026-11-24T01:30:00Z")).toBe("2026-11-24T09:30");
    expect(fromBeijing("")).toBeNull();
    expect(toBeijing(null)).toBe("");
  });
});
