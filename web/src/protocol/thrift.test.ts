// A picture waits while a line is too narrow for it, and not for a moment's dip.
import { expect, test } from "vitest";
import { LEAST_BITS, ROOM_BITS, Thrift } from "./thrift.ts";

const NARROW = LEAST_BITS - 1;

/** Looks every two seconds from `at` on; gives the time after the last. */
function looks(thrift: Thrift, at: number, ...bits: (number | null)[]): number {
  for (const one of bits) {
    thrift.look(one, at);
    at += 2_000;
  }
  return at;
}

test("a dip of one look stops nothing, two do", () => {
  const thrift = new Thrift();
  const at = looks(thrift, 100_000, NARROW, 300_000, NARROW);
  expect(thrift.sends).toBe(true);
  looks(thrift, at, NARROW);
  expect(thrift.sends).toBe(false);
});

test("what the browser does not tell changes nothing", () => {
  const thrift = new Thrift();
  looks(thrift, 100_000, null, null, null);
  expect(thrift.sends).toBe(true);
});

test("the picture comes back after its pause, when there is room", () => {
  const thrift = new Thrift();
  let at = looks(thrift, 100_000, NARROW, NARROW);
  at = looks(thrift, at, ROOM_BITS, ROOM_BITS, ROOM_BITS, ROOM_BITS);
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
    at = looks(thrift, at, NARROW, NARROW);
    const stopped = at - 2_000;
    while (!thrift.sends) at = looks(thrift, at, ROOM_BITS);
    pauses.push(at - 2_000 - stopped);
  }
  expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
});
