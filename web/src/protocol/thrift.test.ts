// A voice takes less on a tight line, a picture waits while the line is too narrow for it, and neither for a moment's dip.
import { expect, test } from "vitest";
import { LEAST_BITS, ROOM_BITS, Thrift, TIGHT_BITS } from "./thrift.ts";

const NARROW = [LEAST_BITS, LEAST_BITS - 1, LEAST_BITS, 30_000, 30_000, 30_000];

/** Looks every second from `at` on; gives the time after the last. */
function looks(thrift: Thrift, at: number, ...bits: (number | null)[]): number {
  for (const one of bits) {
    thrift.look(one, at);
    at += 1_000;
  }
  return at;
}

test("a dip of five seconds stops no picture, six do", () => {
  const thrift = new Thrift();
  const at = looks(thrift, 100_000, ...NARROW.slice(1), LEAST_BITS + 1, ...NARROW.slice(1));
  expect(thrift.sends).toBe(true);
  looks(thrift, at, LEAST_BITS);
  expect(thrift.sends).toBe(false);
});

test("a voice takes less at once on a tight line, and the picture stays", () => {
  const thrift = new Thrift();
  expect(thrift.look(TIGHT_BITS + 1, 100_000)).toBe(false);
  expect(thrift.look(TIGHT_BITS, 101_000)).toBe(true);
  expect([thrift.spares, thrift.sends]).toEqual([true, true]);
});

test("a voice is whole again when there was room for six seconds", () => {
  const thrift = new Thrift();
  const room = Array<number>(5).fill(ROOM_BITS);
  const at = looks(thrift, 100_000, TIGHT_BITS, ...room, ROOM_BITS - 1, ...room);
  expect(thrift.spares).toBe(true);
  expect(thrift.look(ROOM_BITS, at)).toBe(true);
  expect(thrift.spares).toBe(false);
});

test("a voice takes less as long as the picture waits", () => {
  const thrift = new Thrift();
  looks(thrift, 100_000, ...NARROW, ...Array<number>(8).fill(ROOM_BITS));
  expect([thrift.spares, thrift.sends]).toEqual([true, false]);
});

test("what the browser does not tell changes nothing", () => {
  const thrift = new Thrift();
  looks(thrift, 100_000, null, null, null, null, null);
  expect([thrift.spares, thrift.sends]).toEqual([false, true]);
});

test("the picture comes back after its pause, when there is room", () => {
  const thrift = new Thrift();
  let at = looks(thrift, 100_000, ...NARROW, ...Array<number>(9).fill(ROOM_BITS));
  expect(thrift.sends).toBe(false);
  at = looks(thrift, at, ROOM_BITS - 1);
  expect(thrift.sends).toBe(false);
  looks(thrift, at, ROOM_BITS);
  expect(thrift.sends).toBe(true);
});

test("a picture that fills the line again at once waits longer each time", () => {
  const thrift = new Thrift();
  const pauses: number[] = [];
  let at = 100_000;
  for (let round = 0; round < 5; round += 1) {
    at = looks(thrift, at, ...NARROW);
    const stopped = at - 1_000;
    while (!thrift.sends) at = looks(thrift, at, ROOM_BITS);
    pauses.push(at - 1_000 - stopped);
  }
  expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
});
