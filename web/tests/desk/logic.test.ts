import { describe, expect, it } from "vitest";
import { clock, span } from "../../src/apps/desk/logic/moments.ts";
import { arrivalCodeOf, documentOf } from "../../src/apps/desk/logic/scanner.ts";
import { base64url, isDrawn } from "../../src/apps/desk/logic/signature.ts";
import { actionsOf, reached, WAY } from "../../src/apps/desk/logic/states.ts";

describe("a scanner that types", () => {
  it.each([
    ["11010519491231002x\r", "11010519491231002X"],
    [" 110105 19491231 002X ", "11010519491231002X"],
    ["１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"],
    ["\u0002E12345678\u0003", "E12345678"],
  ])("%j is read as %s", (typed, read) => expect(documentOf(typed)).toBe(read));
  it.each(["", "12345", "x".repeat(33), "张三", "110105;DROP"])("%j is no document", (typed) =>
    expect(documentOf(typed)).toBeNull(),
  );
  it("takes the arrival code in any grouping and nothing else", () => {
    expect(arrivalCodeOf("0471 9382")).toBe("04719382");
    expect(arrivalCodeOf("0471-9382 ")).toBe("04719382");
    expect(arrivalCodeOf("471938")).toBeNull();
    expect(arrivalCodeOf("0471938x")).toBeNull();
  });
});

describe("a signature", () => {
  it("is more than a dot", () => {
    expect(isDrawn([])).toBe(false);
    expect(isDrawn([{ points: [[10, 10], [11, 11]] }])).toBe(false);
    expect(isDrawn([{ points: [[10, 10], [60, 30]] }])).toBe(true);
    expect(isDrawn([{ points: [[0, 0]] }, { points: [[0, 0], [25, 0]] }, { points: [[5, 5], [5, 30]] }])).toBe(true);
  });
  it("travels as base64url without padding", () => expect(base64url("ab+/cd==")).toBe("ab-_cd"));
});

describe("the way to the seat", () => {
  it("never goes back on its steps", () => {
    const order = ["expected", "confirmed", "deposited", "gate_open", "inside", "seat_assigned", "seated"].map(reached);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(reached("seated")).toBe(WAY.length - 1);
  });
  it("offers no gate to whom the detector holds", () => {
    expect(actionsOf("detector_hold", false)).toEqual(["wait"]);
    expect(actionsOf("inside", false)).toContain("seat");
    expect(actionsOf("unheard-of", false)).toEqual(["none"]);
  });
});

describe("moments", () => {
  it("are those of Beijing", () => {
    expect(clock("2026-11-24T00:30:00Z", "zh-CN")).toBe("08:30");
    expect(clock("not a time", "zh-CN")).toBe("not a time");
  });
  it("are written as a Chinese desk writes them", () =>
    expect(span("2026-11-24T00:30:00Z", "2026-11-24T09:30:00Z", "zh-CN")).toBe("11/24 周二 08:30–17:30"));
  it("tell the second day when a booking crosses midnight", () => {
    expect(span("2026-11-24T00:30:00Z", "2026-11-24T09:30:00Z", "en")).toBe("11/24 Tue 08:30–17:30");
    expect(span("2026-11-24T12:00:00Z", "2026-11-25T02:00:00Z", "en")).toBe("11/24 Tue 20:00–11/25 Wed 10:00");
  });
});
