// The numbered checks of the draw proof, §10: number, name, what a pass proves, what it leaves open, who must act.
// Texts only; no check is made here. The numbers and names are shared with every other verifier of `qt/1`.

import type { Responsible } from "./errors.ts";

export interface CheckText {
  readonly name: string;
  readonly responsible: Responsible;
  readonly zh: CheckWords;
  readonly en: CheckWords;
}

export interface CheckWords {
  readonly title: string;
  readonly proves: string;
  readonly limit: string;
}

function check(
  name: string,
  responsible: Responsible,
  zh: readonly [string, string, string],
  en: readonly [string, string, string],
): CheckText {
  const words = ([title, proves, limit]: readonly [string, string, string]): CheckWords => ({ title, proves, limit });
  return { name, responsible, zh: words(zh), en: words(en) };
}

export const CHECKS = {
  1: check("format", "holder",
    ["文件格式", "文件的每个字节都合乎 qt/1 规范，没有重复、多余或含糊的内容。", "格式正确不等于内容真实，内容由后面各项核对。"],
    ["File format", "Every byte follows the qt/1 specification: nothing doubled, extra or ambiguous.", "A right format says nothing about the content; the checks below do."]),
  2: check("checkpoints", "platform",
    ["日志检查点", "日志的状态由平台、监督部门、联署方三家签名确认。", "三家若全部串通，可以共同签署一份假状态。"],
    ["Log checkpoints", "Platform, supervisor and cosigner all signed the state of the log.", "All three together could sign a false state."]),
  3: check("inclusion", "platform",
    ["日志收录", "本次抽取的每一步都在公开日志里，日志此后只增不改。", "证明已列出的步骤都在，不证明日志里没有别的抽取。"],
    ["Log inclusion", "Every step of this draw is in the log, and the log has only grown since the seal.", "It shows that the steps listed are there, not that the log holds no other draw."]),
  4: check("keys", "platform",
    ["四方密钥", "四方密钥在申请之前已登记，各不相同。", "密钥属于谁，要与信任文件或公布的指纹比对后才能确定。"],
    ["Keys of the four parties", "The four parties registered distinct keys before the request.", "Whose keys they are is certain only after comparison with a trust file or the published fingerprints."]),
  5: check("request", "platform",
    ["抽取申请", "这是该标段的第几次抽取已写明，专家库版本在申请前已固定。", "不说明为何要重新抽取（见前一轮的中止记录）；未遍查日志，不能排除隐去的其他轮次。"],
    ["Request", "The round of this section's draw is stated and the pool version was fixed before the request.", "It does not explain a further round (the abort entry of the round before does), nor rule out that a round was hidden: only a walk over the whole log does."]),
  6: check("commitments", "agency",
    ["随机数承诺", "代理机构与监督部门在封存之前各自锁定了一个随机数。", "只证明锁定，不证明该数选得随机；只要有一方随机即可。"],
    ["Commitments", "Agency and supervisor each locked in a random number before the seal.", "It shows that the numbers were fixed, not that they were chosen at random; one honest party is enough."]),
  7: check("seal", "platform",
    ["抽取条件封存", "名单、规则、席位与期限在随机数产生前由三方签名封存，并合乎规则。", "封存前由谁录入、录入是否属实，须由监督部门另行核查。"],
    ["Seal", "List, rules, seats and deadlines were sealed by three signatures before any randomness and keep the rules.", "Whether what was entered before the seal is true is for the supervisor to examine."]),
  8: check("escrow", "cosigner",
    ["随机数托管", "联署方在揭示前收到了双方随机数的密封备份，任何一方都无法反悔。", "联署方必须妥善保管其解封密钥。"],
    ["Escrow", "The cosigner held sealed copies of both numbers before any was revealed, so nobody could withdraw.", "The cosigner has to keep its unsealing key safe."]),
  9: check("reveals", "agency",
    ["随机数揭示", "揭示的数就是事先锁定的数。", "托管代为揭示的，会在说明中列出。"],
    ["Reveals", "The numbers revealed are the numbers locked in before.", "A number opened from escrow is named in the notes."]),
  10: check("beacon", "platform",
    ["公共随机信标", "所用信标轮次在封存时已指定、当时尚未产生，其签名有效。", "未使用信标的抽取没有这层保护，说明中会写明。"],
    ["Public beacon", "The beacon round was named at the seal, did not exist then, and its signature is valid.", "A draw without a beacon lacks this protection; the notes say so."]),
  11: check("result", "platform",
    ["结果登记", "平台在期限内登记了由上述随机数算出的唯一结果。", "结果由哪些人组成，公开后由后面各项核对。"],
    ["Result", "The platform recorded, in time, the one result that these random numbers give.", "Who was drawn is checked below once the draw is open."]),
  12: check("events", "supervisor",
    ["递补事件", "每次递补都按顺序登记，监督部门作出了可核验的应答。", "缺席或回避的理由只存有证据摘要，真伪须由监督部门核查。"],
    ["Replacement events", "Every replacement is recorded in order and answered verifiably by the supervisor.", "Only a digest of the evidence is here; whether a reason was true is for the supervisor to examine."]),
  13: check("open", "platform",
    ["公开时间", "公开由平台与监督部门共同签署，未早于法定时间，且是最后一步。", "不说明公开前是否有人泄露名单。"],
    ["Opening", "Platform and supervisor signed the opening, not before the lawful time, as the last step.", "It cannot show that nobody leaked the names before."]),
  14: check("vrf", "platform",
    ["随机种子", "种子由封存时登记的平台密钥唯一确定，平台无法挑选。", "依赖密码算法（Ed25519 曲线）的安全性。"],
    ["Seed", "The seed follows uniquely from the platform key fixed at the seal; the platform had no choice.", "It rests on the strength of the Ed25519 curve."]),
  15: check("sizes", "platform",
    ["名单人数", "各候选名单的人数与封存时一致，匿名程度如实。", "人数里是否漏人，须持专家库文件才能核对。"],
    ["List sizes", "The sizes of the candidate lists are those sealed, and the anonymity figures are true.", "Whether somebody was left out can be checked only with the pool file."]),
  16: check("leaves", "platform",
    ["名单位置", "公开的每个位置都在封存的名单里，没有被替换。", "未公开的位置保持保密。"],
    ["Positions", "Every position opened is in the sealed list and was not exchanged.", "Positions not opened stay secret."]),
  17: check("attempts", "platform",
    ["被否定的抽取", "每次作废的组合都确有同一人或同一单位超限的冲突。", "只公开证明冲突所需的最少内容。"],
    ["Rejected attempts", "Every combination set aside really held one person twice or too many of one employer.", "Only what shows the conflict is opened."]),
  18: check("panel", "platform",
    ["抽中名单", "按公开算法重算，抽中的正是这些位置。", "位置背后的人由“专家身份”一项核对。"],
    ["Panel", "Recomputed by the public algorithm, exactly these positions are drawn.", "The persons behind the positions are checked under “Roster”."]),
  19: check("replacement", "platform",
    ["递补名单", "每个递补人选都是算法给出的第一位可用者，没有人被悄悄跳过。", "平台自行排序的递补可能事先看得到顺序，说明中会写明。"],
    ["Replacements", "Every replacement is the first usable one in the computed order; nobody was passed over silently.", "An own-order replacement could have been foreseen by the platform; the notes say so."]),
  20: check("roster", "platform",
    ["专家身份", "公布的专家信息与封存的专家库记录逐项一致。", "未公布的字段保持保密；入库资料是否真实由入库审核负责。"],
    ["Roster", "What is published of the experts equals the sealed pool records field by field.", "Other fields stay secret; whether the records are true is the duty of the pool's admission."]),
  21: check("minimal", "platform",
    ["最少公开", "没有公开任何核验所不需要的内容。", "只针对本文件；不涉及其他渠道。"],
    ["Minimal disclosure", "Nothing is opened that the verification does not need.", "It speaks of this file only, not of other channels."]),
  22: check("abort", "platform",
    ["中止记录", "本轮抽取已正式中止，没有产生并公开结果。", "中止理由是否成立，须由监督部门核查。"],
    ["Abort", "This round was formally aborted and no result was opened.", "Whether the reason holds is for the supervisor to examine."]),
  23: check("invitations", "platform",
    ["邀请登记", "每一次邀请都按顺序登记在日志里，各有自己的密钥和期限，席位在公开前保密。", "只说明平台发出了邀请，不说明短信或电话是否送达。"],
    ["Invitations", "Every invitation is in the log, in order, with a key and time limits of its own; its seat stayed secret until the opening.", "It shows that an invitation was issued, not that a message or call arrived."]),
  24: check("replies", "platform",
    ["答复登记", "每个答复都对应一次邀请，由专家本人的密钥签名，或附有电话按键记录的摘要；登记先后合理。", "拿到邀请链接的人都能签名；链接是否只在本人手中，日志看不出来。"],
    ["Replies", "Every answer belongs to an invitation and bears the expert's signature, or the digest of a keypad record; their order makes sense.", "Whoever holds the link in the letter can sign; the log cannot see who held it."]),
  25: check("grounds", "platform",
    ["递补依据", "席位换人都有日志可查的依据：拒绝、逾期未答、退出、未到场等；抢先答复或迟来的答复都没有改变席位。", "“利益冲突”一类的依据在日志之外，由监督部门核查证据；理由是否正当，日志也不能判断。"],
    ["Grounds of replacements", "Every seat passed on for a ground that the log shows: declined, not answered in time, left, did not arrive, and so on; answering first or late moved nobody.", "The ground of a conflict lies outside the log, in evidence for the supervisor; the log cannot judge whether a reason was good."]),
  26: check("accepted", "platform",
    ["都已接受", "最终在席的每一位专家都按时接受了邀请，事后没有退出。", "接受邀请不等于到场；到场情况另有记录。"],
    ["All have accepted", "Everybody who holds a seat in the end accepted in time and did not leave afterwards.", "To accept is not to arrive; arrivals are recorded elsewhere."]),
  27: check("records", "platform",
    ["存证登记", "日志之外各份文件的指纹都在封存之后登记，类别明确，有平台签名。", "这里只有指纹；文件内容要拿到文件后才能比对。"],
    ["Records", "The digests of documents kept outside the log were entered after the seal, under a known topic, signed by the platform.", "Only digests are here; a document can be compared by whoever has it."]),
  31: check("pool-format", "holder",
    ["专家库文件格式", "专家库文件完整可读，属于本次抽取。", "格式正确不等于资料真实。"],
    ["Pool file format", "The pool file is complete, readable and belongs to this draw.", "A right format says nothing about the truth of the records."]),
  32: check("pool-tree", "platform",
    ["专家库未变", "全部专家记录与申请前登记的专家库指纹一致，一人不多、一人不少。", "记录本身是否真实由入库审核负责。"],
    ["Pool unchanged", "All records give the fingerprint registered before the request: nobody added, nobody missing.", "Whether the records are true is the duty of the pool's admission."]),
  33: check("case", "platform",
    ["项目资料", "投标人、招标人等回避依据与封存时一致。", "录入时是否漏报单位，须对照投标文件核查。"],
    ["Case", "Bidders, tenderee and the other grounds for recusal are those sealed.", "Whether one was left out on entry must be compared with the tender documents."]),
  34: check("exclusions", "platform",
    ["回避名单重算", "按规则对每位专家重算，被排除的人与理由完全一致。", "依据是入库资料，未申报的关系查不出来。"],
    ["Exclusions recomputed", "Applying the rules to every expert gives exactly the sealed exclusions and reasons.", "It rests on the records; an undeclared tie cannot be found."]),
  35: check("cells", "platform",
    ["候选名单重算", "按规则重算的候选名单与封存的完全一致，没有多人或漏人。", "同上，依据是入库资料。"],
    ["Candidate lists recomputed", "The candidate lists recomputed by the rules equal those sealed: nobody added or left out.", "As above, it rests on the records."]),
  36: check("figures", "platform",
    ["统计数字重算", "匿名程度与近期变更人数如实。", "近期变更是否异常，由监督部门判断。"],
    ["Figures recomputed", "The anonymity figures and the number of recent changes are true.", "Whether recent changes are suspicious is for the supervisor to judge."]),
  41: check("receipt-format", "holder",
    ["回执格式", "回执完整可读，属于本次抽取。", "格式正确不等于内容真实。"],
    ["Receipt format", "The receipt is complete, readable and belongs to this draw.", "A right format says nothing about the content."]),
  42: check("receipt-pool", "platform",
    ["本人在库", "回执中的本人记录就是封存的专家库里的那一条。", "请自行核对记录内容是否属实。"],
    ["In the pool", "The record in the receipt is the one in the sealed pool.", "Please read the record yourself to see that it is true."]),
  43: check("receipt-outcome", "platform",
    ["本人结论", "本人入围、被排除或不在范围内的结论与封存的名单一致。", "排除理由是否应当成立，可据此提出异议。"],
    ["Own outcome", "Being eligible, excluded or out of scope agrees with the sealed lists.", "Whether a reason for exclusion is right can be disputed on this ground."]),
  44: check("receipt-position", "platform",
    ["本人位置", "公布的名单没有把本人的位置给别人，也没有把本人放到别的位置。", "只核对本人，不涉及他人。"],
    ["Own position", "The roster gave nobody else this expert's position, nor this expert another position.", "It speaks of this expert only."]),
  45: check("reply-format", "holder",
    ["答复回执", "回执完整可读，其中的邀请和答复都有签名，并已收录在三方签署的日志里。", "回执是否属于您本人，请核对答复的内容和时间。"],
    ["Reply receipt", "The receipt is complete; its invitation and answer are signed and stand in the log that three parties signed.", "Please see for yourself whether answer and time are your own."]),
  46: check("reply-logged", "platform",
    ["答复仍在日志中", "回执所示的邀请和答复原样保存在这份抽取证明里，没有删改。", "证明若出具在答复之前，则还看不到该答复，说明中会写明。"],
    ["Answer still logged", "This draw proof holds the very invitation and answer of the receipt; neither was removed or changed.", "A proof made before the answer cannot show it; the notes then say so."]),
} as const satisfies Record<number, CheckText>;

export type CheckNumber = keyof typeof CHECKS;

/** The checks in the order in which a fault is reported (§10). */
export const ORDER: readonly CheckNumber[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 23, 24, 27, 13, 14, 15, 16, 17, 18, 19, 20, 25, 26, 21, 22,
  31, 32, 33, 34, 35, 36, 41, 42, 43, 44, 45, 46,
];
