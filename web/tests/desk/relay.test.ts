import { describe, expect, it } from "vitest";
import { base64Of, canonical, digestOf, nowText, signed } from "../../src/apps/desk/logic/relay.ts";

describe("signing for the relay box", () => {
  it("writes statements in one form, whatever order they were put together in", () => {
    expect(canonical({ type: "qt/1 relay take", item: "rly_1", reason: "澄清" })).toBe('{"item":"rly_1","reason":"澄清","type":"qt/1 relay take"}');
  });

  it("digests and carries bytes as they are", async () => {
    const bytes = new Uint8Array([0, 255, 10]);
    expect(base64Of(bytes)).toBe("AP8K");
    expect(await digestOf(new Uint8Array())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("signs the reason and the second with the statement: 64 bytes that the public half accepts, and no other reason", async () => {
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await crypto.subtle.generateKey(curve, false, ["sign", "verify"]);
    const now = Date.parse("2026-11-24T01:00:00.700Z");
    const made = await signed(pair, "k", { type: "t" }, "why", now);
    expect(made).toMatchObject({ reason: "why", at: "2026-11-24T01:00:00Z", key: "k" });
    const bytes = Uint8Array.from(made.signature.match(/../g) ?? [], (pairOf) => Number.parseInt(pairOf, 16));
    const holds = (reason: string) =>
      crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, pair.publicKey, bytes, new TextEncoder().encode(canonical({ type: "t", reason, time: nowText(now) })));
    expect(bytes.length).toBe(64);
    expect(await holds("why")).toBe(true);
    expect(await holds("another")).toBe(false);
  });
});
