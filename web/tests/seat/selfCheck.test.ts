import { describe, expect, it } from "vitest";
import { tellCheck } from "../../src/api/seat.ts";
import { checkOf, computerOf, probe } from "../../src/ui/room/selfCheck.ts";

/** A way to the server: milliseconds of each answer, null for one that does not come. */
function way(trips: readonly (number | null)[]) {
  let time = 0;
  let asked = 0;
  const ask = async (): Promise<void> => {
    const trip = trips[asked];
    asked += 1;
    time += trip ?? 2_000;
    if (trip === null) throw new DOMException("", "TimeoutError");
  };
  return probe(ask, () => time);
}

describe("the check of a seat by itself", () => {
  it("measures round trips, and counts what stays without an answer", async () => {
    expect(await way([30, 10, 20, 10, 20, 500, 20, 20, 10, 20])).toEqual({ answered: 10, lost: 0, rtt_ms: 20, worst_ms: 500 });
    expect(await way([30, null, 30, null, 30, 30, 30, 30, 30, 30])).toEqual({ answered: 8, lost: 2, rtt_ms: 30, worst_ms: 30 });
    expect(await way(Array.from({ length: 10 }, () => null))).toEqual({ answered: 0, lost: 10, rtt_ms: null, worst_ms: null });
  });

  it("asks with an end to its patience, so that a dead way holds nobody", async () => {
    const signals: AbortSignal[] = [];
    await probe(async (signal) => void signals.push(signal));
    expect([signals.length, signals.every((one) => one instanceof AbortSignal)]).toEqual([10, true]);
  });

  it("says of the computer what its browser tells, and nothing else", () => {
    expect(computerOf({ hardwareConcurrency: 4, deviceMemory: 8 })).toEqual({ cores: 4, memory_mb: 8_192 });
    expect(computerOf({ hardwareConcurrency: 2 })).toEqual({ cores: 2, memory_mb: null });
    expect(computerOf({})).toEqual({ cores: null, memory_mb: null });
    expect(computerOf({ hardwareConcurrency: 9_999, deviceMemory: 0.25 })).toEqual({ cores: 1_024, memory_mb: 256 });
  });

  it("claims nothing of a device that nobody tried, and a fault of one that could not be used", () => {
    const pc = { cores: 4, memory_mb: null };
    const network = { answered: 10, lost: 0, rtt_ms: 9, worst_ms: 20 };
    expect(checkOf({ camera: "denied", microphone: "ok", speaker: "off" }, pc, network)).toEqual({ parts: { camera: "faulty", microphone: "ok" }, pc, network });
    expect(checkOf({ camera: "busy", microphone: "absent", speaker: "absent" }, pc, network).parts).toEqual({ camera: "faulty", microphone: "faulty", speaker: "faulty" });
    expect(checkOf({ camera: "off", microphone: "off", speaker: "off" }, pc, network)).toEqual({ pc, network });
  });

  it("goes to the seat's own route with the seat's own login", async () => {
    const asked: [string, RequestInit][] = [];
    const fetching = (async (path: string, init: RequestInit) => (asked.push([path, init]), new Response("{}", { status: 201 }))) as unknown as typeof fetch;
    await tellCheck({ language: () => "zh-CN", fetch: fetching }, "tok", { pc: {} });
    const [path, init] = asked[0] ?? ["", {}];
    expect([path, init.method, new Headers(init.headers).get("Authorization"), init.body]).toEqual(["/v1/seats/current/equipment", "POST", "Seat tok", '{"pc":{}}']);
  });
});
