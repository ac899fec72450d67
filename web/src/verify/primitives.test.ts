import { describe, expect, it } from "vitest";
import { concat, fromHex, toBigLE, toHex, u32be, utf8 } from "./bytes.ts";
import { back, beijingDate, isDate, isTime, meets } from "./calendar.ts";
import { roundTime, selfTest, verifyRound } from "./drand.ts";
import { vrfOutput } from "./ecvrf.ts";
import { ORDER, Point, verifySignature } from "./ed25519.ts";
import { sha256, sha512 } from "./hash.ts";
import { consistent, included, leafHash, treeRoot } from "./merkle.ts";
import { openNote } from "./note.ts";

const KEY1 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const KEY2 = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const KEY3 = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";

function littleEndian(value: bigint): string {
  return toHex(fromHex(value.toString(16).padStart(64, "0")).reverse());
}

describe("Ed25519, RFC 8032 §7.1", () => {
  const signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  const check = (key: string, message: string, sig: string): boolean => verifySignature(fromHex(key), fromHex(message), fromHex(sig));

  it("accepts tests 1 and 2", () => {
    const first =
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    expect(check(KEY1, "", first)).toBe(true);
    expect(check(KEY2, "72", signature)).toBe(true);
  });

  it("refuses another message, another key and every bit of the signature flipped", () => {
    expect(check(KEY2, "73", signature)).toBe(false);
    expect(check(KEY1, "72", signature)).toBe(false);
    for (let bit = 0; bit < 512; bit += 7) {
      const bent = fromHex(signature);
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(check(KEY2, "72", toHex(bent))).toBe(false);
    }
  });

  it("refuses s + L, the second name of the same signature", () => {
    const s = toBigLE(fromHex(signature.slice(64)));
    expect(check(KEY2, "72", signature.slice(0, 64) + littleEndian(s + ORDER))).toBe(false);
  });

  it.each([
    ["the neutral point, for which R = neutral and s = 0 would sign all", `01${"00".repeat(31)}`],
    ["a point of order 2", `ec${"ff".repeat(30)}7f`],
    ["a point of order 4", "00".repeat(32)],
    ["a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["the neutral point written as y = p + 1", `ee${"ff".repeat(30)}7f`],
    ["no point of the curve", `02${"00".repeat(31)}`],
  ])("refuses a key that is %s", (_, key) => {
    expect(check(key, "72", `01${"00".repeat(63)}`)).toBe(false);
  });

  it("refuses a key with a part of order 8, even where the equation holds", () => {
    const torsion = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    const [a, r] = [12345n, 67890n];
    const sign = (key: InstanceType<typeof Point>, message: Uint8Array) => {
      const nonce = Point.BASE.multiply(r).toBytes();
      const k = toBigLE(sha512(concat(nonce, key.toBytes(), message))) % ORDER;
      return { k, signature: concat(nonce, fromHex(littleEndian((r + k * a) % ORDER))) };
    };
    const [honest, mixed] = [Point.BASE.multiply(a), Point.BASE.multiply(a).add(torsion)];
    expect(verifySignature(honest.toBytes(), utf8("m"), sign(honest, utf8("m")).signature)).toBe(true);
    // k divisible by 8 makes the torsion part vanish: the equation without cofactor holds.
    const message = Array.from({ length: 200 }, (_, i) => utf8(`m${i}`)).find((one) => sign(mixed, one).k % 8n === 0n);
    expect(message).toBeDefined();
    expect(verifySignature(mixed.toBytes(), message ?? utf8(""), sign(mixed, message ?? utf8("")).signature)).toBe(false);
  });

  it("refuses the neutral point as R, though the equation holds", () => {
    const [a, neutral] = [12345n, fromHex(`01${"00".repeat(31)}`)];
    const key = Point.BASE.multiply(a).toBytes();
    const k = toBigLE(sha512(concat(neutral, key, utf8("m")))) % ORDER;
    expect(verifySignature(key, utf8("m"), concat(neutral, fromHex(littleEndian((k * a) % ORDER))))).toBe(false);
  });
});

describe("ECVRF, RFC 9381 appendix B.3", () => {
  const examples = [
    [KEY1, "", "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
      "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae"],
    [KEY2, "72", "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
      "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031"],
    [KEY3, "af82", "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
      "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f"],
  ] as const;
  const output = (key: string, alpha: string, pi: Uint8Array) => vrfOutput(fromHex(key), fromHex(alpha), pi);

  it.each(examples)("gives beta of the example for key %s", (key, alpha, pi, beta) => {
    expect(toHex(output(key, alpha, fromHex(pi)) ?? new Uint8Array(0))).toBe(beta);
  });

  it("refuses a flipped bit in each of the 80 bytes", () => {
    const [key, alpha, pi] = examples[1];
    for (let at = 0; at < 80; at++) {
      const bent = fromHex(pi);
      bent[at] = (bent[at] ?? 0) ^ (1 << (at % 8));
      expect(output(key, alpha, bent), `byte ${at}`).toBeNull();
    }
  });

  it("refuses s + L, another alpha, a short proof and a key of small order", () => {
    const [key, alpha, pi] = examples[1];
    const s = toBigLE(fromHex(pi.slice(96)));
    expect(output(key, alpha, fromHex(pi.slice(0, 96) + littleEndian(s + ORDER)))).toBeNull();
    expect(output(key, "73", fromHex(pi))).toBeNull();
    expect(output(key, alpha, fromHex(pi).subarray(0, 79))).toBeNull();
    expect(output(`01${"00".repeat(31)}`, alpha, fromHex(pi))).toBeNull();
  });

  it("refuses a Gamma with a part of order 8 that its challenge hides", () => {
    const key = "97822ec1f9b91ef03aefd0a8a412f38762e3c4cc45af2b62eaf7326d9215213f";
    const honest =
      "318614545da986f5050360330d061f6c961693a95d1d99795373b93d814e0b4416503397e500a0f96049cd3731229e912881c78104b850b0084d0ea73ed383b05eb6d5ede4c8b27ca12a8711feafc809";
    const shifted =
      "cbe0fd746bfe69cd72d131613a2140e22f1745203b1256c82e65e7f7191bcbdd382c749fd79e3a1a4aacebe9d9151dcba8aeb59767b9df96abe901956bc59103381fc30c99d6513bd86aaf9bcee8210e";
    expect(output(key, "72", fromHex(honest))).not.toBeNull();
    expect(output(key, "72", fromHex(shifted))).toBeNull();
  });
});

describe("drand", () => {
  const known = {
    chain: "quicknet" as const,
    round: 1000,
    signature: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    previous: null,
  };

  it("verifies its own known round", () => expect(selfTest()).toBe(true));

  it.each([
    ["another round", { round: 1001 }],
    ["the other chain", { chain: "default" as const }],
    ["a previous signature on a chain without", { previous: "00" }],
    ["the negated point", { signature: `94${known.signature.slice(2)}` }],
    ["the point at infinity", { signature: `c0${"00".repeat(47)}` }],
    ["no point", { signature: "ff".repeat(48) }],
    ["a short signature", { signature: known.signature.slice(2) }],
    // x = 4 lies on E(Fp) but outside the subgroup.
    ["a point outside the subgroup", { signature: `80${"00".repeat(46)}04` }],
  ])("refuses %s", (_, change) => expect(verifyRound({ ...known, ...change })).toBe(false));

  it("counts round times from the genesis", () => {
    expect(roundTime("quicknet", 1)).toBe(1692803367n);
    expect(roundTime("default", 3)).toBe(1595431110n);
    expect(roundTime("default", Number.MAX_SAFE_INTEGER)).toBe(1595431050n + (2n ** 53n - 2n) * 30n);
  });
});

describe("Merkle trees, RFC 6962", () => {
  const leaves = Array.from({ length: 21 }, (_, n) => leafHash(u32be(n)));
  // The definitions of §2.1, written down plainly.
  const split = (n: number): number => { let k = 1; while (2 * k < n) k *= 2; return k; };
  const root = (all: Uint8Array[]): Uint8Array =>
    all.length === 1 ? (all[0] as Uint8Array) : sha256(concat(Uint8Array.of(1), root(all.slice(0, split(all.length))), root(all.slice(split(all.length)))));
  const path = (m: number, all: Uint8Array[]): Uint8Array[] => {
    if (all.length === 1) return [];
    const k = split(all.length);
    return m < k ? [...path(m, all.slice(0, k)), root(all.slice(k))] : [...path(m - k, all.slice(k)), root(all.slice(0, k))];
  };
  const grow = (m: number, all: Uint8Array[], whole: boolean): Uint8Array[] => {
    if (m === all.length) return whole ? [] : [root(all)];
    const k = split(all.length);
    return m <= k ? [...grow(m, all.slice(0, k), whole), root(all.slice(k))] : [...grow(m - k, all.slice(k), false), root(all.slice(0, k))];
  };

  it("agrees with the definition for all sizes up to 21, and refuses every wrong place", () => {
    expect(toHex(treeRoot([]))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (let n = 1; n <= leaves.length; n++) {
      const all = leaves.slice(0, n);
      const top = treeRoot(all);
      expect(top).toEqual(root(all));
      for (let m = 0; m < n; m++) {
        const proof = path(m, all);
        for (let at = 0; at <= n; at++) expect(included(leaves[m] as Uint8Array, at, n, proof, top)).toBe(at === m);
        expect(included(leaves[m] as Uint8Array, m, n, [...proof, top], top)).toBe(false);
        if (proof.length > 0) expect(included(leaves[m] as Uint8Array, m, n, proof.slice(1), top)).toBe(false);
      }
    }
  });

  it("proves growth between all sizes up to 21, and refuses a rewritten beginning", () => {
    for (let n = 1; n <= leaves.length; n++) {
      for (let m = 1; m <= n; m++) {
        const [before, after] = [treeRoot(leaves.slice(0, m)), treeRoot(leaves.slice(0, n))];
        const proof = m === n ? [] : grow(m, leaves.slice(0, n), true);
        expect(consistent(m, before, n, after, proof)).toBe(true);
        const rewritten = treeRoot([leafHash(utf8("other")), ...leaves.slice(1, m)]);
        expect(consistent(m, rewritten, n, after, proof)).toBe(false);
        expect(consistent(m, before, n, after, [...proof, after])).toBe(false);
      }
    }
    expect(consistent(0, treeRoot([]), 3, treeRoot(leaves.slice(0, 3)), [])).toBe(false);
    expect(consistent(4, treeRoot(leaves.slice(0, 4)), 3, treeRoot(leaves.slice(0, 3)), [])).toBe(false);
  });
});

describe("notes", () => {
  const ROOT = btoa("\0".repeat(32));

  it.each([
    ["nothing", "", "not a signed note"],
    ["no empty line", "o\n1\nAAAA\n— o AAAA\n", "not a signed note"],
    ["no end of line", "o\n1\nAAAA\n\n— o AAAA", "not a signed note"],
    ["two signatures for one", `o\n1\n${ROOT}\n\n— o AAAA\n— o AAAA\n`, "has 2 signature lines"],
    ["an extension line", `o\n1\n${ROOT}\nextra\n\n— o AAAA\n`, "three lines"],
    ["another origin", `p\n1\n${ROOT}\n\n— o AAAA\n`, "another origin"],
    ["a size with a leading zero", `o\n01\n${ROOT}\n\n— o AAAA\n`, "size is malformed"],
    ["a size beyond 2^53", `o\n9007199254740993\n${ROOT}\n\n— o AAAA\n`, "size is malformed"],
    ["base64 without padding", `o\n1\n${ROOT.replace("=", "")}\n\n— o AAAA\n`, "root is malformed"],
    ["base64 with loose last bits", `o\n1\n${ROOT.replace("A=", "B=")}\n\n— o AAAA\n`, "root is malformed"],
    ["another signer's name", `o\n1\n${ROOT}\n\n— p AAAA\n`, "another signer"],
    ["a short signature", `o\n1\n${ROOT}\n\n— o AAAA\n`, "wrong size"],
    ["another key's id", `o\n1\n${ROOT}\n\n— o ${btoa("\0".repeat(68))}\n`, "another key"],
  ])("refuses %s", (_, note, reason) => {
    expect(() => openNote(note, "o", [{ name: "o", key: KEY1, kind: 1 }])).toThrow(reason);
  });

  it.each([["a blank", "a b"], ["a plus", "a+b"], ["another script", "监督"], ["129 characters", "x".repeat(129)]])("refuses a name with %s", (_, name) => {
    const note = `${name}\n1\n${ROOT}\n\n— ${name} ${btoa("\0".repeat(68))}\n`;
    expect(() => openNote(note, name, [{ name, key: KEY1, kind: 1 }])).toThrow("another signer");
  });
});

describe("dates", () => {
  it("knows real days and times only", () => {
    expect(["2024-02-29", "2000-02-29", "1900-01-01", "2199-12-31"].every(isDate)).toBe(true);
    expect(["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "1899-12-31", "2200-01-01", "2024-1-01"].some(isDate)).toBe(false);
    expect(isTime("2024-02-29T23:59:59Z")).toBe(true);
    expect(["2024-02-29T24:00:00Z", "2024-02-29T23:59:60Z", "2024-02-29T23:59:59", "2024-02-30T00:00:00Z"].some(isTime)).toBe(false);
  });

  it("turns to Beijing's date at 16:00 UTC and goes back years over leap days", () => {
    expect(beijingDate("2024-12-31T15:59:59Z")).toBe("2024-12-31");
    expect(beijingDate("2024-12-31T16:00:00Z")).toBe("2025-01-01");
    expect(back("2024-02-29", 1)).toBe("2023-02-28");
    expect(back("2024-03-01", 3)).toBe("2021-03-01");
    expect(back("2024-03-01", Number.MAX_SAFE_INTEGER) < "1900-01-01").toBe(true);
  });

  it("lets intervals meet at their ends and be open on either side", () => {
    expect(meets({ from: "2024-01-01", to: "2024-01-31" }, "2024-01-31", "2024-02-10")).toBe(true);
    expect(meets({ from: "2024-01-01", to: "2024-01-30" }, "2024-01-31", "2024-02-10")).toBe(false);
    expect(meets({ from: "2024-02-11", to: null }, "2024-01-31", "2024-02-10")).toBe(false);
    expect(meets({ from: null, to: null }, "2024-01-31", "2024-02-10")).toBe(true);
  });
});
