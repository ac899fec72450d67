// Checks 25 and 26: who was invited to which seat, whether every replacement had its ground, and whether all who sit in the
// end have accepted (§8.1). Walks the log once, in order, so that a ground counts only when it stood before its event.

import { seatDigest, type Context } from "./context.ts";
import { need } from "./errors.ts";
import type { Seats } from "./replace.ts";
import type { Entry, Opening } from "./shapes.ts";

/** One invitation with the replies that the log has held so far. */
interface Call {
  readonly invite: Entry<"invite">;
  readonly holder: Holder;
  readonly replies: Entry<"reply">[];
}

/** Somebody who sits or sat; `gone` from the event on that vacated the seat. */
interface Holder {
  readonly calls: Call[];
  gone: boolean;
}

const ZH: Readonly<Record<string, string>> = {
  decline: "拒绝", timeout: "逾期未答", no_show: "未到场", leave: "退出", conflict: "利益冲突", recusal: "回避", venue: "场地",
};

function newHolder(): Holder {
  return { calls: [], gone: false };
}

function inTime({ invite }: Call, { body }: Entry<"reply">): boolean {
  return body.answer !== "leave" && body.at <= invite.body.reply_by;
}

function has(call: Call | undefined, answer: "accept" | "decline"): boolean {
  return call?.replies.some((reply) => reply.body.answer === answer && inTime(call, reply)) ?? false;
}

/** Whether the newest reply is an accept in time. */
function accepted(call: Call | undefined): boolean {
  return has(call, "accept") && call?.replies.at(-1)?.body.answer === "accept";
}

/** Whether an event of this class has its ground in what its holder was asked and answered so far; `times` are its own. */
function grounded(reason: string, times: readonly string[], { calls }: Holder): boolean {
  if (reason === "conflict") return true;
  const newest = calls.at(-1);
  if (newest === undefined) return false;
  const { reply_by, arrive_by } = newest.invite.body;
  const later = (than: string): boolean => times.every((time) => time > than);
  if (reason === "decline") return has(newest, "decline");
  if (reason === "timeout") return later(reply_by) && !has(newest, "accept") && !has(newest, "decline");
  if (reason === "leave") return newest.replies.some((reply) => reply.body.answer === "leave");
  if (reason === "no_show") return accepted(newest) && later(arrive_by);
  if (reason === "recusal") return accepted(newest);
  return reason === "venue" && calls.some((call) => has(call, "accept"));
}

export class Attendance {
  private readonly holders: (Holder | null)[];
  private readonly calls: Call[] = [];
  /** Answers in time that reached the log after their seat had been vacated. */
  private late = 0;

  /** `seats` are those in the end, as check 19 found them. */
  constructor(
    private readonly context: Context,
    private readonly opening: Opening,
    private readonly seats: Seats,
  ) {
    this.holders = seats.map(newHolder);
  }

  /** Check 25; the number of answers that came too late for their seat. Unless `logged`, only the opening's shape. */
  checkGrounds(logged: boolean): number {
    const { by, bundle } = this.context;
    const { invitations } = this.opening;
    const listed = invitations.length === by.invite.length && invitations.every((one, i) => one.n === i + 1);
    need(listed, 25, "the invitations opened are not those of the log", "公开的邀请与日志中的不符");
    if (logged) for (const entry of bundle.entries) this.step(entry);
    return this.late;
  }

  private step(entry: Entry): void {
    if (entry.type === "invite") this.invite(entry as Entry<"invite">);
    if (entry.type === "reply") this.reply(entry as Entry<"reply">);
    if (entry.type === "event") this.event(entry as Entry<"event">);
    if (entry.type === "answer") this.pass((entry as Entry<"answer">).body.t);
  }

  private invite(invite: Entry<"invite">): void {
    const { n } = invite.body;
    const opened = this.opening.invitations[n - 1];
    const committed = opened !== undefined && seatDigest(opened.salt, opened.seat) === invite.body.seat;
    need(committed, 25, `invitation ${n}: the seat does not open its commitment`, `第 ${n} 号邀请的席位与登记不符`);
    // A number beyond the last seat is nobody's.
    const holder = this.holders[opened.seat] ?? null;
    need(holder !== null, 25, `invitation ${n} is for a seat that nobody holds`, `第 ${n} 号邀请的席位当时无人`);
    const call = { invite, holder, replies: [] };
    this.calls.push(call);
    holder.calls.push(call);
  }

  private reply(reply: Entry<"reply">): void {
    const call = this.calls[reply.body.n - 1];
    need(call !== undefined, 24, "a reply names no earlier invitation", "有答复没有对应的邀请");
    call.replies.push(reply);
    if (call.holder.gone && inTime(call, reply)) this.late += 1;
  }

  private event({ time, body }: Entry<"event">): void {
    const { t, mode } = body;
    const holder = this.holders[this.seatOf(t)] ?? null;
    const holds = holder !== null && grounded(body.class, [time, ...this.answered(t)], holder);
    need(holds, 25, `event ${t}: the log shows no ground for ${body.class}`, `第 ${t} 次递补的事由“${ZH[body.class] ?? body.class}”在日志中没有依据`);
    holder.gone = true;
    if (mode === "own-order") this.pass(t);
  }

  /** The seat of event t goes to the next holder; to nobody when nobody was left and it stayed vacant. */
  private pass(t: number): void {
    const seat = this.seatOf(t);
    const last = this.opening.events.every((one) => one.t <= t || one.seat !== seat);
    this.holders[seat] = last && this.seats[seat] === null ? null : newHolder();
  }

  /** When the supervisor answered, by its own clock; nothing in mode own-order. */
  private answered(t: number): readonly string[] {
    return this.context.by.answer.filter((one) => one.body.t === t).map((one) => one.time);
  }

  private seatOf(t: number): number {
    return this.opening.events[t - 1]?.seat ?? -1;
  }

  /** Check 26. */
  checkAccepted(): void {
    this.seats.forEach((taken, seat) => {
      if (taken === null) return;
      const holds = accepted(this.holders[seat]?.calls.at(-1));
      need(holds, 26, `seat ${seat + 1}: its holder has not accepted`, `第 ${seat + 1} 席的专家没有接受邀请`);
    });
  }
}
