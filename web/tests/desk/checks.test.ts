import { describe, expect, it } from "vitest";
import { getSite, reportSeat, type OwnCheck, type Part, type Seat } from "../../src/api/desk.ts";
import { figuresOf, isStale, ownState } from "../../src/apps/desk/logic/checks.ts";

const own = (over: Partial<OwnCheck> = {}): OwnCheck => ({ condition: "ok", at: "2026-12-01T00:05:00Z", fresh: true, stands: false, figures: null, ...over });
const part = (over: Partial<Part> = {}): Part => ({ condition: "ok", checkedAt: "2026-12-01T00:10:00Z", source: "statement", own: null, ...over });
const seat = (equipment: Record<string, Part>, unready: readonly string[] = []): Seat => ({ id: "s1", label: "1", equipment, unready });

describe("what a desk is told of a seat", () => {
  it("a seat that staff declared good has checked nothing itself", () => {
    expect(ownState(seat({ pc: part(), camera: part() }))).toEqual({ at: null, fresh: false, faults: [] });
  });

  it("a fault of the seat's own stands beside the word over the whole seat, until somebody mended it", () => {
    const broken = own({ condition: "faulty", stands: true });
    expect(ownState(seat({ pc: part(), camera: part({ condition: "faulty", source: "seat", own: broken }) })).faults).toEqual(["camera"]);
    expect(ownState(seat({ camera: part({ source: "staff", own: { ...broken, stands: false } }) })).faults).toEqual([]);
  });

  it("the newest own finding says how old the seat's check is", () => {
    const found = ownState(seat({ pc: part({ own: own({ at: "2026-11-29T00:00:00Z", fresh: false }) }), camera: part({ own: own() }) }));
    expect([found.at, found.fresh]).toEqual(["2026-12-01T00:05:00Z", true]);
    expect(ownState(seat({ pc: part({ own: own({ fresh: false }) }) })).fresh).toBe(false);
  });

  it("good over a day ago is not good now, and never looked at is no stale check", () => {
    const old = seat({ pc: part(), camera: part({ condition: "unchecked", checkedAt: null, source: null }) }, ["pc", "camera"]);
    expect([isStale(old, "pc"), isStale(old, "camera"), isStale(seat({ pc: part() }), "pc")]).toEqual([true, false, false]);
  });

  it("tells the figures that there are, and makes up none", () => {
    const network = own({ figures: { answered: 9, lost: 1, rtt_ms: 24, worst_ms: 61 } });
    expect(figuresOf("network", network)).toEqual({ key: "network", values: { rtt: 24, worst: 61, lost: 1, of: 10 } });
    expect(figuresOf("network", own({ figures: { answered: 0, lost: 10, rtt_ms: null, worst_ms: null } }))).toEqual({ key: "noAnswer", values: { lost: 10, of: 10 } });
    expect(figuresOf("pc", own({ figures: { cores: 4, memory_mb: 8_192 } }))).toEqual({ key: "pc", values: { cores: 4, memory: 8 } });
    expect(figuresOf("pc", own({ figures: { cores: 4, memory_mb: null } }))).toEqual({ key: "cores", values: { cores: 4 } });
    expect([figuresOf("pc", own({ figures: { cores: null, memory_mb: null } })), figuresOf("camera", own())]).toEqual([null, null]);
  });

  it("reads source, own check and figures as the interface writes them", async () => {
    const told = { condition: "faulty", checked_at: "t", source: "seat", own: { condition: "faulty", at: "t", fresh: true, stands: true, figures: { answered: 0, lost: 10, rtt_ms: null } } };
    const answer = { id: "a", name: "A", zones: [{ name: "z", rooms: [{ id: "r", name: "R", seats: [{ id: "s1", label: "1", equipment: { network: told, pc: { condition: "ok", checked_at: "t", source: null, own: null } }, unready: [] }] }] }] };
    const here = { language: () => "en", fetch: (async () => new Response(JSON.stringify(answer))) as unknown as typeof fetch };
    const [found] = (await getSite(here, "a")).rooms[0]?.seats ?? [];
    expect(found?.equipment.network).toEqual({ condition: "faulty", checkedAt: "t", source: "seat", own: { condition: "faulty", at: "t", fresh: true, stands: true, figures: { answered: 0, lost: 10, rtt_ms: null } } });
    expect(found?.equipment.pc).toEqual({ condition: "ok", checkedAt: "t", source: null, own: null });
  });

  it("the word over the whole seat is one report that says so", async () => {
    const bodies: unknown[] = [];
    const fetching = (async (_: string, init: RequestInit) => (bodies.push(JSON.parse(String(init.body))), new Response("{}"))) as unknown as typeof fetch;
    await reportSeat({ language: () => "en", fetch: fetching }, "a", "s1", { part: "all", condition: "ok", note: "n" }, "key");
    expect(bodies).toEqual([{ part: "all", condition: "ok", note: "n" }]);
  });
});
