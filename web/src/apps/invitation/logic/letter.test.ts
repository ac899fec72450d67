// The letter's page against values that the platform's own code gave: what is derived, opened, signed; and where a letter
// stands.
import { describe, expect, it } from "vitest";
import type { LetterPage } from "../../../api/letters.ts";
import { deriveKeys, NotAuthentic, signReply, unseal } from "./keys.ts";
import { day, moment, until } from "./moments.ts";
import { readSecret } from "./secret.ts";
import { ServerClock, standingOf } from "./standing.ts";

const SECRET = "000G40R40M30E209185GR38E1W";
const SEALED =
  "0000000000000000000000006751c79d99fa35bcf23d93719a334c9d68c4c818b667e90c3ad3f089e7b902039580ddc2fd3704f66d184ed76f597bbbffc49cf4c0d5797e53c61d98166378e70009aafd6d5460aa7ea49a793bbae55cffe018610cae933afbcd9842a4a9521c733f1a9e7569e02cbc3c9694a639d4b410a6a55df7036e89b1f276b96442f4e254bb868d7770fd37ace07adc549a5749ee1b7836833bb5e3f410d56c4b9201881b1b8739f7ad3881ac9adbd45637563fc91c8d3584889d33ed01e09c707eabed9215bbb05b44fc5c2994a9a4627491f4e095d7c0725e2043171c0f27cf0b68dd0cf180243afc5eb4f7b951b5e575fa6df2fea065238edb6d92f7a594846b5e50683c708f675e9302ec02491e7e0ae74810259335";
const SIGNATURE =
  "a6b6d1adf42b35c581265dc146ce7f64a8609a23f0f4094bda604d7ebc1443ac947582adaab37b79c8c3d281ca00147623e6c06a70695d952003505995162f0b";

const bytes = (): Uint8Array<ArrayBuffer> => readSecret(SECRET) ?? new Uint8Array(0);

describe("a letter's secret", () => {
  it("is read from 26 characters, small letters and look-alikes forgiven", () => {
    expect([...bytes()]).toEqual([...Array(16).keys()]);
    expect(readSecret(SECRET.toLowerCase().replaceAll("0", "o").replaceAll("1", "l"))).toEqual(bytes());
  });

  it.each(["", SECRET.slice(1), `${SECRET}0`, SECRET.replace("W", "U"), SECRET.replace("W", "X"), "#".repeat(26)])(
    "is not read from %j",
    (text) => {
      expect(readSecret(text)).toBeNull();
    },
  );

  it("gives what the platform derives from it", async () => {
    const keys = await deriveKeys(bytes());
    expect(keys.id).toBe("inv_214b48d2e3f683fcf9b3");
    expect(keys.auth).toBe("130d73b1ace497c2fa8f9090083c0bafe99c38d86732e8ad72e3214c47065f53");
    expect(keys.publicKey).toBe("93a267250a7eef31db98aafebfe2ad28c81f0a2b058517855536ead1a9f2176e");
    expect(keys.arrivalCode).toBe("79840201");
  });

  it("opens the platform's letter and no other", async () => {
    const keys = await deriveKeys(bytes());
    const letter = await unseal(keys, SEALED);
    expect(letter).toMatchObject({ date: "2026-11-24", start: "09:00", hours: "6", overnight: false, area: "朝阳区" });
    await expect(unseal(keys, SEALED.replace("6751", "6752"))).rejects.toThrow(NotAuthentic);
    await expect(unseal({ ...keys, id: "inv_00000000000000000000" }, SEALED)).rejects.toThrow(NotAuthentic);
  });

  it("signs as the platform's key would", async () => {
    const keys = await deriveKeys(bytes());
    expect(signReply(keys, { draw: 7, n: 3, answer: "accept", at: "2026-11-23T01:00:00Z" })).toBe(SIGNATURE);
  });
});

const page = (state: string, may: LetterPage["may"] = [], ...answers: string[]): LetterPage => ({
  id: "inv_x",
  draw: 7,
  n: 3,
  letter: "",
  state,
  replyBy: "",
  cutOff: "",
  begins: "",
  arriveBy: "",
  now: "",
  may,
  answers: answers.map((answer) => ({ answer, at: "", logIndex: 1 })),
  codeBy: "sms",
});

describe("where a letter stands", () => {
  it.each([
    [page("sent", ["accept", "decline"]), "asked"],
    [page("accept1", ["accept", "decline"]), "asked"],
    [page("accepted", ["leave"], "accept"), "accepted"],
    [page("seated", ["leave"], "accept"), "accepted"],
    [page("declined", [], "decline"), "declined"],
    [page("replaced", [], "decline"), "declined"],
    [page("on_leave_late", [], "accept", "leave"), "left"],
    [page("replaced", [], "accept", "leave"), "left"],
    [page("timeout"), "late"],
    [page("replaced"), "late"],
    [page("heard"), "late"],
    [page("replaced", [], "accept"), "withdrawn"],
    [page("superseded", [], "accept"), "moved"],
    [page("cancelled", [], "accept"), "withdrawn"],
    [page("finished", [], "accept"), "finished"],
    [page("something new"), "late"],
  ] as const)("%o is %s", (found, standing) => {
    expect(standingOf(found)).toBe(standing);
  });
});

describe("time", () => {
  it("is the server's, whatever the phone's clock says", () => {
    const clock = new ServerClock("2026-11-23T01:00:00Z", 5_000);
    expect(clock.now(65_000)).toBe(Date.parse("2026-11-23T01:01:00Z"));
    expect(clock.now(0)).toBe(Date.parse("2026-11-23T01:00:00Z"));
  });

  it("is shown as Beijing says it", () => {
    expect(moment("2026-11-23T16:30:00Z", "zh-CN")).toContain("11月24日");
    expect(moment("2026-11-23T16:30:00Z", "zh-CN")).toContain("00:30");
    expect(day("2026-11-24", "en")).toBe("Tuesday, November 24, 2026");
  });

  it("runs out at the moment itself", () => {
    const end = "2026-11-24T03:04:05Z";
    expect(until(end, Date.parse("2026-11-23T01:02:05Z"))).toEqual({ days: 1, hours: 2, minutes: 2 });
    expect(until(end, Date.parse(end) - 1)).toEqual({ days: 0, hours: 0, minutes: 0 });
    expect(until(end, Date.parse(end))).toBeNull();
  });
});
