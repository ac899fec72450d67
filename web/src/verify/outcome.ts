// Checks 10 to 13 and 22: beacon, result, events with their answers, opening and abort entries (§2, §6, §8).

import { concat, fromHex, toHex, u32be, utf8 } from "./bytes.ts";
import { unixSeconds } from "./calendar.ts";
import { belongs, entryHash, signedByParties, type Context, type Sealed } from "./context.ts";
import { roundTime, verifyRound } from "./drand.ts";
import { vrfOutput } from "./ecvrf.ts";
import { need } from "./errors.ts";
import { sha256, tagged } from "./hash.ts";
import type { Checkpoints } from "./log.ts";
import type { Entry } from "./shapes.ts";

const BEACON_LEAD_S = 60n;

/** Check 10. */
export function checkBeacon(context: Context, { seal }: Checkpoints): void {
  const { sealed, by } = context;
  if (sealed === null) return;
  const { beacon } = sealed.sdr;
  if (beacon !== null) {
    const when = roundTime(beacon.chain, beacon.round);
    const sealTime = BigInt(unixSeconds(sealed.entry.time));
    need(when >= sealTime + BEACON_LEAD_S, 10, "the beacon round is too close to the seal", "信标轮次距封存不足 60 秒");
    const late = seal?.times.some((time) => time > when) ?? true;
    need(!late, 10, "the seal checkpoint was cosigned after the beacon round", "封存检查点的签署晚于信标产生");
  } else {
    context.notes.push(NO_BEACON);
  }
  for (const { body } of by.result) checkRound(body.beacon, beacon);
}

const NO_BEACON = {
  code: "no-beacon",
  zh: "本次抽取没有使用公共随机信标：随机数只来自代理机构、监督部门与平台，任何一方诚实即不可预知。",
  en: "This draw used no public beacon: its randomness comes from agency, supervisor and platform; one honest party is enough.",
};

function checkRound(given: Entry<"result">["body"]["beacon"], wanted: Sealed["sdr"]["beacon"]): void {
  need((given === null) === (wanted === null), 10, "beacon present or absent against the record", "信标的有无与封存不符");
  if (given === null || wanted === null) return;
  need(given.chain === wanted.chain && given.round === wanted.round, 10, "another beacon round", "信标轮次与封存不符");
  need(verifyRound(given), 10, "the beacon signature is invalid", "信标签名无效");
}

/** alpha of §6 from the reveals and the beacon. */
function alphaOf(context: Context, sealed: Sealed, result: Entry<"result">): Uint8Array {
  const r = (role: string): Uint8Array => fromHex(context.by.reveal.find((one) => one.body.role === role)?.body.r ?? "");
  const { beacon } = result.body;
  const b = beacon === null ? new Uint8Array(32) : sha256(fromHex(beacon.signature));
  return tagged("qt/1 alpha", fromHex(sealed.digest), r("agency"), r("supervisor"), b);
}

/** Check 11. */
export function checkResult(context: Context): void {
  const { by, bundle, sealed } = context;
  const due = bundle.stage === "revealed" || bundle.stage === "opened";
  need(by.result.length <= 1 && (by.result.length === 1 || !due), 11, `there are ${by.result.length} results`, "结果不是恰好一条");
  const result = by.result[0];
  if (result === undefined) return;
  need(sealed !== null, 11, "a result without a seal", "没有封存却有结果");
  need(signedByParties(context, result, "platform"), 11, "the result is wrongly signed", "结果的签名无效");
  need(belongs(context, result.body), 11, "the result is for another record", "结果属于另一份封存");
  need(by.reveal.every((one) => one.index < result.index), 11, "the result is not after both reveals", "结果早于揭示");
  need(toHex(alphaOf(context, sealed, result)) === result.body.alpha, 11, "alpha is wrong", "alpha 与随机数不符");
  need(result.time <= sealed.sdr.deadlines.result, 11, "the result came after its deadline", "结果登记超过期限");
}

/** One event with the hash output of its answer; null in mode own-order or while unanswered. */
export interface Vacancy {
  readonly event: Entry<"event">;
  readonly beta: Uint8Array | null;
}

const CLASSES: readonly string[] = ["decline", "timeout", "no_show", "leave", "conflict", "recusal", "venue"];
const MODES: readonly string[] = ["supervisor", "own-order"];

/** Check 12. */
export function checkEvents(context: Context): readonly Vacancy[] {
  const { by, sealed } = context;
  const result = by.result[0];
  const none = by.event.length === 0 && by.answer.length === 0;
  need(none || (result !== undefined && sealed !== null), 12, "events without a result", "没有结果却有递补事件");
  if (none || result === undefined || sealed === null) return [];
  const orphan = by.answer.some((one) => one.body.t > by.event.length);
  need(!orphan, 12, "an answer without an event", "应答没有对应的事件");
  return by.event.map((event, i) => {
    need(event.index > result.index, 12, "an event is before the result", "递补事件早于结果");
    need(event.body.t === i + 1, 12, "events are not numbered in log order", "递补事件编号不连续");
    need(signedByParties(context, event, "platform"), 12, `event ${i + 1} is wrongly signed`, `第 ${i + 1} 次递补签名无效`);
    need(belongs(context, event.body), 12, `event ${i + 1} is for another record`, `第 ${i + 1} 次递补属于另一份封存`);
    const known = CLASSES.includes(event.body.class) && MODES.includes(event.body.mode);
    need(known, 12, `event ${i + 1} has an unknown class or mode`, `第 ${i + 1} 次递补的事由或方式未知`);
    return { event, beta: checkAnswer(context, sealed, event, by.event[i + 1]) };
  });
}

function checkAnswer(context: Context, sealed: Sealed, event: Entry<"event">, next: Entry<"event"> | undefined): Uint8Array | null {
  const { t, mode } = event.body;
  const answers = context.by.answer.filter((one) => one.body.t === t);
  const answer = answers[0];
  if (mode === "own-order") {
    need(answer === undefined, 12, `event ${t} has an answer against its mode`, `第 ${t} 次递补不应有应答`);
    context.notes.push(ownOrder(t));
    return null;
  }
  const due = next !== undefined || context.bundle.stage === "opened";
  need(answers.length <= 1 && (answer !== undefined || !due), 12, `event ${t} has ${answers.length} answers`, `第 ${t} 次递补的应答不是恰好一条`);
  if (answer === undefined) return null;
  const placed = answer.index > event.index && (next === undefined || answer.index < next.index);
  need(placed, 12, `the answer to event ${t} is out of order`, `第 ${t} 次递补的应答次序不对`);
  need(signedByParties(context, answer, "supervisor"), 12, `the answer to event ${t} is wrongly signed`, `第 ${t} 次应答签名无效`);
  const bound = belongs(context, answer.body) && answer.body.event === toHex(entryHash(event));
  need(bound, 12, `the answer to event ${t} is for another event`, `第 ${t} 次应答属于另一事件`);
  const alpha = concat(utf8("qt/1 replace"), Uint8Array.of(0), fromHex(sealed.digest), u32be(t));
  const beta = vrfOutput(fromHex(sealed.sdr.vrf.supervisor), alpha, fromHex(answer.body.pi));
  need(beta !== null, 12, `the VRF proof of answer ${t} fails`, `第 ${t} 次应答的 VRF 证明无效`);
  return beta;
}

const ownOrder = (t: number) => ({
  code: "own-order",
  zh: `第 ${t} 次递补时监督部门联系不上，按原抽取顺序递补；平台事先有可能看到这一顺序。`,
  en: `Replacement ${t} followed the draw's own order because the supervisor was unreachable; the platform could have looked ahead.`,
});

function isLast(context: Context, entry: Entry): boolean {
  return context.bundle.entries.every((one) => one.index <= entry.index);
}

/** Check 13, wherever an open entry is present. */
export function checkOpen(context: Context, sealed: Sealed | null): void {
  const { by } = context;
  const open = by.open[0];
  need(open !== undefined && by.open.length === 1, 13, "there must be exactly one opening", "必须恰有一条公开");
  need(sealed !== null, 13, "an opening without a seal", "没有封存却有公开");
  need(signedByParties(context, open, "platform", "supervisor"), 13, "the opening is wrongly signed", "公开的签名无效");
  need(belongs(context, open.body), 13, "the opening is for another record", "公开属于另一份封存");
  need(open.body.events === by.event.length, 13, "the opening states another number of events", "公开所写递补次数不符");
  const closing = context.bundle.entries.every((one) => one.index <= open.index || one.type === "record");
  need(closing, 13, "something other than records follows the opening", "公开之后还有存证以外的条目");
  need(open.time >= sealed.sdr.deadlines.open, 13, "opened before the lawful time", "公开早于法定时间");
}

/** Check 22, stage aborted only. */
export function checkAbort(context: Context): void {
  const { by, bundle } = context;
  const abort = by.abort[0];
  need(abort !== undefined && by.abort.length === 1, 22, "there must be exactly one abort", "必须恰有一条中止");
  need(signedByParties(context, abort, "platform"), 22, "the abort is wrongly signed", "中止的签名无效");
  need(belongs(context, abort.body), 22, "the abort is for another draw or record", "中止属于另一次抽取或封存");
  need(isLast(context, abort), 22, "the abort is not the last entry", "中止不是最后一条");
  need(by.open.length === 0 && bundle.opening === null, 22, "an aborted draw is opened", "已中止的抽取不得公开");
}
