// Checks 23, 24 and 27: invitation, reply and record entries as they stand in the log, at every stage (§2, §8.1).
// Whether a replacement had its ground is check 25's, in `grounds.ts`, once the seats are open.

import { concat, fromHex, utf8 } from "./bytes.ts";
import { belongs, signedByParties, type Context } from "./context.ts";
import { decodeKey, verifySignature } from "./ed25519.ts";
import { need } from "./errors.ts";
import { canonical } from "./json.ts";
import type { Entry } from "./shapes.ts";

/** Check 23. */
export function checkInvitations(context: Context): void {
  const { by, sealed } = context;
  const logged = sealed?.sdr.invitations === "logged";
  need(logged || by.invite.length === 0, 23, "an invitation in a draw that does not log them", "本次抽取不在日志中记录邀请，却有邀请条目");
  by.invite.forEach((invite, i) => checkInvite(context, invite, i + 1));
}

function checkInvite(context: Context, invite: Entry<"invite">, n: number): void {
  const { body, time } = invite;
  const keep = (holds: boolean, en: string, zh: string): void => need(holds, 23, `invitation ${n} ${en}`, `第 ${n} 号邀请${zh}`);
  const result = context.by.result[0];
  keep(result !== undefined && invite.index > result.index, "is not after the result", "早于抽取结果");
  keep(body.n === n, "is out of number", "编号不连续");
  keep(belongs(context, body), "is for another record", "属于另一份封存");
  keep(signedByParties(context, invite, "platform"), "is wrongly signed", "签名无效");
  keep(decodeKey(fromHex(body.key)) !== null, "has an invalid key", "所附密钥无效");
  const ordered = time <= body.reply_by && body.reply_by <= body.arrive_by && body.cut_off <= body.arrive_by;
  keep(ordered, "has its times out of order", "的期限先后不对");
}

/** Check 24. */
export function checkReplies(context: Context): void {
  const { by } = context;
  const before = new Map<number, Entry<"reply">[]>();
  for (const reply of by.reply) {
    const { n } = reply.body;
    const invite = by.invite[n - 1];
    const named = invite !== undefined && invite.index < reply.index && belongs(context, reply.body);
    need(named, 24, "a reply names no earlier invitation", "有答复没有对应的邀请");
    checkReply(context, invite, reply, 24);
    const earlier = before.get(n) ?? [];
    need(mayFollow(reply, earlier), 24, `the replies to invitation ${n} are in an impossible order`, `第 ${n} 号邀请的各次答复先后不对`);
    before.set(n, [...earlier, reply]);
  }
}

/** First accept or decline; after accept at most one leave; nothing after decline or leave. */
function mayFollow({ body }: Entry<"reply">, earlier: readonly Entry<"reply">[]): boolean {
  const last = earlier.at(-1);
  return last === undefined ? body.answer !== "leave" : last.body.answer === "accept" && body.answer === "leave";
}

/** What check 24 asks of one reply to its invitation; fails under `number`. */
export function checkReply(context: Context, invite: Entry<"invite">, reply: Entry<"reply">, number: 24 | 45): void {
  const { n, at, signature, record } = reply.body;
  const keep = (holds: boolean, en: string, zh: string): void => need(holds, number, `a reply to invitation ${n} ${en}`, `第 ${n} 号邀请的答复${zh}`);
  keep(signedByParties(context, reply, "platform"), "is wrongly signed by the platform", "缺少平台的有效签名");
  keep((signature === null) !== (record === null), "has not exactly one of signature and record", "没有恰好附上专家签名与按键记录之一");
  keep(signature === null || signedByExpert(invite, reply, signature), "is not signed with the invitation's key", "不是用邀请所附密钥签的");
  keep(invite.time <= at && at <= reply.time, "is dated outside its bounds", "所写时间不在邀请与登记之间");
}

function signedByExpert(invite: Entry<"invite">, { body }: Entry<"reply">, signature: string): boolean {
  const { draw, n, answer, at } = body;
  const statement = concat(utf8("qt/1 statement"), Uint8Array.of(0), canonical({ draw, n, answer, at }));
  return verifySignature(fromHex(invite.body.key), statement, fromHex(signature));
}

const TOPICS: readonly string[] = ["roster", "roster-open", "ledger", "ladder", "venue", "seating", "room", "recording", "case"];

/** Check 27. */
export function checkRecords(context: Context): void {
  const { by, sealed } = context;
  for (const record of by.record) {
    need(sealed !== null && record.index > sealed.entry.index, 27, "a record is before the seal", "有存证早于封存");
    need(belongs(context, record.body), 27, "a record is for another draw", "有存证属于另一次抽取");
    need(TOPICS.includes(record.body.topic), 27, "a record has an unknown topic", "有存证的类别未知");
    need(signedByParties(context, record, "platform"), 27, "a record is wrongly signed", "有存证的签名无效");
  }
}
