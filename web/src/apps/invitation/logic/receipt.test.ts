// The receipt that the page checks: an honest one passes, and every way to bend it is refused.
import { describe, expect, it } from "vitest";
import { canonical } from "../../../verify/json.ts";
import { DRAW, ORIGIN, publicKey, ShortLog } from "../../../verify/fixtures/short-log.ts";
import { fromHex, toHex } from "../../../verify/bytes.ts";
import { tagged } from "../../../verify/hash.ts";
import { checkReceipt, ReceiptRefused, type Mine } from "./receipt.ts";

type Tree = Record<string, unknown>;
const LETTER = "00112233";
const MINE: Mine = { publicKey: publicKey("invitation 1"), letter: LETTER, draw: DRAW, n: 1 };
const body = (value: Tree, name: "invite" | "reply"): Tree => ((value[name] as Tree)["entry"] as Tree)["body"] as Tree;

/** Invited at index 7 with this letter, accepted at 8; a second expert at 9 and 10. */
function made(): ShortLog {
  const log = new ShortLog();
  const digest = toHex(tagged("qt/1 letter", fromHex(LETTER)));
  for (const seat of [0, 1]) log.reply(log.invite(seat, 1, (entry) => (entry.body["letter"] = digest)), "accept", 2);
  return log;
}

function receipt(log: ShortLog, change: (value: Tree) => void = () => undefined, indices = [7, 8]): Uint8Array {
  const [invite, reply] = indices.map((index) => log.placed(index));
  const value = { format: "qt/1 reply-receipt", origin: ORIGIN, checkpoint: log.note().final, invite, reply };
  change(value);
  return canonical(value);
}

function trust(change: (value: Tree) => void = () => undefined): Uint8Array {
  const value = { format: "qt/1 trust", origin: ORIGIN, ...Object.fromEntries(["platform", "agency", "supervisor", "cosigner"].map((role) => [role, [publicKey(role)]])) };
  change(value);
  return canonical(value);
}

const why = (given: Uint8Array, keys = trust(), mine = MINE): string => {
  try {
    checkReceipt(given, keys, mine);
    return "it holds";
  } catch (error) {
    if (!(error instanceof ReceiptRefused)) throw error;
    return error.message;
  }
};

describe("the receipt of an answer", () => {
  it("shows what was answered, when, and where that stands", () => {
    expect(checkReceipt(receipt(made()), trust(), MINE)).toMatchObject({ answer: "accept", logIndex: 8, logSize: 11 });
  });

  it.each<[string, (value: Tree) => void, string]>([
    ["another format", (value) => (value["format"] = "qt/1 receipt"), "malformed"],
    ["another log", (value) => (value["origin"] = "log.example/other"), "another log"],
    ["a checkpoint without its cosigners", (value) => (value["checkpoint"] = String(value["checkpoint"]).split("\n").slice(0, 5).join("\n") + "\n"), "not cosigned"],
    ["an answer turned round", (value) => (body(value, "reply")["answer"] = "decline"), "not in the log"],
    ["an answer moved in time", (value) => (body(value, "reply")["at"] = "2026-11-21T08:03:00Z"), "not in the log"],
    ["another place in the log", (value) => ((value["reply"] as Tree)["index"] = 9), "not in the log"],
    ["invitation and answer exchanged", (value) => ([value["invite"], value["reply"]] = [value["reply"], value["invite"]]), "another kind of entry"],
  ])("is refused with %s", (_name, change, said) => {
    expect(why(receipt(made(), change))).toBe(said);
  });

  it("is refused when it is another expert's", () => {
    expect(why(receipt(made(), undefined, [9, 10]))).toBe("another letter");
    expect(why(receipt(made(), undefined, [7, 10]))).toBe("another letter's answer");
  });

  it("is refused when it is about another letter, draw or number", () => {
    for (const change of [{ letter: "ff" }, { draw: 5 }, { n: 2 }, { publicKey: publicKey("mallory") }]) {
      expect(why(receipt(made()), trust(), { ...MINE, ...change })).toBe("another letter");
    }
  });

  it("is refused under other keys than those published", () => {
    for (const role of ["platform", "supervisor", "cosigner"]) {
      expect(why(receipt(made()), trust((value) => (value[role] = [publicKey("mallory")])))).toBe("not cosigned");
    }
  });

  it("is found under the newest of several keys", () => {
    const keys = trust((value) => (value["supervisor"] = [publicKey("retired"), publicKey("supervisor")]));
    expect(why(receipt(made()), keys)).toBe("it holds");
  });

  it("is refused when the platform put an answer there that nobody signed", () => {
    const log = new ShortLog();
    const digest = toHex(tagged("qt/1 letter", fromHex(LETTER)));
    const n = log.invite(0, 1, (entry) => (entry.body["letter"] = digest));
    log.reply(n, "decline", 2, 0, (entry) => (entry.body["signature"] = "00".repeat(64)));
    expect(why(receipt(log))).toBe("not signed by this letter");
  });
});
