// Checks 5 to 9: request, commitments, seal, escrow receipts and reveals (§2, §5, §6).

import { concat, fromHex, u64be, utf8 } from "./bytes.ts";
import { beijingDate, unixSeconds } from "./calendar.ts";
import { belongs, signedByParties, type Context, type Sealed } from "./context.ts";
import { need } from "./errors.ts";
import { taggedHex } from "./hash.ts";
import { canonical } from "./json.ts";
import { HOLDERS, type Entry, type Holder, type Rules, type Sdr } from "./shapes.ts";

/** How far a holder's clock may be behind the platform's. */
const CLOCK_TOLERANCE_S = 600;

const ZH: Readonly<Record<Holder, string>> = { agency: "代理机构", supervisor: "监督部门" };

/** Check 5. */
export function checkRequest(context: Context): void {
  const { request, by, draw, sealed } = context;
  const { round, previous } = request.body;
  need(signedByParties(context, request, "platform"), 5, "the request is wrongly signed", "申请的签名无效");
  need((round === 1) === (previous === null), 5, "round and previous disagree", "轮次与前一轮不符");
  need(previous === null || previous < draw, 5, "the round before is not before this one", "前一轮不在本轮之前");
  const pool = by.pool[0];
  need(pool !== undefined || sealed === null, 5, "the pool entry is missing", "缺少专家库条目");
  if (pool === undefined) return;
  need(pool.index < draw, 5, "the pool entry is not before the request", "专家库登记晚于申请");
  need(signedByParties(context, pool, "platform"), 5, "the pool entry is wrongly signed", "专家库条目签名无效");
}

/** Check 6. */
export function checkCommitments(context: Context): void {
  const { by, draw, sealed } = context;
  for (const entry of by.commit) {
    const { role } = entry.body;
    need(belongs(context, entry.body), 6, "a commitment is for another draw", "承诺属于另一次抽取");
    const inside = entry.index > draw && (sealed === null || entry.index < sealed.entry.index);
    need(inside, 6, `the commitment of the ${role} is not between request and seal`, `${ZH[role]}的承诺不在申请与封存之间`);
    // The holder dates its commitment: the platform cannot date the request later to hide recent changes.
    const early = unixSeconds(entry.time) < unixSeconds(context.request.time) - CLOCK_TOLERANCE_S;
    need(!early, 6, `the commitment of the ${role} is dated before the request`, `${ZH[role]}的承诺时间早于申请`);
    need(signedByParties(context, entry, role), 6, `the commitment of the ${role} is wrongly signed`, `${ZH[role]}的承诺签名无效`);
  }
  for (const role of HOLDERS) {
    const count = by.commit.filter((one) => one.body.role === role).length;
    const due = sealed !== null || context.bundle.stage === "opened" || context.bundle.stage === "revealed";
    need(count <= 1 && (count === 1 || !due), 6, `the ${role} has ${count} commitments`, `${ZH[role]}的承诺不是恰好一条`);
  }
}

/** Check 7. */
export function checkSeal(context: Context): void {
  const { by, bundle } = context;
  const due = bundle.stage !== "requested" && bundle.stage !== "aborted";
  need(by.seal.length <= 1 && (by.seal.length === 1 || !due), 7, "there must be exactly one seal", "必须恰有一条封存");
  if (context.sealed === null || bundle.rules === null) return;
  const { entry, sdr } = context.sealed;
  need(signedByParties(context, entry, "platform", "agency", "supervisor"), 7, "the seal is wrongly signed", "封存的签名无效");
  checkAgreement(context, sdr);
  checkRules(bundle.rules, entry, sdr);
  if (sdr.anonymity.override !== null) context.notes.push(OVERRIDE);
  if (sdr.committee.seated > 0) context.notes.push(topUp(sdr.committee.seated, sdr.previous));
  if (sdr.avoid_units > 0) context.notes.push(avoided(sdr.avoid_units));
}

const OVERRIDE = {
  code: "anonymity-override",
  zh: "候选人数少于规则要求，监督部门书面同意后继续抽取。",
  en: "The candidate lists are smaller than the rules ask for; the supervisor allowed the draw and gave a reason.",
};

const topUp = (seated: number, previous: number | null) => ({
  code: "top-up",
  zh: `补抽：委员会人数计入了 ${seated} 名此前已在席的专家。本证明不能说明他们确实在席，请核验编号为 ${previous} 的前一轮证明。`,
  en: `A top-up: ${seated} experts seated by earlier rounds count towards this committee. This bundle cannot show that they sit: verify the proof of the round before, draw ${previous}.`,
});

const avoided = (count: number) => ({
  code: "avoid-units",
  zh: `另有 ${count} 家单位按申请主动回避。`,
  en: `${count} further organisation(s) were excluded on request.`,
});

function checkAgreement(context: Context, sdr: Sdr): void {
  const { request, by, bundle, draw } = context;
  const agree = (holds: boolean, en: string, zh: string): void => need(holds, 7, `the record disagrees with ${en}`, `封存内容与${zh}不符`);
  const { section, round, previous, parties } = request.body;
  agree(sdr.draw === draw && sdr.section === section && sdr.round === round && sdr.previous === previous, "the request", "申请");
  const same = (Object.keys(parties) as (keyof typeof parties)[]).every((role) => parties[role] === sdr.parties[role]);
  agree(same, "the parties of the request", "申请中的各方");
  agree(context.sealed !== null && context.sealed.entry.index > draw, "the order of the log", "日志顺序");
  agree(context.sealed !== null && request.time <= context.sealed.entry.time, "the time of the request", "申请的时间");
  const pool = by.pool[0];
  agree(pool !== undefined && sdr.pool.index === pool.index && sdr.pool.id === pool.body.pool, "the pool entry", "专家库条目");
  agree(sdr.pool.version === pool?.body.version && sdr.pool.root === pool.body.root, "the pool entry", "专家库条目");
  for (const role of ["platform", "supervisor"] as const) {
    agree(by.key.some((one) => one.body.role === role && one.body.vrf === sdr.vrf[role]), `the VRF key of the ${role}`, "VRF 密钥");
  }
  for (const role of HOLDERS) {
    const commitment = by.commit.find((one) => one.body.role === role)?.body.commitment;
    agree(commitment === sdr.commitments[role], `the commitment of the ${role}`, `${ZH[role]}的承诺`);
  }
  agree(taggedHex("qt/1 rules", canonical(bundle.rules)) === sdr.rules, "the rules", "所附规则");
}

function checkRules(rules: Rules, seal: Entry<"seal">, sdr: Sdr): void {
  const keep = (holds: boolean, en: string, zh: string): void => need(holds, 7, `the record breaks the rules: ${en}`, `封存内容违反规则：${zh}`);
  const today = beijingDate(seal.time);
  const effective = rules.effective_from <= today && (rules.effective_to === null || today <= rules.effective_to);
  keep(effective, "they are not in force", "规则当日不生效");
  const { experts, seated, owners } = sdr.committee;
  keep(seated === 0 || sdr.previous !== null, "experts are seated by a round that never was", "没有前一轮，却有已在席专家");
  const judges = BigInt(experts) + BigInt(seated);
  const size = judges + BigInt(owners);
  keep(size >= BigInt(rules.committee.min), "the committee is too small", "委员会人数不足");
  keep(!rules.committee.odd || size % 2n === 1n, "the committee is not odd", "委员会人数不是单数");
  const [numerator, denominator] = rules.committee.expert_share.map(BigInt) as [bigint, bigint];
  keep(judges * denominator >= numerator * size, "too few experts", "专家比例不足");
  keep(rules.owners_max === null || owners <= rules.owners_max, "too many members of the tenderee", "招标人代表过多");
  keep(sdr.cap <= rules.employer_cap, "the employer cap is too high", "同一单位人数上限过高");
  const seats = sdr.strata.reduce((sum, stratum) => sum + stratum.seats, 0);
  keep(seats === experts, "the seats are not the number of experts", "席位数与专家人数不符");
  const bound = (pick: (site: Sdr["sites"][number]) => number): bigint => sdr.sites.reduce((sum, site) => sum + BigInt(pick(site)), 0n);
  keep(sdr.sites.every((site) => site.min <= site.max), "a site's quota is contradictory", "场地名额自相矛盾");
  const reachable = bound((site) => site.min) <= BigInt(seats) && BigInt(seats) <= bound((site) => site.max);
  keep(reachable, "the sites' quotas do not fit the seats", "场地名额与席位不符");
  const { reveal, result, open } = sdr.deadlines;
  keep(reveal <= result && seal.time <= reveal && seal.time <= open, "the deadlines", "期限不合规则");
  const unmet = sdr.anonymity.strata.some((stratum) => !stratum.met);
  keep(unmet === (sdr.anonymity.override !== null), "the anonymity override", "匿名程度不足而无监督部门理由，或理由多余");
}

/** Check 8. */
export function checkEscrow(context: Context): void {
  const { by, bundle } = context;
  const due = by.reveal.length > 0 || by.result.length > 0 || bundle.stage === "opened";
  for (const role of HOLDERS) {
    const count = by.escrow.filter((one) => one.body.role === role).length;
    need(count <= 1 && (count === 1 || !due), 8, `there are ${count} escrow receipts for the ${role}`, `${ZH[role]}的托管回执不是恰好一条`);
  }
  for (const entry of by.escrow) checkReceipt(context, sealedOf8(context), entry);
}

function sealedOf8(context: Context): Sealed {
  need(context.sealed !== null, 8, "an escrow receipt without a seal", "没有封存却有托管回执");
  return context.sealed;
}

function checkReceipt(context: Context, { entry: seal, sdr }: Sealed, entry: Entry<"escrow">): void {
  const { role, commitment } = entry.body;
  const placed = entry.index > seal.index && context.by.reveal.every((one) => one.index > entry.index);
  need(placed, 8, "an escrow receipt is not between seal and reveals", "托管回执不在封存与揭示之间");
  need(signedByParties(context, entry, "cosigner"), 8, "an escrow receipt is wrongly signed", "托管回执签名无效");
  need(commitment === sdr.commitments[role], 8, "an escrow receipt is for another commitment", "托管回执对应的承诺不符");
  need(belongs(context, entry.body), 8, "an escrow receipt is for another record", "托管回执属于另一份封存");
}

/** Check 9. */
export function checkReveals(context: Context): void {
  const { by, bundle } = context;
  for (const role of HOLDERS) {
    const count = by.reveal.filter((one) => one.body.role === role).length;
    const due = by.result.length > 0 || bundle.stage === "opened";
    need(count <= 1 && (count === 1 || !due), 9, `there are ${count} reveals of the ${role}`, `${ZH[role]}的揭示不是恰好一条`);
  }
  for (const entry of by.reveal) checkReveal(context, entry);
}

function checkReveal(context: Context, entry: Entry<"reveal">): void {
  const { role, r, from } = entry.body;
  need(context.sealed !== null, 9, "a reveal without a seal", "没有封存却有揭示");
  need(entry.index > context.sealed.entry.index, 9, "a reveal is not after the seal", "揭示早于封存");
  need(signedByParties(context, entry, from === "holder" ? role : "cosigner"), 9, "a reveal is wrongly signed", "揭示的签名无效");
  need(belongs(context, entry.body), 9, "a reveal is for another record", "揭示属于另一份封存");
  const opened = taggedHex("qt/1 commit", roleCommitment(context.draw, role), fromHex(r));
  need(opened === context.sealed.sdr.commitments[role], 9, `the number of the ${role} does not open the commitment`, `${ZH[role]}揭示的数与承诺不符`);
  if (from === "escrow") {
    context.notes.push({
      code: "escrow-reveal",
      zh: `${ZH[role]}没有自行揭示，其随机数由联署方从托管中揭示。`,
      en: `The ${role} did not reveal its number; the cosigner opened it from escrow.`,
    });
  }
}

/** u64be(k) ‖ u8(length of role) ‖ role. */
function roleCommitment(draw: number, role: Holder): Uint8Array {
  return concat(u64be(draw), Uint8Array.of(role.length), utf8(role));
}

