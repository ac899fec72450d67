import { describe, expect, it } from "vitest";
import { StepClock } from "./clock.ts";
import { correct, holdsUp, IN_STEP, JUMP, MOST_BEND, SETTLED, type Player } from "./drift.ts";
import { covers, gapAt, holes, merged, onBar, stamp } from "./line.ts";

const player = (over: Partial<Player> = {}): Player => ({ at: 10_000, paused: false, seeking: false, ready: true, rate: 1, ...over });

describe("a player beside the common clock", () => {
  it("in step is left alone", () => {
    expect(correct(10_000 + IN_STEP, true, 1, player())).toEqual({ seek: null, rate: 1, play: true });
    expect(correct(10_000 - IN_STEP, true, 1, player())).toEqual({ seek: null, rate: 1, play: true });
  });

  it("that lags plays faster, one that leads slower, and a voice stays a voice", () => {
    expect(correct(10_100, true, 1, player()).rate).toBeGreaterThan(1);
    expect(correct(9_900, true, 1, player()).rate).toBeLessThan(1);
    expect(correct(10_000 + JUMP, true, 1, player()).rate).toBeCloseTo(1 + MOST_BEND);
    expect(correct(10_000 + JUMP, true, 2, player({ rate: 2 })).rate).toBeCloseTo(2 * (1 + MOST_BEND));
  });

  it("once bent is bent until it is settled, so that it does not swing around the edge", () => {
    const bent = player({ rate: 1.02 });
    expect(correct(10_000 + SETTLED + 1, true, 1, bent).rate).toBeGreaterThan(1);
    expect(correct(10_000 + SETTLED, true, 1, bent).rate).toBe(1);
  });

  it("far off jumps", () => {
    expect(correct(10_000 + JUMP + 1, true, 1, player())).toEqual({ seek: 10_000 + JUMP + 1, rate: 1, play: true });
    expect(correct(9_000, true, 1, player())).toMatchObject({ seek: 9_000 });
  });

  it("that seeks is not sought again", () => {
    expect(correct(99_000, true, 1, player({ seeking: true })).seek).toBeNull();
  });

  it("stands where the clock stands", () => {
    expect(correct(10_020, false, 1, player())).toEqual({ seek: null, rate: 1, play: false });
    expect(correct(12_000, false, 1, player({ paused: true }))).toEqual({ seek: 12_000, rate: 1, play: false });
  });

  it("comes into step from any lag, and stays there", () => {
    // A player whose own clock is 0.5 % slow, looked at four times a second for a minute.
    for (const lag of [-390, -120, 41, 200, 399, 5_000]) {
      let at = 10_000 - lag;
      let rate = 1;
      let worst = 0;
      for (let step = 0; step < 240; step += 1) {
        const target = 10_000 + step * 250;
        const told = correct(target, true, 1, player({ at, rate }));
        rate = told.rate;
        if (told.seek !== null) at = told.seek;
        if (step > 80) worst = Math.max(worst, Math.abs(target - at));
        at += 250 * rate * 0.995;
      }
      expect(worst, `lag ${lag}`).toBeLessThanOrEqual(IN_STEP + 2);
    }
  });

  it("holds the others up only where it has something to play", () => {
    expect(holdsUp(true, player({ ready: false }))).toBe(true);
    expect(holdsUp(true, player({ seeking: true }))).toBe(true);
    expect(holdsUp(false, player({ ready: false }))).toBe(false);
    expect(holdsUp(true, player())).toBe(false);
  });
});

describe("the common clock", () => {
  it("runs, stands and is sought", () => {
    const clock = new StepClock(0, 60_000);
    expect(clock.at(500)).toBe(0);
    clock.play(1_000);
    expect(clock.at(3_000)).toBe(2_000);
    clock.pause(3_000);
    expect(clock.at(9_000)).toBe(2_000);
    clock.seek(30_000, 9_000);
    clock.play(10_000);
    expect(clock.at(10_500)).toBe(30_500);
    clock.seek(5_000, 11_000);
    expect(clock.at(11_250)).toBe(5_250);
  });

  it("waits while something is not ready, without forgetting that it should play", () => {
    const clock = new StepClock(0, 60_000);
    clock.play(0);
    clock.stall(true, 1_000);
    expect(clock.at(5_000)).toBe(1_000);
    expect(clock.playing).toBe(true);
    expect(clock.waiting).toBe(true);
    clock.stall(false, 5_000);
    expect(clock.at(5_500)).toBe(1_500);
    clock.stall(true, 6_000);
    clock.pause(6_000);
    clock.stall(false, 7_000);
    expect(clock.at(9_000)).toBe(2_000);
  });

  it("changes its speed without a jump", () => {
    const clock = new StepClock(0, 60_000);
    clock.play(0);
    clock.setRate(2, 1_000);
    expect(clock.at(1_000)).toBe(1_000);
    expect(clock.at(2_000)).toBe(3_000);
  });

  it("ends at the end of the part and begins again from its begin", () => {
    const clock = new StepClock(2_000, 4_000);
    clock.play(0);
    expect(clock.over(1_000)).toBe(false);
    expect(clock.over(9_000)).toBe(true);
    expect(clock.playing).toBe(false);
    expect(clock.at(9_000)).toBe(4_000);
    clock.play(9_000);
    expect(clock.at(9_100)).toBe(2_100);
    clock.seek(-5, 9_200);
    expect(clock.at(9_200)).toBe(2_000);
  });
});

describe("the time line", () => {
  const part = { from: 0, to: 10_000 };
  it("shows where a track has nothing, listed or not", () => {
    expect(holes([{ from: 1_000, to: 4_000 }, { from: 3_000, to: 5_000 }, { from: 6_000, to: 12_000 }], part)).toEqual([
      { from: 0, to: 1_000 },
      { from: 5_000, to: 6_000 },
    ]);
    expect(holes([], part)).toEqual([part]);
  });
  it("joins what touches", () => {
    expect(merged([{ from: 5, to: 9 }, { from: 0, to: 5 }, { from: 11, to: 12 }])).toEqual([{ from: 0, to: 9 }, { from: 11, to: 12 }]);
  });
  it("knows what is at a moment", () => {
    expect(covers([{ from: 0, to: 5 }], 4)).toBe(true);
    expect(covers([{ from: 0, to: 5 }], 5)).toBe(false);
    expect(gapAt([{ from: 0, to: 5, cause: "loss" }], 2)?.cause).toBe("loss");
    expect(gapAt([], 2)).toBeNull();
  });
  it("leaves the shortest gap to be seen, inside of the bar", () => {
    expect(onBar({ from: 9_999, to: 10_000 }, part)).toEqual({ left: 998, width: 2 });
    expect(onBar({ from: 0, to: 5_000 }, part)).toEqual({ left: 0, width: 500 });
    expect(onBar({ from: -5, to: 50_000 }, part)).toEqual({ left: 0, width: 1_000 });
  });
  it("is written to the tenth", () => {
    expect(stamp(3_723_456)).toBe("01:02:03.4");
    expect(stamp(-1)).toBe("00:00:00.0");
  });
});
