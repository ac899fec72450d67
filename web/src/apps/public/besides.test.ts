import { afterEach, expect, test, vi } from "vitest";
import { fetchBesides } from "./besides.ts";

const answers = (body: unknown, status = 200): void => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status })));
};

afterEach(() => {
  vi.unstubAllGlobals();
});

test("who was not drawn is told with the way and the entry of the log", async () => {
  answers({ draw: "drw_1", items: [{ way: "self_selected", seats: 2, log_index: 40, names: null }] });
  expect(await fetchBesides("ABCDEFGHJKLM")).toEqual([{ way: "self_selected", seats: 2, logIndex: 40 }]);
});

test("a platform that does not answer has not said that everybody was drawn", async () => {
  answers({ code: "proof.unknown" }, 404);
  expect(await fetchBesides("ABCDEFGHJKLM")).toBeNull();
  answers({ draw: "drw_1" });
  expect(await fetchBesides("ABCDEFGHJKLM")).toBeNull();
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
  expect(await fetchBesides("ABCDEFGHJKLM")).toBeNull();
});

test("a committee of the drawn alone has nobody beside them", async () => {
  answers({ draw: "drw_1", items: [] });
  expect(await fetchBesides("ABCDEFGHJKLM")).toEqual([]);
});
