import { describe, expect, it } from "vitest";
import { ask, Problem, Unreachable, type Caller } from "../../src/api/http.ts";
import { keyRefused } from "../../src/apps/agency/problems.ts";

const KEY = "qt_live_k0_00";
const seen: { url: string; init: RequestInit }[] = [];
const answering = (status: number, body: string): Caller => ({
  key: KEY,
  language: () => "en",
  fetch: async (url, init) => {
    seen.push({ url: String(url), init: init ?? {} });
    return new Response(body, { status });
  },
});
const caught = async (work: Promise<unknown>): Promise<unknown> => work.then(() => expect.fail("answered"), (error: unknown) => error);

// As the server sends it.
const REFUSAL = JSON.stringify({
  type: "urn:qiantong:problem:draw.refused",
  title: "The draw cannot be accepted; see errors",
  status: 422,
  code: "draw.refused",
  trace_id: "0123456789abcdef",
  retryable: false,
  errors: [
    { code: "committee.even", pointer: "/parameters/committee", detail: "The committee must be odd", basis: "招标投标法 第三十七条" },
    { code: "bidders.none", pointer: "/project", project_pointer: "/document/bidders", detail: "Without bidders", alarm: true },
  ],
});

describe("a call", () => {
  it("carries the key in the header and nowhere else", async () => {
    await ask(answering(200, "{}"), { method: "POST", path: "/v1/draws", body: { a: 1 }, idempotencyKey: "k1" });
    const { url, init } = seen.at(-1) ?? expect.fail("nothing sent");
    expect(init.headers).toMatchObject({ Authorization: `Bearer ${KEY}`, "Idempotency-Key": "k1", "Accept-Language": "en" });
    expect(url + String(init.body)).not.toContain(KEY);
    expect(init.credentials).toBe("omit");
  });
  it("brings every fault with its pointer, words and source, and tells alarms apart", async () => {
    const problem = await caught(ask(answering(422, REFUSAL), { path: "/v1/draws" }));
    expect(problem).toMatchObject({ status: 422, code: "draw.refused", trace: "0123456789abcdef", retryable: false });
    expect((problem as Problem).faults).toEqual([
      { code: "committee.even", pointer: "/parameters/committee", message: "The committee must be odd", basis: "招标投标法 第三十七条", alarm: false },
      { code: "bidders.none", pointer: "/document/bidders", message: "Without bidders", basis: "", alarm: true },
    ]);
  });
  it("tells no answer from a refusal: only then may the request have been made", async () => {
    const dead: Caller = { key: KEY, language: () => "zh-CN", fetch: () => Promise.reject(new TypeError("failed")) };
    expect(await caught(ask(dead, { path: "/v1/draws" }))).toBeInstanceOf(Unreachable);
  });
  it("stands an answer that is no JSON", async () => {
    expect(await caught(ask(answering(200, "<html>"), { path: "/v1/draws" }))).toMatchObject({ status: 0 });
    expect(await caught(ask(answering(502, "<html>"), { path: "/v1/draws" }))).toMatchObject({ status: 502, code: "http.502" });
  });
});

describe("a refused key", () => {
  const refusal = (status: number, code: string) => new Problem(status, code, "", [], false, "");
  it("ends the session", () => {
    for (const code of ["key.unknown", "key.expired", "key.revoked", "access.missing"]) expect(keyRefused(refusal(401, code))).toBe(true);
    expect(keyRefused(refusal(403, "key.mode"))).toBe(true);
  });
  it("is not one that lacks a single right, or has to sign", () => {
    expect(keyRefused(refusal(403, "access.scope"))).toBe(false);
    expect(keyRefused(refusal(401, "signature.required"))).toBe(false);
    expect(keyRefused(new Unreachable())).toBe(false);
  });
});
