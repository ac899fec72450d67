import { describe, expect, it } from "vitest";
import type { RosterState } from "../../../api/roster.ts";
import { standingOf, tiersToOpen } from "./roster.ts";

const sealed: RosterState = {
  version: 1,
  sealedAt: "2026-11-23T09:00:00Z",
  notBefore: "2026-11-24T00:30:00Z",
  due: true,
  stale: false,
  tier: 0,
  readable: false,
  tiers: [],
  openings: [],
};
const wish = { tier: 2, version: 1, logIndex: 9, askedAt: "2026-11-24T00:50:00Z", openedAt: null };

describe("the roster", () => {
  it("is told by the furthest that it has come to", () => {
    expect(standingOf({ ...sealed, version: null, notBefore: null })).toBe("none");
    expect(standingOf(sealed)).toBe("sealed");
    expect(standingOf({ ...sealed, due: false })).toBe("early");
    expect(standingOf({ ...sealed, stale: true })).toBe("stale");
    expect(standingOf({ ...sealed, tier: 2 })).toBe("room");
    expect(standingOf({ ...sealed, tier: 3, stale: true })).toBe("result");
  });

  it("waits for custodians only for a wish about the version that holds", () => {
    expect(standingOf({ ...sealed, openings: [wish] })).toBe("waits");
    expect(standingOf({ ...sealed, version: 2, openings: [wish] })).toBe("sealed");
  });

  it("offers no opening before its time, of a stale sealing, or of what is open", () => {
    expect(tiersToOpen(sealed)).toEqual([2, 3]);
    expect(tiersToOpen({ ...sealed, tier: 2 })).toEqual([3]);
    expect(tiersToOpen({ ...sealed, tier: 3 })).toEqual([]);
    expect(tiersToOpen({ ...sealed, stale: true })).toEqual([]);
    expect(tiersToOpen({ ...sealed, due: false })).toEqual([]);
  });
});
