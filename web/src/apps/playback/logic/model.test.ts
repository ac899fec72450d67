import { describe, expect, it } from "vitest";
import type { RecordedPart } from "../../../api/rooms.ts";
import { breaksOf, tracksOf } from "./model.ts";

const VOICE = "mem_a/microphone";
const part = (over: Partial<RecordedPart> = {}): RecordedPart => ({
  part: 1,
  ended: true,
  openedAt: 1_000_000,
  from: 0,
  to: 60_000,
  tracks: [],
  recordings: [
    { track: VOICE, class: "room", from: 5_000, to: 50_000 },
    { track: "mem_b/microphone", class: "room", from: 0, to: 60_000 },
  ],
  gaps: [],
  ...over,
});
const causes = (one: RecordedPart): readonly (readonly [number, number, string])[] =>
  (tracksOf(one).find((line) => line.track === VOICE)?.gaps ?? []).map((gap) => [gap.from, gap.to, gap.cause] as const);

describe("a hole that nobody listed", () => {
  it("is unexplained where the track was open, and quiet only where the recorder's index says that it was not", () => {
    const tracks = [{ track: VOICE, opened: [{ from: 4_800, to: 52_000, cause: null }], kept: [{ from: 5_000, to: 20_000 }, { from: 30_000, to: 50_000 }] }];
    expect(causes(part({ tracks }))).toEqual([
      [0, 4_800, "quiet"],
      [4_800, 5_000, "brief"],
      [20_000, 30_000, "unexplained"],
      [50_000, 52_000, "unexplained"],
      [52_000, 60_000, "quiet"],
    ]);
  });

  it("is by approval where the recorder closed the track for it, and no longer than that", () => {
    const opened = [{ from: 0, to: 20_000, cause: "unrecorded" }, { from: 30_000, to: 40_000, cause: "left" }];
    const tracks = [{ track: VOICE, opened, kept: [{ from: 0, to: 20_000 }, { from: 30_000, to: 40_000 }] }];
    expect(causes(part({ tracks }))).toEqual([
      [20_000, 30_000, "unrecorded"],
      [40_000, 60_000, "quiet"],
    ]);
  });

  it("is unexplained whatever its place when nothing tells when the track was open", () => {
    expect(causes(part())).toEqual([
      [0, 5_000, "unexplained"],
      [50_000, 60_000, "unexplained"],
    ]);
  });

  it("of a track that no recorder closed stays unexplained to the end", () => {
    const tracks = [{ track: VOICE, opened: [{ from: 0, to: null, cause: null }], kept: [{ from: 0, to: 50_000 }] }];
    expect(causes(part({ tracks }))).toEqual([[50_000, 60_000, "unexplained"]]);
  });

  it("of a few milliseconds is none, as between a cluster and the gap behind it", () => {
    const tracks = [{ track: VOICE, opened: [{ from: 0, to: 60_000, cause: null }], kept: [{ from: 0, to: 20_000 }, { from: 25_000, to: 60_000 }] }];
    const gaps = [{ track: VOICE, from: 20_001, to: 24_990, cause: "loss" }];
    expect(causes(part({ tracks, gaps }))).toEqual([[20_001, 24_990, "loss"]]);
  });

  it("is what is left of it beside a gap that was listed", () => {
    const tracks = [{ track: VOICE, opened: [{ from: 0, to: 60_000, cause: null }], kept: [{ from: 0, to: 20_000 }, { from: 40_000, to: 60_000 }] }];
    const gaps = [{ track: VOICE, from: 20_000, to: 25_000, cause: "disk" }];
    expect(causes(part({ tracks, gaps }))).toEqual([
      [20_000, 25_000, "disk"],
      [25_000, 40_000, "unexplained"],
    ]);
  });
});

describe("between the parts", () => {
  it("nothing was recorded, from the recorder's end to the next one's begin", () => {
    const second = part({ part: 2, openedAt: 1_070_000, to: 9_000, recordings: [{ track: VOICE, class: "room", from: 500, to: 8_000 }] });
    expect(breaksOf([part(), second])).toEqual([{ before: 1, after: 2, from: 1_060_000, to: 1_070_000 }]);
  });

  it("is no gap where they meet, and none can be told of a part without a clock", () => {
    expect(breaksOf([part(), part({ part: 2, openedAt: 1_060_000 })])).toEqual([]);
    expect(breaksOf([part(), part({ part: 2, openedAt: null })])).toEqual([]);
  });
});
