// The second verifier of `qt/1`: bundle bytes in, a report or the first failing check out (§10).
//
// Written from the page and the vectors alone. Pure: no clock, no network, no DOM. Levels: public always, supervisor with
// the pool file, expert with a receipt of the draw or of an own answer.

import { fromHex, toHex } from "./bytes.ts";
import { CHECKS, ORDER, type CheckNumber, type CheckWords } from "./checks.ts";
import { makeContext, sealedOf, type Context, type Note, type Sealed } from "./context.ts";
import { fail, need, ProofError, type Passed, type Responsible } from "./errors.ts";
import { Attendance } from "./grounds.ts";
import { sha256 } from "./hash.ts";
import { checkInvitations, checkRecords, checkReplies } from "./invitations.ts";
import { JsonError, readCanonical, type Json } from "./json.ts";
import { checkCheckpoints, checkInclusion, checkKeys, type Checkpoints } from "./log.ts";
import { checkAttempts, checkLeaves, checkPanel, checkSeed, checkSizes } from "./opening.ts";
import { checkAbort, checkBeacon, checkEvents, checkOpen, checkResult, type Vacancy } from "./outcome.ts";
import { checkPool } from "./pool.ts";
import { checkReceipt } from "./receipt.ts";
import { checkReplyReceipt, type Replied } from "./reply.ts";
import { Replay, type Seats } from "./replace.ts";
import { checkRoster } from "./roster.ts";
import { ShapeError } from "./schema.ts";
import { ALL_ROLES, bundleShape, MAX_BUNDLE, trustShape, type At, type Bundle, type Role, type Rules, type Stage } from "./shapes.ts";
import { checkCommitments, checkEscrow, checkRequest, checkReveals, checkSeal } from "./steps.ts";

export { CHECKS, ProofError };
export type { At, CheckNumber, CheckWords, Note, Passed, Replied, Responsible, Role, Stage };

const MAX_TRUST = 1024 * 1024;

export type Level = "public" | "supervisor" | "expert";

/** Further files, each as its bytes. */
export interface Options {
  readonly trust?: Uint8Array;
  readonly poolFile?: Uint8Array;
  readonly receipt?: Uint8Array;
  /** The receipt of an answer to an invitation. */
  readonly reply?: Uint8Array;
}

export interface Party {
  readonly role: Role;
  readonly name: string;
  /** First 16 hexadecimal digits of SHA-256(public key). */
  readonly fingerprint: string;
}

export interface Seat {
  readonly seat: number;
  readonly stratum: string;
  readonly site: string;
  /** Null when the seat stayed vacant. */
  readonly at: At | null;
  readonly fields: Readonly<Record<string, Json>>;
}

export interface Invitations {
  /** Whether the log holds invitations and replies at all. */
  readonly logged: boolean;
  readonly sent: number;
  readonly replies: number;
}

export interface Report {
  readonly stage: Stage;
  readonly levels: readonly Level[];
  readonly origin: string;
  readonly draw: number;
  readonly section: string;
  readonly round: number;
  readonly previous: number | null;
  readonly log: { readonly size: number; readonly root: string; readonly entries: number };
  readonly parties: readonly Party[];
  /** Whether a trust file was given and lists the four keys. */
  readonly trusted: boolean;
  readonly steps: readonly { readonly index: number; readonly type: string; readonly time: string }[];
  readonly rules: { readonly id: string; readonly version: string; readonly layers: Rules["layers"] } | null;
  readonly avoidUnits: number | null;
  readonly recentChanges: number | null;
  /** Combinations set aside before the panel; null before the opening. */
  readonly rejected: number | null;
  readonly replacements: readonly { readonly t: number; readonly class: string; readonly mode: string }[];
  /** Null before the seal. */
  readonly invitations: Invitations | null;
  readonly abortReason: string | null;
  readonly seats: readonly Seat[] | null;
  readonly receipt: string | null;
  readonly reply: Replied | null;
  /** Every check that ran, ascending. */
  readonly checks: readonly Passed[];
  readonly notes: readonly Note[];
}

function readFile<T>(bytes: Uint8Array, limit: number, number: CheckNumber, shape: (value: Json, path: string) => T, zh: string): T {
  try {
    return shape(readCanonical(bytes, limit), "");
  } catch (error) {
    if (error instanceof JsonError || error instanceof ShapeError) return fail(number, error.message, zh);
    throw error;
  }
}

/** The checks that have passed so far, and which of them had something to check. */
class Ledger {
  private readonly done = new Map<CheckNumber, boolean>();
  private last: CheckNumber | null = null;

  readonly pass = (number: CheckNumber, due = true): void => {
    this.done.set(number, due);
    this.last = number;
  };

  /** The check at work. */
  next(): CheckNumber {
    const at = this.last === null ? 0 : ORDER.indexOf(this.last) + 1;
    return ORDER[Math.min(at, ORDER.length - 1)] ?? 1;
  }

  list(): Passed[] {
    const ascending = [...this.done].sort(([a], [b]) => a - b);
    return ascending.map(([number, due]) => {
      const { name, zh, en } = CHECKS[number];
      return { number, name, due, zh, en };
    });
  }
}

/** Checks 2 to 12, 23, 24 and 27; the vacancies are for check 19. */
function checkLog(context: Context, trustFile: Uint8Array | undefined, pass: Ledger["pass"]): { points: Checkpoints; vacancies: readonly Vacancy[] } {
  const { by, sealed } = context;
  const points = checkCheckpoints(context);
  pass(2);
  checkInclusion(context, points);
  pass(3);
  checkKeys(context, trustFile === undefined ? null : readFile(trustFile, MAX_TRUST, 4, trustShape, "信任文件不合规范"));
  pass(4);
  checkRequest(context);
  pass(5);
  checkCommitments(context);
  pass(6, by.commit.length > 0);
  checkSeal(context);
  pass(7, sealed !== null);
  checkEscrow(context);
  pass(8, by.escrow.length > 0);
  checkReveals(context);
  pass(9, by.reveal.length > 0);
  checkBeacon(context, points);
  pass(10, sealed !== null);
  checkResult(context);
  pass(11, by.result.length > 0);
  const vacancies = checkEvents(context);
  pass(12, by.result.length > 0);
  const inviting = by.result.length > 0 && isLogged(context);
  checkInvitations(context);
  pass(23, inviting);
  checkReplies(context);
  pass(24, inviting);
  checkRecords(context);
  pass(27, sealed !== null);
  return { points, vacancies };
}

function isLogged({ sealed }: Context): boolean {
  return sealed?.sdr.invitations === "logged";
}

/** Checks 13 to 21, 25 and 26; the seats in the end. */
function checkOpening(context: Context, sealed: Sealed, vacancies: readonly Vacancy[], pass: Ledger["pass"]): Seats {
  checkOpen(context, sealed);
  pass(13);
  const { opening, rules } = context.bundle;
  need(opening !== null && rules !== null, 1, "the opening is missing", "缺少公开内容");
  const seed = checkSeed(context, sealed, opening);
  pass(14);
  const { frame, tables } = checkSizes(context, sealed, rules, opening);
  pass(15);
  const leaves = checkLeaves(sealed, frame, opening);
  pass(16);
  const selection = { seed, frame, tables, leaves, cap: sealed.sdr.cap };
  checkAttempts(selection, opening.rejected);
  pass(17);
  const panel = checkPanel(selection, opening.rejected.length);
  pass(18);
  const seats = new Replay(selection, opening.rejected.length, panel).run(vacancies, opening.events);
  pass(19);
  checkRoster(context, rules, seats, opening.roster);
  pass(20);
  checkAttendance(context, new Attendance(context, opening, seats), pass);
  leaves.checkMinimal();
  pass(21);
  return seats;
}

/** Checks 25 and 26. Where the log holds no invitations, all there is to see is that none is opened. */
function checkAttendance(context: Context, attendance: Attendance, pass: Ledger["pass"]): void {
  const logged = isLogged(context);
  const late = attendance.checkGrounds(logged);
  if (late > 0) context.notes.push(lateAnswers(late));
  pass(25, logged);
  if (logged) attendance.checkAccepted();
  pass(26, logged);
}

const lateAnswers = (count: number) => ({
  code: "late-answers",
  zh: `有 ${count} 个期限内作出的答复，在席位已转给他人之后才登记，按规则不恢复席位。`,
  en: `${count} answer(s) given in time reached the log after their seat had passed on; by the rules they give nothing back.`,
});

/**
 * Verifies a bundle (≤ 64 MiB) with the optional files.
 * Throws ProofError at the first check that fails, whatever the bytes, and nothing else.
 */
export function verify(bytes: Uint8Array, options: Options = {}): Report {
  const ledger = new Ledger();
  try {
    return run(bytes, options, ledger);
  } catch (error) {
    // The last fence: a fault of this program fails closed, under the number of the check at work.
    const failed = error instanceof ProofError ? error : new ProofError(ledger.next(), `internal: ${nameOfFault(error)}`, "核验程序自身出错，视为未通过");
    failed.passed = ledger.list();
    throw failed;
  }
}

function nameOfFault(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}

function run(bytes: Uint8Array, options: Options, ledger: Ledger): Report {
  const bundle = readFile(bytes, MAX_BUNDLE, 1, bundleShape, "文件不合 qt/1 规范");
  const context = makeContext(bundle);
  ledger.pass(1);
  const { points, vacancies } = checkLog(context, options.trust, ledger.pass);
  const seats = bundle.stage === "opened" ? checkOpening(context, sealedOf(context), vacancies, ledger.pass) : null;
  if (bundle.stage === "aborted") {
    if (context.by.open.length > 0) {
      checkOpen(context, context.sealed);
      ledger.pass(13);
    }
    checkAbort(context);
    ledger.pass(22);
  }
  if (options.poolFile !== undefined) checkPool(context, options.poolFile, ledger.pass);
  const receipt = options.receipt === undefined ? null : checkReceipt(context, options.receipt, ledger.pass);
  const reply = options.reply === undefined ? null : checkReplyReceipt(context, points, options.reply, ledger.pass);
  return report(context, points, options, seats, { receipt, reply }, ledger);
}

function levelsOf({ poolFile, receipt, reply }: Options): Level[] {
  const own = receipt !== undefined || reply !== undefined;
  return ["public", ...(poolFile === undefined ? [] : ["supervisor" as const]), ...(own ? ["expert" as const] : [])];
}

function report(context: Context, { final }: Checkpoints, options: Options, seats: Seats | null, own: Pick<Report, "receipt" | "reply">, ledger: Ledger): Report {
  const { bundle, request, by, sealed } = context;
  const trusted = options.trust !== undefined;
  return {
    stage: bundle.stage,
    levels: levelsOf(options),
    origin: bundle.origin,
    draw: context.draw,
    section: request.body.section,
    round: request.body.round,
    previous: request.body.previous,
    log: { size: final.size, root: toHex(final.root), entries: bundle.entries.length },
    parties: partiesOf(context),
    trusted,
    steps: bundle.entries.map(({ index, type, time }) => ({ index, type, time })),
    rules: bundle.rules === null ? null : { id: bundle.rules.id, version: bundle.rules.version, layers: bundle.rules.layers },
    avoidUnits: sealed?.sdr.avoid_units ?? null,
    recentChanges: sealed?.sdr.recent_changes ?? null,
    rejected: bundle.stage === "opened" ? (bundle.opening?.rejected.length ?? null) : null,
    replacements: by.event.map(({ body }) => ({ t: body.t, class: body.class, mode: body.mode })),
    invitations: sealed === null ? null : { logged: isLogged(context), sent: by.invite.length, replies: by.reply.length },
    abortReason: by.abort[0]?.body.reason ?? null,
    seats: seats === null || sealed === null ? null : seatsOf(bundle, sealed, seats),
    ...own,
    checks: ledger.list(),
    notes: [...context.notes, ...generalNotes(context, seats, trusted)],
  };
}

function partiesOf(context: Context): Party[] {
  return ALL_ROLES.flatMap((role) => {
    const body = context.by.key.find((one) => one.body.role === role)?.body;
    if (body === undefined) return [];
    return [{ role, name: body.name, fingerprint: toHex(sha256(fromHex(body.public))).slice(0, 16) }];
  });
}

function seatsOf({ opening }: Bundle, { sdr }: Sealed, seats: Seats): Seat[] {
  const cells = sdr.strata.flatMap((stratum) => new Array<string>(stratum.seats).fill(stratum.id));
  return seats.map((holder, seat) => {
    const member = opening?.roster.find((one) => one.seat === seat);
    const fields: Record<string, Json> = {};
    for (const [name, { value }] of member?.fields ?? []) fields[name] = value;
    return { seat, stratum: cells[seat] ?? "", site: sdr.sites[holder?.at[1] ?? -1]?.id ?? "", at: holder?.at ?? null, fields };
  });
}

const ELSEWHERE = {
  code: "grounds-not-checked",
  zh: "本次抽取的邀请与答复没有记入日志，递补是否各有依据没有核验，由监督部门核查。",
  en: "Invitations and answers of this draw are not in the log, so the grounds of replacements were not checked; the supervisor examines them.",
};

function generalNotes(context: Context, seats: Seats | null, trusted: boolean): Note[] {
  const notes: Note[] = [];
  const { round, previous } = context.request.body;
  if (!trusted) {
    notes.push({
      code: "keys-not-compared",
      zh: "四方密钥的指纹没有与任何来源比对，请与公布的指纹核对。",
      en: "The fingerprints of the four keys were not compared with anything; please compare them with those published.",
    });
  }
  if (previous !== null) {
    notes.push({
      code: "further-round",
      zh: `这是该标段的第 ${round} 次抽取，前一次的编号为 ${previous}，请一并查看其中止记录。`,
      en: `This is draw ${round} of its section; the one before has number ${previous}. See why it was aborted.`,
    });
  }
  if (context.by.result.length > 0 && !isLogged(context)) notes.push(ELSEWHERE);
  const vacant = seats?.filter((one) => one === null).length ?? 0;
  if (vacant > 0) notes.push({ code: "vacant", zh: `有 ${vacant} 个席位最终空缺。`, en: `${vacant} seat(s) stayed vacant.` });
  return notes;
}
