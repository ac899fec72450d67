import { readFileSync } from "node:fs";
import { createSSRApp, defineComponent, h, nextTick } from "vue";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bindingStatement } from "../../src/apps/seat/key.ts";
import { chatState, mayAsk, mayRaise, maySpeak, standingOf } from "../../src/apps/seat/room/may.ts";
import { createI18n, filled, useI18n } from "../../src/i18n/small.ts";
import { createLazyTexts } from "../../src/i18n/lazy.ts";
import chinese from "../../src/i18n/zh-CN/room.ts";
import { memberOf, snapshotOf, TIME } from "../../src/protocol/fakes.ts";
import type { Phase } from "../../src/protocol/frames.ts";
import { NOWHERE, reduce, type RoomView } from "../../src/protocol/state.ts";
import { levelOf, openDevice, stateOf } from "../../src/ui/room/devices.ts";
import { bySite, causeText, clock, cutText, span, timeText } from "../../src/ui/room/shown.ts";
import type { MediaShown } from "../../src/ui/room/useRoom.ts";

const t = (key: string, values: Record<string, unknown> = {}): string => `${key.replace("page.room.", "")}${Object.keys(values).length > 0 ? JSON.stringify(values) : ""}`;

function room(phase: Phase, over: Parameters<typeof snapshotOf>[0] = {}, hold: "frozen" | "paused" | "break" | null = null): RoomView {
  const told = snapshotOf({ ...over, room: { id: "r", title: null, opened_at: TIME, begins_at: "2026-03-02T01:30:00.000Z", ends_at: "2026-03-02T09:00:00.000Z", phase, holds: hold === null ? [] : [{ kind: hold, cause: null, since: TIME, until: null, zone: null, escorts: null }] } });
  return reduce(NOWHERE, { type: "welcome", body: { snapshot: told } as never });
}
const chair = { you: memberOf("mem_1", { chair: true }) };

describe("what the key signs for the room", () => {
  it("is canonical: members in order and nothing between them", () => {
    const made = bindingStatement({ session: "ses_1", seat: "s3", room: "room_1", origin: "https://a.example", nonce: "00ff", fingerprint: "sha-256 AB" });
    expect(made).toBe('{"fingerprint":"sha-256 AB","format":"qt/1 room-binding","nonce":"00ff","origin":"https://a.example","room":"room_1","seat":"s3","session":"ses_1"}');
  });
});

describe("an expert's controls", () => {
  it("chat opens with the evaluation and stands still while it is held", () => {
    expect([chatState(room("check-in")), chatState(room("evaluating")), chatState(room("signing")), chatState(room("evaluating", {}, "paused"))]).toEqual(["closed", "open", "open", "held"]);
  });
  it("only the chair asks for a call, in an evaluation that nothing holds", () => {
    expect([mayAsk(room("evaluating")), mayAsk(room("evaluating", chair)), mayAsk(room("evaluating", chair, "frozen")), mayAsk(room("signing", chair))]).toEqual([false, true, false, false]);
  });
  it("nobody speaks to a bidder outside a call, or before a witness has identified the person again", () => {
    const doubted = { you: memberOf("mem_1", { confirmed: false }) };
    expect([maySpeak(room("evaluating")), maySpeak(room("clarifying")), maySpeak(room("clarifying", doubted)), maySpeak(room("clarifying", {}, "frozen"))]).toEqual([false, true, false, false]);
  });
  it("a hand can be raised except in a break", () => expect([mayRaise(room("check-in")), mayRaise(room("evaluating", {}, "break"))]).toEqual([true, false]));
  describe("whether others see and hear", () => {
    const sends: MediaShown = { publish: "connected", view: "connected", narrow: false };
    const open = (view: RoomView): RoomView => reduce(view, { type: "link", state: "open", ending: null, since: 0 });
    const told = (seen: boolean | null, heard: boolean | null): RoomView => open(room("evaluating", { you: memberOf("mem_1", { media: { seen, heard, at: TIME } }) }));
    it("is what the server says, and not known before", () => {
      const all = [told(null, null), told(true, true), told(true, false), told(false, true), told(false, false), told(true, null)];
      expect(all.map((view) => standingOf(view, false, sends))).toEqual(["unknown", "both", "unheard", "unseen", "neither", "unheard"]);
      expect(standingOf(told(true, true), true, sends)).toBe("alone");
    });
    it("is not known over a line that is cut, or while sound and picture come back", () => {
      const cut = reduce(told(true, true), { type: "link", state: "waiting", ending: null, since: 5 });
      expect([standingOf(cut, false, sends), standingOf(told(true, true), false, { ...sends, publish: "repairing" })]).toEqual(["unknown", "unknown"]);
    });
    it("a picture that waits for a wider line is not seen, whatever was said last", () => {
      const narrow = { ...sends, narrow: true };
      expect([standingOf(told(true, true), false, narrow), standingOf(told(true, false), false, narrow)]).toEqual(["unseen", "neither"]);
    });
  });
});

describe("devices", () => {
  const failing = (name: string): MediaDevices => ({ getUserMedia: () => Promise.reject(new DOMException("", name)) }) as unknown as MediaDevices;
  it.each([
    ["NotFoundError", "absent"],
    ["OverconstrainedError", "absent"],
    ["NotAllowedError", "denied"],
    ["SecurityError", "denied"],
    ["NotReadableError", "busy"],
    ["AbortError", "busy"],
  ])("%s is %s", async (name, state) => {
    expect(stateOf(new DOMException("", name))).toBe(state);
    expect(await openDevice("camera", null, failing(name))).toEqual({ state, track: null, late: false });
  });
  it("that open have their track, and the one asked for", async () => {
    const asked: MediaStreamConstraints[] = [];
    const media = { getUserMedia: async (what: MediaStreamConstraints) => (asked.push(what), { getTracks: () => ["track"] }) } as unknown as MediaDevices;
    expect(await openDevice("microphone", "mic-2", media)).toEqual({ state: "ok", track: "track", late: false });
    expect(asked[0]).toMatchObject({ audio: { deviceId: { exact: "mic-2" }, echoCancellation: true } });
  });
  it("the meter goes from silence to full scale", () => expect([0, 0.001, 0.0316, 1, 4].map(levelOf)).toEqual([0, 0, 50, 100, 100]));
});

describe("what is shown", () => {
  it("time runs by the server's clock: to the begin, then past it", () => {
    const view = (ahead: number | null) => ({ ...room("check-in"), link: { ...NOWHERE.link, ahead } });
    expect(timeText(view(null), 0, t)).toBe("");
    expect(timeText(view(Date.parse(TIME)), 60_000, t)).toBe('time.now{"time":"09:01"} · time.toBegin{"left":"left.minutes{\\"minutes\\":29,\\"seconds\\":0}"}');
    expect(timeText(view(Date.parse(TIME)), 3_600_000, t)).toContain("time.late");
  });
  it("while people evaluate, time runs to the end of what was booked, then past it", () => {
    const view = { ...room("evaluating"), link: { ...NOWHERE.link, ahead: Date.parse(TIME) } };
    expect(timeText(view, 3_600_000, t)).toContain('time.toEnd{"left":"left.hours');
    expect(timeText(view, 24 * 3_600_000, t)).toContain("time.over");
    expect(timeText({ ...view, phase: "closed" }, 3_600_000, t)).not.toContain("time.toEnd");
  });
  it("a cut is said after three seconds; after a minute since when, in words that stay the same for ten minutes", () => {
    const cut = (cutSince: number | null, over: object = {}) => ({ ...room("evaluating"), link: { ...NOWHERE.link, state: "waiting" as const, cutSince, ahead: Date.parse(TIME), ...over } });
    const told = (seconds: number): string => cutText(cut(60_000), 60_000 + seconds * 1_000, t);
    expect([told(0), told(3), told(4), told(60)]).toEqual(["", "", "cut", "cut"]);
    expect([told(61), told(600), told(36_000)]).toEqual(Array<string>(3).fill('cutLong{"time":"09:01"}'));
    expect(cutText(cut(null), 600_000, t)).toBe("");
    expect(cutText(cut(0, { state: "ended" }), 600_000, t)).toBe("");
    expect(cutText(cut(0, { ahead: null }), 600_000, t)).toBe("cut");
    expect(cutText({ ...cut(0), entered: false }, 600_000, t)).toBe("");
  });
  it("a clock shows China's time wherever the computer stands", () => expect(clock(Date.parse("2026-03-01T16:05:00.000Z"))).toBe("00:05"));
  it("stretches are whole", () => expect([span(0, t), span(7_261_000, t)]).toEqual(['left.minutes{"minutes":0,"seconds":0}', 'left.hours{"hours":2,"minutes":1}']));
  it("a site that was lost is named by its place, a pause by the supervisor's words, the rest by a sentence each", () => {
    const sites = [{ id: "site_b", label: { zh: "副场一", en: "Remote 1" }, part: "remote", link: "lost", recording: "ok", lag_ms: null, clock_ms: null }] as const;
    const view = { ...room("evaluating", { sites }), directive: { order: "pause", reason: "核查", at: TIME } } as RoomView;
    const cause = (what: string | null) => causeText({ kind: "frozen", cause: what, since: TIME, until: null, zone: null, escorts: null }, view, "zh-CN", t);
    expect(cause("site:site_b")).toBe('hold.site{"site":"副场一"}');
    expect(cause("identify:site_b")).toBe('hold.identify{"site":"副场一"}');
    expect(cause("directive")).toBe('hold.reason{"reason":"核查"}');
    expect([cause("recorder"), cause("meal"), cause("weather"), cause(null)]).toEqual(["hold.recorder", "hold.meal", "hold.other", "hold.other"]);
  });
  it("people stand by site: the own one first with you first, then the host's; cameras are no people", () => {
    const sites = (["site_a", "site_h", "site_z"] as const).map((id) => ({ id, label: { zh: id, en: id }, part: id === "site_h" ? "host" : "remote", link: "up", recording: "ok", lag_ms: null, clock_ms: null }) as const);
    const members = [memberOf("mem_5", { site: "site_z" }), memberOf("mem_4", { site: "site_h" }), memberOf("mem_2"), memberOf("cam", { role: "camera" }), memberOf("mem_b", { role: "bidder", site: null })];
    const groups = bySite(room("evaluating", { sites, members }));
    expect(groups.map((one) => [one.site, one.members.map((member) => member.id)])).toEqual([
      ["site_a", ["mem_1", "mem_2"]],
      ["site_h", ["mem_4"]],
      ["site_z", ["mem_5"]],
      [null, ["mem_b"]],
    ]);
  });
});

describe("the light texts", () => {
  const made = createI18n({ locale: "zh-CN", fallbackLocale: "zh-CN", messages: { "zh-CN": { page: { a: "一 {n}", only: "只" } }, en: { page: { a: "one {n}" } } } });
  function used(): ReturnType<typeof useI18n> {
    let texts: ReturnType<typeof useI18n> | null = null;
    const app = createSSRApp(defineComponent({ setup: () => ((texts = useI18n()), () => h("p")) }));
    app.use(made);
    app.runWithContext(() => (texts = useI18n()));
    if (texts === null) throw new Error("no texts");
    return texts;
  }
  it("fill in, fall back and say the path where there is no text", () => {
    const { t: say, te, locale } = used();
    expect([say("page.a", { n: 3 }), say("page.none"), say("page"), te("page.only"), te("page.toString")]).toEqual(["一 3", "page.none", "page", true, false]);
    locale.value = "en";
    expect([say("page.a", { n: 3 }), say("page.only"), te("page.only")]).toEqual(["one 3", "只", false]);
  });
  it("leave a brace that nobody fills, and take no text for a pattern", () => expect(filled("{a} {b} {toString}", { a: "{b}$&" })).toBe("{b}$& {b} {toString}"));
});

describe("words", () => {
  it("of the room name no machinery", () => {
    const words = JSON.stringify(chinese);
    expect(words).not.toMatch(/WebSocket|ICE|SDP|token|null|undefined|服务端|信令/i);
    expect(readFileSync(new URL("../../src/i18n/zh-CN/room.ts", import.meta.url), "utf8")).not.toContain("见证员");
  });
  describe("in English", () => {
    const visit = (search: string): void => {
      const store = { getItem: () => null, setItem: () => undefined };
      vi.stubGlobal("window", { location: { search, href: `https://a.example/seat${search}` }, history: { replaceState: () => undefined }, localStorage: store });
      vi.stubGlobal("document", { documentElement: {} });
    };
    afterEach(() => vi.unstubAllGlobals());
    it("come when they are asked for, once", async () => {
      visit("");
      let fetched = 0;
      const texts = await createLazyTexts({ a: "一" }, async () => ((fetched += 1), { a: "one" }));
      expect([texts.global.t("page.a"), fetched]).toEqual(["一", 0]);
      for (const language of ["en", "zh-CN", "en"] as const) {
        texts.global.locale.value = language;
        await nextTick();
      }
      await vi.waitFor(() => expect(texts.global.t("page.a")).toBe("one"));
      expect(fetched).toBe(1);
    });
    it("are there before the page is shown to who came for them", async () => {
      visit("?lang=en");
      expect((await createLazyTexts({ a: "一" }, async () => ({ a: "one" }))).global.t("page.a")).toBe("one");
    });
    it("that cannot be had leave the Chinese ones, and are tried again", async () => {
      visit("?lang=en");
      let tries = 0;
      const texts = await createLazyTexts({ a: "一" }, () => ((tries += 1), tries === 1 ? Promise.reject(new Error("offline")) : Promise.resolve({ a: "one" })));
      expect(texts.global.t("page.a")).toBe("一");
      texts.global.locale.value = "zh-CN";
      await nextTick();
      texts.global.locale.value = "en";
      await vi.waitFor(() => expect(texts.global.t("page.a")).toBe("one"));
    });
  });
});
