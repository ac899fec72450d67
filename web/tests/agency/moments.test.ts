import { describe, expect, it } from "vitest";
import { limitOf } from "../../src/api/agency.ts";
import { distance, inBeijing, largestUnits, timesIn } from "../../src/apps/agency/logic/moments.ts";

const NOW = Date.parse("2026-11-23T01:00:00Z");

describe("the countdown", () => {
  it("counts days and hours, then hours and minutes, then minutes and seconds", () => {
    const units = (at: string) => largestUnits(distance(at, NOW) ?? expect.fail("no time"));
    expect(units("2026-11-25T03:00:00Z")).toEqual(["days", "hours"]);
    expect(units("2026-11-23T04:05:06Z")).toEqual(["hours", "minutes"]);
    expect(units("2026-11-23T01:02:03Z")).toEqual(["minutes", "seconds"]);
    expect(units("2026-11-23T01:00:09Z")).toEqual(["seconds"]);
  });
  it("never says that time is left when none is", () => {
    expect(distance("2026-11-23T01:00:01Z", NOW)).toMatchObject({ past: false, seconds: 1 });
    expect(distance("2026-11-23T01:00:00Z", NOW)).toMatchObject({ past: true, seconds: 0 });
    expect(distance("2026-11-23T00:59:00Z", NOW)).toMatchObject({ past: true, minutes: 1, seconds: 0 });
  });
  it("does not round up to a moment that is not there yet", () => {
    expect(distance("2026-11-23T01:00:01Z", NOW + 1)).toMatchObject({ past: false, seconds: 1 });
  });
  it("is silent about what is no time", () => expect(distance("soon", NOW)).toBeNull());
  it("follows the server's clock where the visitor's own is wrong", () => {
    const limit = limitOf({ kind: "open", at: "2026-11-23T02:00:00Z", seconds: 60 }, NOW);
    expect(distance(limit.at, NOW + limit.ahead)).toMatchObject({ minutes: 1, seconds: 0, hours: 0 });
  });
  it("learns nothing about the clock from a limit that has passed", () => {
    expect(limitOf({ kind: "open", at: "2026-11-23T00:00:00Z", seconds: 0 }, NOW).ahead).toBe(0);
  });
});

describe("times for people", () => {
  it("are Beijing's, whatever the zone of the machine", () => {
    expect(inBeijing("2026-11-23T20:30:00Z", "zh-CN")).toContain("24");
    expect(inBeijing("2026-11-23T20:30:00Z", "zh-CN")).toContain("04:30");
    expect(inBeijing("2026-11-23T20:30:00Z", "en")).toContain("24 Nov 2026");
  });
  it("are found in the server's sentences, each once", () => {
    const said = "抽取过早，最早可在 2026-11-22T16:00:00Z 抽取；2026-11-22T16:00:00Z";
    expect(timesIn(said)).toEqual(["2026-11-22T16:00:00Z"]);
    expect(timesIn("nothing here")).toEqual([]);
  });
});
