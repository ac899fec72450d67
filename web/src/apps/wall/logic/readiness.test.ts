import { describe, expect, it } from "vitest";
import { readReadiness, type SiteReadiness, type StartReadiness } from "../../../api/rooms.ts";
import chinese from "../../../i18n/zh-CN/wall.ts";
import english from "../../../i18n/en/wall.ts";
import type { Tongue } from "./names.ts";
import { beforeStart, linkTone, obstacles, recordingTone, seatTone } from "./readiness.ts";

const CODES = ["recording", "link", "clock", "view", "black", "frozen", "camera", "microphone", "quorum", "quorumPlain", "witness", "alarm"];

/** Texts as the page has them; a path without one is said as it is. */
function tongueOf(texts: unknown, language: string): Tongue {
  const find = (key: string): unknown => key.replace(/^page\./, "").split(".").reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], texts);
  const t = (key: string, values: Record<string, unknown> = {}): string => {
    const found = find(key);
    return typeof found === "string" ? found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? `{${name}}`)) : key;
  };
  return { t, has: (key) => typeof find(key) === "string", language: () => language };
}

const site = (over: Partial<SiteReadiness> = {}): SiteReadiness => ({
  id: "site_b",
  label: { zh: "副场", en: "Sub-site" },
  seats: { booked: 3, ready: 3, faulty: 0, unchecked: 0 },
  link: "up",
  recording: "ok",
  clockMs: 4,
  unrecorded: 0,
  ...over,
});
const room = (over: Partial<StartReadiness> = {}): StartReadiness => ({ phase: "check-in", sites: [site()], holds: [], reasons: [], ...over });

describe("the sites before the start", () => {
  it("are shown until the evaluation begins", () => {
    expect(["preparing", "check-in", "evaluating", "signing", "closed"].map((phase) => beforeStart(room({ phase })))).toEqual([true, true, false, false, false]);
  });

  it("a faulty seat weighs more than one that nobody checked", () => {
    const seats = (ready: number, faulty: number, unchecked: number) => seatTone(site({ seats: { booked: 3, ready, faulty, unchecked } }));
    expect([seats(3, 0, 0), seats(2, 0, 1), seats(1, 1, 1)]).toEqual(["good", "warn", "bad"]);
    expect([linkTone(site({ link: "lost" })), linkTone(site({ link: "degraded" })), recordingTone(site({ recording: "off" }))]).toEqual(["bad", "warn", "bad"]);
  });

  it.each([["zh-CN", chinese], ["en", english]] as const)("every reason has its own sentence in %s", (language, texts) => {
    const reasons = CODES.map((code) => ({ code: code === "quorumPlain" ? "quorum" : code, ...(code === "quorum" ? { have: 2, need: 5 } : {}), site: "site_b", state: "off", alarm: "disk", ms: 900 }));
    const told = obstacles(tongueOf(texts, language), room({ holds: ["paused"], reasons }));
    expect(told.length).toBe(CODES.length + 1);
    expect(new Set(told).size).toBe(told.length);
    expect(told.filter((one) => /[{}]|page\.|quorum/.test(one))).toEqual([]);
  });

  it("the other site is told of by its label", () => {
    const reasons = [{ code: "link", site: "site_b", state: "lost" }];
    expect(obstacles(tongueOf(chinese, "zh-CN"), room({ reasons }))).toEqual(["副场：链路中断"]);
  });

  it("are read from the interface in counts", async () => {
    const told = { phase: "preparing", sites: [{ id: "site_b", label: { zh: "副场", en: "Sub-site" }, part: "remote", seats: { booked: 3, ready: 1, faulty: 1, unchecked: 1 }, link: "up", recording: "off", clock_ms: null, unrecorded: 1 }], holds: [], reasons: [{ code: "witness" }] };
    const paths: string[] = [];
    const here = { language: () => "en", fetch: (async (path: string) => (paths.push(path), new Response(JSON.stringify(told)))) as unknown as typeof fetch };
    const found = await readReadiness(here, "room_1");
    expect(paths).toEqual(["/v1/rooms/room_1/readiness"]);
    expect(found.sites).toEqual([site({ seats: { booked: 3, ready: 1, faulty: 1, unchecked: 1 }, recording: "off", clockMs: null, unrecorded: 1 })]);
    expect(found.reasons).toEqual([{ code: "witness" }]);
  });
});
