// Checks 45 and 46: what an expert holds in hand about an answer, against proofs that are honest, older or cleansed.

import { describe, expect, it } from "vitest";
import { ProofError } from "./errors.ts";
import { minute, ORIGIN, ShortLog, sign, statement } from "./fixtures/short-log.ts";
import { canonical } from "./json.ts";
import { checkReplyReceipt, MAX_REPLY_RECEIPT, type Replied } from "./reply.ts";

type Tree = Record<string, unknown>;

/** Seat 0 invited at index 7, accepted at 8; seat 1 invited at 9 and accepted at 10. */
function draw(): ShortLog {
  const log = new ShortLog();
  for (const seat of [0, 1]) log.reply(log.invite(seat, 1), "accept", 2);
  return log;
}

function receipt(log: ShortLog, change: (value: Tree) => void = () => undefined, indices = [7, 8], size?: number): Uint8Array {
  const [invite, reply] = indices.map((index) => log.placed(index, size));
  const value = { format: "qt/1 reply-receipt", origin: ORIGIN, checkpoint: log.note(size).final, invite, reply };
  change(value);
  return canonical(value);
}

function judged(log: ShortLog, bytes: Uint8Array, size = log.entries.length): { said: Replied | string; passed: [number, boolean][]; notes: string[] } {
  const context = log.context(size);
  const passed: [number, boolean][] = [];
  try {
    const said = checkReplyReceipt(context, { final: log.note(size).checkpoint, seal: null }, bytes, (number, due = true) => passed.push([number, due]));
    return { said, passed, notes: context.notes.map((note) => note.code) };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    return { said: error.message, passed, notes: [] };
  }
}

const fault = (log: ShortLog, bytes: Uint8Array, size?: number): string => String(judged(log, bytes, size).said);

describe("an honest reply receipt", () => {
  it("passes beside the proof that holds its answer", () => {
    const log = draw();
    expect(judged(log, receipt(log))).toEqual({ said: { n: 1, answer: "accept", at: minute(2), covered: true }, passed: [[45, true], [46, true]], notes: [] });
  });

  it("passes when it was given before the log grew", () => {
    const log = draw();
    expect(judged(log, receipt(log, undefined, [7, 8], 9)).passed).toHaveLength(2);
  });

  it("cannot be found in an older proof, and says so instead of passing for it", () => {
    const log = draw();
    expect(judged(log, receipt(log), 8)).toMatchObject({ said: { covered: false }, passed: [[45, true], [46, false]], notes: ["reply-not-covered"] });
  });
});

describe("check 45, reply-format", () => {
  const part = (value: Tree, name: "invite" | "reply"): Tree => value[name] as Tree;
  const bent: readonly [string, string, (value: Tree) => void][] = [
    ["another format", "format: must be one of", (value) => (value["format"] = "qt/1 receipt")],
    ["a further member", "not allowed", (value) => (value["more"] = 1)],
    ["the entries exchanged", "must be of type invite", (value) => ([value["invite"], value["reply"]] = [value["reply"], value["invite"]])],
    ["another log's name", "another log", (value) => (value["origin"] = "log.example/other")],
    ["a checkpoint of another log", "another origin", (value) => (value["checkpoint"] = draw().note(undefined, "log.example/other").final)],
    ["a checkpoint without cosigner", "signature lines", (value) => (value["checkpoint"] = String(value["checkpoint"]).replace(/— cosigner.*\n$/, ""))],
    ["a checkpoint changed after signing", "does not verify", (value) => (value["checkpoint"] = String(value["checkpoint"]).replace("\n11\n", "\n12\n"))],
    ["another place in the log", "not in the log", (value) => (part(value, "reply")["index"] = 9)],
    ["a proof too short", "not in the log", (value) => (part(value, "invite")["proof"] = [])],
    ["a changed answer", "not in the log", (value) => (((part(value, "reply")["entry"] as Tree)["body"] as Tree)["answer"] = "decline")],
  ];
  it.each(bent)("refuses %s", (_, words, change) => {
    const log = draw();
    expect(fault(log, receipt(log, change))).toMatch(new RegExp(`^45 reply-format: .*${words}`));
  });

  it("refuses the answer to another invitation, and one that stands before its invitation", () => {
    const log = draw();
    expect(fault(log, receipt(log, undefined, [7, 10]))).toMatch(/^45 .*does not belong/);
    const mixed = new ShortLog();
    mixed.invite(0, 1, ({ body }) => (body["draw"] = 1));
    mixed.reply(1, "accept", 2);
    expect(fault(mixed, receipt(mixed))).toMatch(/^45 .*does not belong/);
    const early = new ShortLog();
    early.reply(1, "accept", 2);
    early.invite(0, 1);
    expect(fault(early, receipt(early, undefined, [8, 7]))).toMatch(/^45 .*does not belong/);
  });

  it("refuses entries that the platform has not signed, though the log holds them", () => {
    const invited = new ShortLog();
    invited.invite(0, 1, undefined, ["agency"]);
    invited.reply(1, "accept", 2);
    expect(fault(invited, receipt(invited))).toMatch(/^45 .*invitation is wrongly signed/);
    const replied = new ShortLog();
    replied.invite(0, 1);
    replied.reply(1, "accept", 2, 0, undefined, ["agency"]);
    expect(fault(replied, receipt(replied))).toMatch(/^45 .*by the platform/);
  });

  const replies: readonly [string, string, (entry: { body: Tree }) => void][] = [
    ["with neither signature nor record", "exactly one", ({ body }) => (body["signature"] = null)],
    ["signed with another key", "invitation's key", ({ body }) => (body["signature"] = sign("invitation 2", statement(body)))],
    ["dated before the invitation", "outside its bounds", ({ body }) => Object.assign(body, { signature: null, record: "00".repeat(32), at: minute(0) })],
  ];
  it.each(replies)("refuses an answer %s", (_, words, change) => {
    const log = new ShortLog();
    log.invite(0, 1);
    log.reply(1, "accept", 2, 0, change);
    expect(fault(log, receipt(log))).toMatch(new RegExp(`^45 .*${words}`));
  });

  it("takes a leave by itself, since the order of several replies is not in one receipt", () => {
    const log = draw();
    log.reply(1, "leave", 5);
    expect(judged(log, receipt(log, undefined, [7, 11])).said).toMatchObject({ answer: "leave" });
  });

  it("reads no more than a megabyte", () => {
    expect(fault(draw(), new Uint8Array(MAX_REPLY_RECEIPT + 1))).toMatch(/^45 .*larger than/);
  });
});

describe("check 46, reply-logged", () => {
  it("refuses a receipt of another draw in the same log", () => {
    const log = draw();
    const other = { ...log.context(), draw: 3 };
    const told = (): unknown => checkReplyReceipt(other, { final: log.note().checkpoint, seal: null }, receipt(log), () => undefined);
    expect(told).toThrow("46 reply-logged: the receipt is of another draw");
  });

  it("finds an answer that the platform left out of the proof or put another in the place of", () => {
    const log = draw();
    const own = receipt(log);
    const without = draw();
    without.entries.splice(8, 1);
    expect(missing(without, own)).toMatch(/^46 reply-logged: the proof does not hold/);
    const other = new ShortLog();
    other.reply(other.invite(0, 1), "decline", 2);
    other.reply(other.invite(1, 1), "accept", 2);
    expect(missing(other, own)).toMatch(/^46 reply-logged/);
  });

  it("finds an invitation that was exchanged under an answer that stayed", () => {
    const log = draw();
    const own = receipt(log);
    const other = draw();
    const [entry] = other.entries.splice(7, 1);
    const lied = { ...entry, raw: { ...(entry?.raw as object), time: minute(0) } } as unknown as (typeof other.entries)[number];
    other.entries.splice(7, 0, lied);
    expect(missing(other, own)).toMatch(/^46 reply-logged/);
  });

  /** The verdict on a proof whose log says it has eleven entries, whichever of them it shows. */
  function missing(shown: ShortLog, bytes: Uint8Array): string {
    return tellFrom(() => checkReplyReceipt(shown.context(), { final: { ...draw().note().checkpoint }, seal: null }, bytes, () => undefined));
  }

  function tellFrom(check: () => unknown): string {
    try {
      check();
      return "";
    } catch (error) {
      if (error instanceof ProofError) return error.message;
      throw error;
    }
  }
});
