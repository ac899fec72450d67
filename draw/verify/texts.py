"""What each check of draw-proof §10 proves, what it does not, what its failure means and who must act;
Chinese and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckText:
    """Texts of one check. `responsible` is the role that must act when the check fails."""

    name: str
    proves_zh: str
    proves_en: str
    limits_zh: str
    limits_en: str
    fails_zh: str
    fails_en: str
    responsible: str


def _text(
    name: str, proves: tuple[str, str], limits: tuple[str, str], fails: tuple[str, str], who: str
) -> CheckText:
    return CheckText(
        name=name,
        proves_zh=proves[0],
        proves_en=proves[1],
        limits_zh=limits[0],
        limits_en=limits[1],
        fails_zh=fails[0],
        fails_en=fails[1],
        responsible=who,
    )


TEXTS: dict[int, CheckText] = {
    1: _text(
        "format",
        ("证明包逐字节符合规范", "the bundle is byte for byte what the specification allows"),
        ("不说明内容是否真实", "nothing about whether its content is true"),
        (
            "证明包格式不合规范，不能核验",
            "the bundle is not written as the specification requires and cannot be checked",
        ),
        "whoever handed over the bundle",
    ),
    2: _text(
        "checkpoints",
        (
            "日志检查点由平台、监督人和外部联署方三方签名",
            "the log's checkpoints are signed by the platform, the supervisor and the outside cosigner",
        ),
        ("不说明签名密钥归谁所有", "nothing about who owns those keys"),
        ("日志检查点签名不成立", "a log checkpoint does not carry its three valid signatures"),
        "platform",
    ),
    3: _text(
        "inclusion",
        (
            "每一步都在同一本只增不改的日志里，封存时尚无揭示",
            "every step stands in one append-only log, and the sealed head covers no reveal",
        ),
        ("不说明日志里没有别的抽取", "nothing about other draws in the log"),
        ("某一步不在日志中，或日志被改写", "a step is not in the log, or the log was rewritten"),
        "platform and cosigner",
    ),
    4: _text(
        "keys",
        (
            "四方密钥各不相同，且在申请之前登记",
            "four distinct parties registered their keys before the request",
        ),
        ("未提供信任文件时，不核对密钥归属", "without a trust file, nothing about whose keys they are"),
        ("某方密钥缺失、重复、无效或不受信任", "a party's key is missing, doubled, invalid or not trusted"),
        "platform and the party named",
    ),
    5: _text(
        "request",
        ("抽取编号、轮次和专家库版本在先固定", "number, round and pool version were fixed beforehand"),
        (
            "不说明前一轮为何作废；未遍查日志，不能排除隐去的其他轮次",
            "nothing on why an earlier round was given up, or that none was hidden: the whole log shows it",
        ),
        ("抽取申请或专家库条目无效", "the request or the pool entry is not valid"),
        "platform",
    ),
    6: _text(
        "commitments",
        (
            "代理机构和监督人在封存之前各自承诺了随机数",
            "agency and supervisor each committed to a random value before the seal",
        ),
        ("不说明随机数是否真随机", "nothing about how random those values were"),
        (
            "承诺缺失、重复、次序或签名不对",
            "a commitment is missing, doubled, out of order or wrongly signed",
        ),
        "the role named",
    ),
    7: _text(
        "seal",
        (
            "封存记录由三方签名，且与申请、承诺和规则一致",
            "the sealed record is signed by three parties and agrees with request, commitments and rules",
        ),
        ("不公开名单，也不说明名单是否正确", "nothing about the hidden lists: that is the supervisor level"),
        ("封存记录签名不对，或违反规则", "the sealed record is wrongly signed or breaks the rules"),
        "platform, agency and supervisor",
    ),
    8: _text(
        "escrow",
        (
            "两份随机数在揭示之前已托管给外部联署方",
            "both values were in the cosigner's escrow before anything was revealed",
        ),
        ("不公开托管内容", "nothing about the sealed content itself"),
        ("托管回执缺失、过迟或不符", "an escrow receipt is missing, late or wrong"),
        "cosigner",
    ),
    9: _text(
        "reveals",
        ("揭示的随机数正是先前承诺的", "the revealed values are the ones committed to"),
        ("不说明揭示是否按时", "nothing about punctuality"),
        ("揭示缺失、签名不对或与承诺不符", "a reveal is missing, wrongly signed or not what was committed"),
        "the role named",
    ),
    10: _text(
        "beacon",
        (
            "约定的公共随机信标轮次真实，且晚于封存",
            "the agreed public beacon round is genuine and later than the seal",
        ),
        ("未约定信标时不适用", "nothing when no beacon was agreed"),
        ("信标轮次、时间或签名不对", "the beacon round, its time or its signature is wrong"),
        "platform",
    ),
    11: _text(
        "result",
        (
            "随机种子的输入由各方揭示值算出，且按时记录",
            "the seed input follows from the reveals and was logged in time",
        ),
        ("在公开之前不说明抽中谁", "nothing about who was drawn before the opening"),
        (
            "结果条目签名、输入、次序或时间不对",
            "the result entry has a wrong signature, input, order or time",
        ),
        "platform",
    ),
    12: _text(
        "events",
        (
            "每次递补先有记录，再由监督人给出随机答复",
            "each replacement was logged first and answered by the supervisor afterwards",
        ),
        ("不说明专家缺席的理由是否真实", "nothing about whether the stated cause is true"),
        (
            "递补事件的编号、次序、签名或答复不对",
            "an event or its answer is misnumbered, misplaced or wrongly signed",
        ),
        "platform and supervisor",
    ),
    13: _text(
        "open",
        (
            "公开由平台和监督人共同签名，且不早于法定时间",
            "platform and supervisor opened together, not too early",
        ),
        ("不说明公开之后的事", "nothing about what happens afterwards"),
        ("公开条目签名、计数、位置或时间不对", "the opening is wrongly signed, counted, placed or too early"),
        "platform and supervisor",
    ),
    14: _text(
        "vrf",
        ("种子唯一，平台不能另选", "the seed is unique: the platform had no second choice"),
        ("不说明平台是否提前看到种子", "nothing about whether the platform looked at it early"),
        ("可验证随机函数证明不成立", "the proof of the verifiable random function fails"),
        "platform",
    ),
    15: _text(
        "sizes",
        (
            "各单元人数正是封存时的人数，匿名性数字属实",
            "the list sizes are the sealed ones and the anonymity figures true",
        ),
        ("不说明名单里是谁", "nothing about who stands in the lists"),
        (
            "人数与封存不符、无可行组合或匿名性数字不实",
            "a size differs from the seal, no table fits, or a figure is wrong",
        ),
        "platform",
    ),
    16: _text(
        "leaves",
        ("公开的位置确在封存的名单中", "the opened positions stand in the sealed lists"),
        ("不公开其他位置", "nothing about the other positions"),
        ("某位置不在封存名单中，或开启值不符", "a position is not in the sealed list or does not open"),
        "platform",
    ),
    17: _text(
        "attempts",
        ("每次被弃的组合确有冲突", "each rejected walk really was in conflict"),
        ("不公开冲突者的身份", "nothing about who the conflicting experts are"),
        ("某次组合被无故放弃", "a walk was rejected without a conflict"),
        "platform",
    ),
    18: _text(
        "panel",
        (
            "抽中的位置由种子唯一决定，无重复、不超单位上限",
            "the seed alone decides the panel; no repeat, cap respected",
        ),
        ("不说明专家是否到场", "nothing about attendance"),
        ("抽中的组合本身有冲突或未公开", "the accepted walk is in conflict or not opened"),
        "platform",
    ),
    19: _text(
        "replacement",
        (
            "每次递补的人选由种子决定，没有跳过任何人",
            "each replacement follows from the seed; nobody was passed over",
        ),
        ("不说明缺席的理由是否真实", "nothing about whether the stated cause is true"),
        ("递补时有人被无故跳过或席位不符", "a candidate was passed over or a seat does not open"),
        "platform",
    ),
    20: _text(
        "roster",
        ("公布的专家正是抽中位置上的人", "the published experts are those at the drawn positions"),
        ("只公布法定公布的信息项", "nothing beyond the fields that the rules publish"),
        ("公布名单与抽中位置不符", "the published roster is not what the draw gave"),
        "platform",
    ),
    21: _text(
        "minimal",
        ("没有公开任何多余的信息", "nothing was opened that nobody needs"),
        ("不说明别处是否泄露", "nothing about leaks elsewhere"),
        ("公开了不需要公开的信息", "something was opened that nothing needs"),
        "platform",
    ),
    22: _text(
        "abort",
        ("抽取终止有签名记录，且没有公开名单", "the end of the draw is signed, and no list was opened"),
        ("不说明终止理由是否充分", "nothing about whether the stated reason suffices"),
        ("终止条目无效", "the abort entry is not valid"),
        "platform",
    ),
    23: _text(
        "invitations",
        (
            "每次邀请按次序入日志，各有专用密钥和期限",
            "every invitation is in the log, in order, with a key and time limits of its own",
        ),
        ("不说明信件是否送达", "nothing about whether the letter arrived"),
        (
            "邀请的编号、次序、签名、密钥或期限不对",
            "an invitation has a wrong number, place, signature, key or time limit",
        ),
        "platform",
    ),
    24: _text(
        "replies",
        (
            "每个答复都对应一次邀请，由信中密钥签名或附按键记录摘要，先后合理",
            "every answer belongs to an invitation, is signed with the letter's key or names a keypad record",
        ),
        ("不说明信中链接是否只在本人手中", "nothing about who held the link in the letter"),
        ("答复无所属邀请、签名或时间不对，或先后不合", "an answer is unproved, misdated or out of order"),
        "platform",
    ),
    25: _text(
        "grounds",
        (
            "每次换人都有日志中的事由，先答先得不起作用",
            "every seat passed on for a ground that the log shows; who answers first gains nothing",
        ),
        (
            "利益冲突的事由在日志之外，由监督人核对",
            "the ground of a conflict lies outside the log, with the supervisor",
        ),
        (
            "某次换人在日志中没有事由，或邀请席位不符",
            "a seat passed on without a ground, or an invitation's seat does not open",
        ),
        "platform and supervisor",
    ),
    26: _text(
        "accepted",
        (
            "最终在席的每位专家都按时接受了最近一次邀请",
            "everybody who sits accepted the newest invitation in time",
        ),
        ("不说明专家是否到场", "nothing about attendance"),
        (
            "有在席专家未接受邀请，却已公开",
            "the draw was opened although somebody who sits had not accepted",
        ),
        "platform",
    ),
    27: _text(
        "records",
        (
            "日志外文件的摘要在封存后登记，类别明确",
            "digests of documents outside the log were entered after the seal, under a known topic",
        ),
        ("不说明文件内容", "nothing about what those documents say"),
        ("登记过早、类别未知或签名不对", "a record is too early, of an unknown topic or wrongly signed"),
        "platform",
    ),
    31: _text(
        "pool-format",
        ("专家库文件符合规范", "the pool file is written as specified"),
        ("不说明内容是否真实", "nothing about whether its content is true"),
        ("专家库文件格式不合规范或属于别的抽取", "the pool file is malformed or belongs to another draw"),
        "whoever handed over the pool file",
    ),
    32: _text(
        "pool-tree",
        ("文件里的专家正是日志中那一版专家库", "the experts in the file are the pool version in the log"),
        ("不说明登记信息是否真实", "nothing about whether the records are true"),
        ("专家库文件与日志中的版本不符", "the pool file is not the logged pool version"),
        "platform",
    ),
    33: _text(
        "case",
        ("项目、投标人和回避单位正是封存的", "project, bidders and units to avoid are the sealed ones"),
        ("不说明投标人信息是否完整", "nothing about whether the bidders are listed in full"),
        ("项目资料与封存不符", "the case is not the sealed one"),
        "platform",
    ),
    34: _text(
        "exclusions",
        ("被排除者及其理由与规则一致", "who was excluded, and why, follows from the rules"),
        ("不说明登记信息是否真实", "nothing about whether the records are true"),
        ("排除名单与规则重算结果不符", "the exclusions are not what the rules give"),
        "platform",
    ),
    35: _text(
        "cells",
        ("各单元名单与规则重算结果一致", "the lists of every cell are what the rules give"),
        ("不说明登记信息是否真实", "nothing about whether the records are true"),
        ("单元名单、单位标签或人数与重算结果不符", "a list, a tag or a size is not what the rules give"),
        "platform",
    ),
    36: _text(
        "figures",
        ("匿名性和近期变更数字与重算结果一致", "the anonymity and recent-change figures are right"),
        ("不说明变更是否正当", "nothing about whether the changes were proper"),
        ("匿名性或近期变更数字不实", "an anonymity or recent-change figure is wrong"),
        "platform",
    ),
    41: _text(
        "receipt-format",
        ("回执符合规范", "the receipt is written as specified"),
        ("不说明内容是否真实", "nothing about whether its content is true"),
        ("回执格式不合规范或属于别的抽取", "the receipt is malformed or belongs to another draw"),
        "whoever handed over the receipt",
    ),
    42: _text(
        "receipt-pool",
        ("本人记录在所用的专家库版本中", "the expert's record stands in the pool version used"),
        ("不说明别人的记录", "nothing about anybody else's record"),
        ("本人记录不在所用的专家库版本中", "the record is not in the pool version used"),
        "platform",
    ),
    43: _text(
        "receipt-outcome",
        (
            "本人的入围位置或排除理由正是封存的",
            "the expert's positions or exclusion reasons are the sealed ones",
        ),
        ("不说明排除理由是否成立", "nothing about whether the reasons are justified"),
        ("回执中的结果与封存不符", "the stated outcome is not the sealed one"),
        "platform",
    ),
    44: _text(
        "receipt-position",
        ("公布名单与本人位置没有矛盾", "the roster does not contradict the expert's positions"),
        ("未公开的抽取不适用", "nothing before the opening"),
        ("公布名单与本人位置矛盾", "the roster contradicts the expert's positions"),
        "platform",
    ),
    45: _text(
        "reply-format",
        (
            "答复回执符合规范，邀请和答复都在日志中",
            "the reply receipt is as specified; invitation and answer are in the log",
        ),
        ("不说明答复引起了什么", "nothing about what followed from the answer"),
        (
            "答复回执不合规范、签名不对或不在日志中",
            "the reply receipt is malformed, unsigned or not in the log",
        ),
        "whoever handed over the reply receipt",
    ),
    46: _text(
        "reply-logged",
        ("证明包中的答复与回执一致", "the bundle holds the very answer of the receipt"),
        ("证明包出具之后的答复无法核对", "nothing about answers later than the bundle"),
        (
            "证明包隐去或改换了专家的答复",
            "the bundle leaves out or replaces the answer that the expert gave",
        ),
        "platform",
    ),
}
