// Checks 23 to 27: for each rule a short log in which exactly that rule is broken, beside honest logs that pass.

import { describe, expect, it } from "vitest";
import type { Context } from "./context.ts";
import { ProofError } from "./errors.ts";
import { DRAW, minute, publicKey, ShortLog, sign, statement } from "./fixtures/short-log.ts";
import { Attendance } from "./grounds.ts";
import { checkInvitations, checkRecords, checkReplies } from "./invitations.ts";
import { checkOpen } from "./outcome.ts";
import type { Opening } from "./shapes.ts";

type Lie = Parameters<ShortLog["opening"]>[0];

function tell(check: () => void): string {
  try {
    check();
    return "";
  } catch (error) {
    if (error instanceof ProofError) return error.message;
    throw error;
  }
}

/** Number, name and words of the first check that fails at any stage; empty when all pass. */
function logVerdict(context: Context): string {
  return tell(() => {
    checkInvitations(context);
    checkReplies(context);
    checkRecords(context);
  });
}

function attendance(log: ShortLog, opening: Opening = log.opening()): Attendance {
  return new Attendance(log.context(), opening, log.seats());
}

/** As `logVerdict`, for an opened draw. */
function verdict(log: ShortLog, lie?: Lie): string {
  const early = logVerdict(log.context());
  if (early !== "") return early;
  return tell(() => {
    const judged = attendance(log, log.opening(lie));
    judged.checkGrounds(true);
    judged.checkAccepted();
  });
}

/** Check 13. */
function openVerdict(log: ShortLog): string {
  const context = log.context();
  return tell(() => checkOpen(context, context.sealed));
}

/** Two seats, both invited and both accepted. */
function settled(): ShortLog {
  const log = new ShortLog();
  for (const seat of [0, 1]) log.reply(log.invite(seat, 1), "accept", 2);
  return log;
}

/** Seat 0 is invited; seat 1 is settled. Whoever follows on seat 0 accepts too. */
function replaced(reason: string, before: (log: ShortLog) => void, at: number, mode: "supervisor" | "own-order" = "supervisor", later = 0): string {
  const log = new ShortLog();
  log.reply(log.invite(1, 1), "accept", 2);
  before(log);
  log.event(0, reason, at, mode, later);
  log.reply(log.invite(0, at + later + 1), "accept", at + later + 2);
  return verdict(log);
}

describe("honest logs", () => {
  it("pass when everybody accepts", () => {
    expect(verdict(settled())).toBe("");
  });

  it("pass with records after the seal and after the opening", () => {
    const log = settled();
    for (const topic of ["roster", "ledger", "ladder", "venue", "seating", "room", "recording", "case"]) log.record(topic, 5);
    log.open(90);
    log.record("roster-open", 95);
    expect(log.context().by.record).toHaveLength(9);
    expect(logVerdict(log.context())).toBe("");
    expect(openVerdict(log)).toBe("");
  });

  it("let nothing but records follow the opening", () => {
    const log = settled();
    log.open(90);
    log.invite(0, 91);
    expect(openVerdict(log)).toMatch(/^13 open: something other than records/);
  });

  it("pass when a holder is invited again to another hour and accepts that", () => {
    const log = settled();
    log.reply(log.invite(0, 5), "accept", 6);
    expect(verdict(log)).toBe("");
  });

  it("pass when a seat stays vacant, which nobody need have accepted", () => {
    const log = settled();
    log.event(0, "conflict", 5);
    log.taken[0] = false;
    expect(verdict(log)).toBe("");
  });
});

describe("check 23, invitations", () => {
  const bent: readonly [string, string, (log: ShortLog) => void][] = [
    ["numbered anew", "out of number", (log) => log.invite(0, 1, ({ body }) => (body["n"] = 2))],
    ["of another draw", "another record", (log) => log.invite(0, 1, ({ body }) => (body["draw"] = DRAW + 1))],
    ["of another sealed record", "another record", (log) => log.invite(0, 1, ({ body }) => (body["sdr"] = "00".repeat(32)))],
    ["signed by the agency", "wrongly signed", (log) => log.invite(0, 1, undefined, ["agency"])],
    ["signed by one party too many", "wrongly signed", (log) => log.invite(0, 1, undefined, ["platform", "supervisor"])],
    ["with the identity as its key, for which anybody can sign", "invalid key", (log) => log.invite(0, 1, ({ body }) => (body["key"] = `01${"00".repeat(31)}`))],
    ["to be answered before it was sent", "times out of order", (log) => log.invite(0, 1, ({ body }) => (body["reply_by"] = minute(0)))],
    ["to be answered after the arrival", "times out of order", (log) => log.invite(0, 1, ({ body }) => (body["reply_by"] = minute(62)))],
    ["cut off after the arrival", "times out of order", (log) => log.invite(0, 1, ({ body }) => (body["cut_off"] = minute(62)))],
  ];
  it.each(bent)("refuses one %s", (_, words, build) => {
    const log = new ShortLog();
    build(log);
    expect(verdict(log)).toMatch(new RegExp(`^23 invitations: .*${words}`));
  });

  it("refuses one before the result, and one without any", () => {
    const log = new ShortLog();
    log.invite(0, 1);
    const [result, invite] = log.entries.slice(-2);
    expect(result?.type).toBe("result");
    log.entries.splice(-2, 2, { ...(invite as typeof log.entries[number]), index: 6 }, { ...(result as typeof log.entries[number]), index: 7 });
    expect(logVerdict(log.context())).toMatch(/^23 .*not after the result/);
  });

  it("refuses any in a draw that says it logs none, and there a reply names nothing", () => {
    const log = new ShortLog("elsewhere");
    expect(logVerdict(log.context())).toBe("");
    log.reply(1, "accept", 2);
    expect(logVerdict(log.context())).toMatch(/^24 /);
    log.invite(0, 3);
    expect(logVerdict(log.context())).toMatch(/^23 .*does not log them/);
  });
});

describe("check 24, replies", () => {
  const at = (when: number): ((entry: { body: Record<string, unknown> }) => void) => ({ body }) => {
    body["at"] = minute(when);
    body["signature"] = sign("invitation 1", statement(body));
  };
  const bent: readonly [string, string, (log: ShortLog) => void][] = [
    ["to an invitation that is not there", "no earlier invitation", (log) => log.reply(2, "accept", 2)],
    ["for another draw", "no earlier invitation", (log) => log.reply(1, "accept", 2, 0, ({ body }) => (body["draw"] = DRAW + 1))],
    ["that the platform has not signed", "by the platform", (log) => log.reply(1, "accept", 2, 0, undefined, ["supervisor"])],
    ["with neither signature nor record", "exactly one", (log) => log.reply(1, "accept", 2, 0, ({ body }) => (body["signature"] = null))],
    ["with both", "exactly one", (log) => log.reply(1, "accept", 2, 0, ({ body }) => (body["record"] = "00".repeat(32)))],
    ["signed with another letter's key", "invitation's key", (log) => log.reply(1, "accept", 2, 0, ({ body }) => (body["signature"] = sign("invitation 2", statement(body))))],
    ["turned round after the expert signed", "invitation's key", (log) => log.reply(1, "accept", 2, 0, ({ body }) => (body["answer"] = "decline"))],
    ["dated before the invitation", "outside its bounds", (log) => log.reply(1, "accept", 2, 0, at(0))],
    ["dated after it was logged", "outside its bounds", (log) => log.reply(1, "accept", 2, 0, at(3))],
    ["to leave before any accept", "impossible order", (log) => log.reply(1, "leave", 2)],
  ];
  it.each(bent)("refuses one %s", (_, words, build) => {
    const log = new ShortLog();
    log.invite(0, 1);
    build(log);
    expect(verdict(log)).toMatch(new RegExp(`^24 replies: .*${words}`));
  });

  it("takes one dated as its invitation or as its own entry, and one that rests on a keypad record", () => {
    const log = new ShortLog();
    log.reply(log.invite(0, 1), "accept", 1);
    log.reply(log.invite(1, 1), "accept", 5, 0, ({ body }) => Object.assign(body, { signature: null, record: "00".repeat(32) }));
    expect(verdict(log)).toBe("");
  });

  it("refuses one that stands before its invitation", () => {
    const log = new ShortLog();
    log.reply(1, "accept", 2);
    log.invite(0, 1);
    expect(logVerdict(log.context())).toMatch(/^24 .*no earlier invitation/);
  });

  const sequences: readonly [string, readonly ("accept" | "decline" | "leave")[]][] = [
    ["accept twice", ["accept", "accept"]],
    ["decline after accept", ["accept", "decline"]],
    ["accept after decline", ["decline", "accept"]],
    ["leave after decline", ["decline", "leave"]],
    ["leave twice", ["accept", "leave", "leave"]],
    ["accept after leave", ["accept", "leave", "accept"]],
  ];
  it.each(sequences)("refuses %s", (_, answers) => {
    const log = new ShortLog();
    const n = log.invite(0, 1);
    answers.forEach((answer, i) => log.reply(n, answer, 2 + i));
    expect(verdict(log)).toMatch(/^24 .*impossible order/);
  });
});

describe("check 25, grounds", () => {
  const invited = (log: ShortLog): number => log.invite(0, 1);
  const accepting = (log: ShortLog): void => log.reply(invited(log), "accept", 3);

  const held: readonly [string, string, (log: ShortLog) => void, number][] = [
    ["a decline in time", "decline", (log) => log.reply(invited(log), "decline", 3), 4],
    ["a decline at the last second", "decline", (log) => log.reply(invited(log), "decline", 11), 12],
    ["no answer until the limit", "timeout", invited, 12],
    ["an answer only after the limit", "timeout", (log) => log.reply(invited(log), "accept", 12), 13],
    ["a leave", "leave", (log) => { const n = invited(log); log.reply(n, "accept", 3); log.reply(n, "leave", 40); }, 41],
    ["an accept and no arrival", "no_show", accepting, 62],
    ["an accept and a recusal", "recusal", accepting, 20],
    ["an accept and a venue that failed", "venue", accepting, 20],
    ["an earlier accept when the hour was moved and the venue failed", "venue", (log) => { accepting(log); log.invite(0, 5); }, 20],
    ["a conflict, whatever the log holds", "conflict", () => undefined, 2],
  ];
  it.each(held)("holds for %s", (_, reason, before, at) => {
    expect(replaced(reason, before, at)).toBe("");
    expect(replaced(reason, before, at, "own-order")).toBe("");
  });

  const unfounded: readonly [string, string, (log: ShortLog) => void, number][] = [
    ["decline without an answer", "decline", invited, 4],
    ["decline after an accept", "decline", accepting, 4],
    ["decline that came late", "decline", (log) => log.reply(invited(log), "decline", 12), 13],
    ["decline of an invitation that a newer one took the place of", "decline", (log) => { log.reply(invited(log), "decline", 3); log.invite(0, 4); }, 5],
    ["timeout at the very limit", "timeout", invited, 11],
    ["timeout of somebody who was faster than the limit", "timeout", accepting, 12],
    ["timeout of somebody who had declined", "timeout", (log) => log.reply(invited(log), "decline", 3), 12],
    ["timeout of somebody never invited", "timeout", () => undefined, 99],
    ["leave after a mere accept", "leave", accepting, 4],
    ["no-show at the very hour", "no_show", accepting, 61],
    ["no-show of somebody who never accepted", "no_show", invited, 62],
    ["no-show of somebody who had left", "no_show", (log) => { const n = invited(log); log.reply(n, "accept", 3); log.reply(n, "leave", 4); }, 62],
    ["recusal of somebody who never accepted", "recusal", invited, 5],
    ["recusal on an accept that came late", "recusal", (log) => log.reply(invited(log), "accept", 12), 13],
    ["venue without any accept", "venue", invited, 12],
  ];
  it.each(unfounded)("refuses a %s", (_, reason, before, at) => {
    expect(replaced(reason, before, at)).toMatch(/^25 grounds: event 1: the log shows no ground/);
  });

  it("ends nobody's term by the platform's clock alone: the supervisor's answer must be late enough too", () => {
    const early = new ShortLog();
    early.reply(early.invite(1, 1), "accept", 2);
    early.invite(0, 1);
    early.onlyEvent(0, "timeout", 12);
    early.answer(9);
    early.reply(early.invite(0, 13), "accept", 14);
    expect(verdict(early)).toMatch(/^25 .*no ground for timeout/);
    expect(replaced("timeout", invited, 9, "supervisor", 3)).toMatch(/^25 /);
    expect(replaced("timeout", invited, 12, "supervisor", 3)).toBe("");
  });

  it("does not take a later answer for the ground of an earlier event", () => {
    const log = settled();
    const n = log.invite(0, 5);
    log.event(0, "decline", 6);
    log.reply(n, "decline", 5.5, 2);
    log.reply(log.invite(0, 9), "accept", 10);
    expect(verdict(log)).toMatch(/^25 .*for decline/);
  });

  it.each(["supervisor", "own-order"] as const)("does not count the answers of the one before for the one after, mode %s", (mode) => {
    const log = new ShortLog();
    log.reply(log.invite(1, 1), "accept", 2);
    log.reply(log.invite(0, 1), "decline", 2);
    log.event(0, "decline", 3, mode);
    log.event(0, "decline", 4, mode);
    log.reply(log.invite(0, 5), "accept", 6);
    expect(verdict(log)).toMatch(/^25 .*event 2/);
  });

  it("gives a seat to the next only with the answer of the supervisor", () => {
    const log = new ShortLog();
    log.reply(log.invite(1, 1), "accept", 2);
    log.reply(log.invite(0, 1), "decline", 2);
    log.onlyEvent(0, "decline", 3);
    const early = log.invite(0, 4);
    log.answer(5);
    log.reply(early, "accept", 6);
    expect(verdict(log)).toMatch(/^26 /);
  });

  const openings: readonly [string, Lie][] = [
    ["leaves one out", ({ invitations }) => invitations.pop()],
    ["adds one", ({ invitations }) => invitations.push({ n: 3, seat: 0, salt: "00".repeat(32) })],
    ["numbers them anew", ({ invitations }) => Object.assign(invitations[1] ?? {}, { n: 7 })],
    ["names another seat", ({ invitations }) => Object.assign(invitations[0] ?? {}, { seat: 1 })],
    ["has another salt", ({ invitations }) => Object.assign(invitations[0] ?? {}, { salt: "00".repeat(32) })],
  ];
  it.each(openings)("refuses an opening that %s", (_, lie) => {
    expect(verdict(settled(), lie)).toMatch(/^25 /);
  });

  it("refuses an invitation to a vacant seat and to one that does not exist, also by a number that wraps round", () => {
    const vacant = settled();
    vacant.event(0, "conflict", 5);
    vacant.taken[0] = false;
    vacant.invite(0, 6);
    expect(verdict(vacant)).toMatch(/^25 .*nobody holds/);
    const beyond = settled();
    beyond.invite(2, 6);
    expect(verdict(beyond)).toMatch(/^25 .*nobody holds/);
    const wrapped: Lie = ({ invitations }) => Object.assign(invitations[0] ?? {}, { seat: 2 ** 32 });
    expect(verdict(settled(), wrapped)).toMatch(/^25 /);
  });

  it("takes a seat for vacant only after the event that nobody was left for", () => {
    const log = settled();
    log.event(0, "conflict", 5);
    log.reply(log.invite(0, 6), "accept", 7);
    log.event(0, "recusal", 8);
    log.taken[0] = false;
    expect(verdict(log)).toBe("");
  });

  it("asks of a draw without logged invitations only that none is opened", () => {
    const log = new ShortLog("elsewhere");
    log.event(0, "decline", 3);
    expect(tell(() => attendance(log).checkGrounds(false))).toBe("");
    const more = log.opening(({ invitations }) => invitations.push({ n: 1, seat: 0, salt: "00".repeat(32) }));
    expect(tell(() => attendance(log, more).checkGrounds(false))).toMatch(/^25 /);
  });

  it("counts the answers in time that came after their seat had passed on, and those only", () => {
    const log = new ShortLog();
    log.reply(log.invite(1, 1), "accept", 2);
    const lost = log.invite(0, 1);
    log.event(0, "timeout", 12);
    log.reply(lost, "accept", 8, 6);
    const late = log.invite(0, 15);
    log.event(0, "timeout", 26);
    log.reply(late, "decline", 27);
    const barred = log.invite(0, 28);
    log.reply(barred, "accept", 29);
    log.event(0, "conflict", 30);
    log.reply(barred, "leave", 31);
    log.reply(log.invite(0, 32), "accept", 33);
    expect(verdict(log)).toBe("");
    expect(attendance(log).checkGrounds(true)).toBe(1);
  });
});

describe("check 26, accepted", () => {
  const last: readonly [string, (log: ShortLog) => void][] = [
    ["was never invited", () => undefined],
    ["has not answered", (log) => log.invite(0, 1)],
    ["accepted too late", (log) => log.reply(log.invite(0, 1), "accept", 12)],
    ["declined and still sits", (log) => log.reply(log.invite(0, 1), "decline", 2)],
    ["left and still sits", (log) => { const n = log.invite(0, 1); log.reply(n, "accept", 2); log.reply(n, "leave", 3); }],
    ["accepted another hour than the newest", (log) => { log.reply(log.invite(0, 1), "accept", 2); log.invite(0, 3); }],
    ["came after one who had accepted", (log) => { log.reply(log.invite(0, 1), "accept", 2); log.event(0, "conflict", 5); }],
  ];
  it.each(last)("refuses a holder who %s", (_, build) => {
    const log = new ShortLog();
    log.reply(log.invite(1, 1), "accept", 2);
    build(log);
    expect(verdict(log)).toBe("26 accepted: seat 1: its holder has not accepted");
  });
});

describe("check 27, records", () => {
  const bent: readonly [string, string, (log: ShortLog) => void][] = [
    ["of an unknown topic", "unknown topic", (log) => log.record("gossip", 5)],
    ["of another draw", "another draw", (log) => log.record("roster", 5, ({ body }) => (body["draw"] = 0))],
    ["signed by the cosigner", "wrongly signed", (log) => log.record("roster", 5, undefined, ["cosigner"])],
  ];
  it.each(bent)("refuses one %s", (_, words, build) => {
    const log = settled();
    build(log);
    expect(verdict(log)).toMatch(new RegExp(`^27 records: .*${words}`));
  });

  it("refuses one before the seal", () => {
    const log = settled();
    log.record("ledger", 5);
    const record = log.entries.at(-1) as (typeof log.entries)[number];
    const early = { ...record, index: 5 };
    const later = log.entries.slice(5, -1).map((entry) => ({ ...entry, index: entry.index + 1 }));
    log.entries.splice(5, log.entries.length, early, ...later);
    expect(logVerdict(log.context())).toMatch(/^27 .*before the seal/);
  });
});

it("makes every letter's key its own", () => {
  expect(publicKey("invitation 1")).not.toBe(publicKey("invitation 2"));
});
