import { describe, expect, it } from "vitest";
import { fromLedger, joined } from "./history.ts";

const AT = "2026-11-24T01:00:00.000Z";
const one = (seq: number, kind: string, body: object) => ({ seq, at: AT, kind, member: "mem_1", body: body as Record<string, unknown> });

describe("the ledger's events", () => {
  it("are read as those of the socket", () => {
    expect(fromLedger(one(3, "hand", { up: true }))).toMatchObject({ kind: "hand", from: "mem_1", body: { up: true } });
    expect(fromLedger(one(4, "hold", { kind: "frozen", on: true, causes: ["site:a"], until: null }))).toMatchObject({ body: { cause: "site:a" } });
    expect(fromLedger(one(5, "member", { member: "mem_2", change: "presence", presence: "away" }))).toMatchObject({ presence: "away", body: { id: "mem_2", change: "presence" } });
  });
  it("that are not known, or not told whole, have no line", () => {
    expect(fromLedger(one(1, "opened", { room: "r" }))).toBeNull();
    expect(fromLedger(one(2, "chat", {}))).toBeNull();
    expect(fromLedger(one(2, "phase", { from: "a", to: "b" }))).toBeNull();
  });
  it("and what was heard since stand once each, the newest first", () => {
    const ledger = [1, 2, 3].flatMap((seq) => fromLedger(one(seq, "hand", { up: true })) ?? []);
    const heard = [5, 4, 3].flatMap((seq) => fromLedger(one(seq, "hand", { up: false })) ?? []);
    expect(joined(ledger, heard).map((each) => each.seq)).toEqual([5, 4, 3, 2, 1]);
    expect(joined([], heard).map((each) => each.seq)).toEqual([5, 4, 3]);
  });
});
