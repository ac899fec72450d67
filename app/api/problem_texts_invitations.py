"""Errors and faults of invitations: HTTP status, Chinese and English. Joined in `app.api.problem_texts`."""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(
        404,
        {
            "campaign.unknown": ("该次抽取没有邀请活动", "The draw has no campaign"),
            "letter.refused": ("邀请不存在或链接无效", "There is no such letter, or the link is not valid"),
        },
    )
    | rows(
        409,
        {
            "campaign.exists": ("该次抽取已有邀请活动", "The draw has a campaign already"),
            "campaign.not-drawn": ("抽取尚未完成，不能邀请", "The draw has no result yet to invite from"),
            "campaign.elsewhere": (
                "该次抽取封存时声明邀请在系统外进行",
                "The draw was sealed for invitations made elsewhere",
            ),
            "campaign.no-contacts": (
                "专家库没有联系方式，请先导入",
                "The pool has no contacts: import them first",
            ),
            "campaign.pack-silent": (
                "规则包没有规定邀请的时限",
                "The rule pack does not say how experts are invited",
            ),
            "campaign.started": ("邀请活动已经启动", "The campaign has started"),
            "campaign.two-persons": (
                "提出与批准须由两人分别进行",
                "One person proposes and another one approves",
            ),
            "campaign.other-proposal": (
                "方案在查看之后已被更改，请重新查看",
                "The proposal was changed after it was looked at: look again",
            ),
            "campaign.past": ("计划的开始时间已过", "The planned begin has passed"),
            "campaign.state": (
                "邀请活动当前状态（{state}）不允许该操作",
                "The campaign's state ({state}) does not allow this",
            ),
            "campaign.begun": (
                "评标已经开始，时间和场地都不能再变；须由评标室暂停、延时，或者重新组建评标委员会",
                "The evaluation has begun: pause it in the room, ask for more time, or form a new committee",
            ),
            "campaign.unmoved": ("时间和地点没有变化", "Neither time nor place has changed"),
            "campaign.not-short": (
                "邀请活动不缺人（{state}），不能启用补救步骤",
                "The campaign is not short ({state}): no step of the ladder is due",
            ),
            "campaign.ladder-order": (
                "补救步骤须按规则包的次序逐步进行",
                "The steps of the ladder are taken in the rule pack's order",
            ),
            "campaign.ladder-unknown": ("规则包没有该补救步骤", "The rule pack has no such step"),
            "campaign.seat": ("该席位没有可空出的专家", "Nobody holds this seat who could leave it"),
            "campaign.no-ground": (
                "日志中没有空出席位的理由（{cause}）",
                "The log shows no ground for vacating the seat ({cause})",
            ),
            "invitation.late": (
                "答复时限（{reply_by}）已过",
                "The term for an answer ({reply_by}) has ended",
            ),
            "invitation.answered": ("该邀请已经答复", "The letter has been answered"),
            "invitation.superseded": (
                "安排已变更，请以新的邀请为准",
                "The arrangement has changed: the newer letter counts",
            ),
            "invitation.state": ("该邀请已不需要答复", "The letter is no longer to be answered"),
            "letter.no-channel": ("没有可以接收验证码的联系方式", "There is no way to send a code"),
        },
    )
    | rows(
        422,
        {
            "campaign.refused": (
                "邀请活动不能接受，全部问题见 errors",
                "The campaign is refused; see errors for all of it",
            ),
            "invitation.refused": (
                "答复不能接受，全部问题见 errors",
                "The answer is refused; see errors for all of it",
            ),
            "contacts.refused": (
                "联系方式不能导入，全部问题见 errors",
                "The contacts are refused; see errors for all of it",
            ),
        },
    )
)
FAULTS: Final[dict[str, tuple[str, str]]] = {
    "campaign.past": ("开始时间须在当前时间之后", "The begin has to lie in the future"),
    "campaign.put-off-earlier": (
        "只能推迟：须晚于现定开始时间（{begins}）",
        "A start is put off to later than it is now ({begins})",
    ),
    "campaign.put-off-day": (
        "只能推迟到同一天；改到其他日子请用变更，全部专家重新答复",
        "Only to another hour of the same day: for another day move it, and everybody is asked anew",
    ),
    "campaign.put-off-booking": (
        "到预计结束（{ends}）时席位预订已止（{until}）：同时延长预订，或者选较早的时间",
        "Booked until {until}, and it would end at {ends}: extend the booking with it, or begin earlier",
    ),
    "campaign.put-off-bound": (
        "到新的开始时间，有 {count} 人已在其他评标中：选其他时间，或者确认，由监督人复核",
        "{count} who sit here are in another evaluation then: choose another hour, or confirm it",
    ),
    "campaign.put-off-reason": ("不是可选的理由", "Not one of the reasons that may be given"),
    "campaign.put-off-words": (
        "须说明，不超过 80 字",
        "It has to be said in words, in at most 80 characters",
    ),
    "campaign.hours": (
        "开始时间须在登记的评标时间之内",
        "The begin lies outside of the hours that the draw was made for",
    ),
    "campaign.site": ("申请中没有该场地，或者重复", "The request has no such site, or it stands here twice"),
    "campaign.venue-unknown": ("没有登记这一场地", "No such venue is registered"),
    "campaign.venue-unbooked": (
        "该次抽取没有在这一场地预订席位",
        "No seats are booked at this venue for this draw",
    ),
    "campaign.venue-returned": ("该场地已退回席位预订", "This venue has returned its seats"),
    "campaign.venue-unconfirmed": (
        "该场地尚未确认席位预订",
        "This venue has not confirmed its seats yet",
    ),
    "campaign.unbooked-booked": (
        "已有席位预订，不能再声明未预订",
        "Seats are booked for this draw: the plan cannot say that none are",
    ),
    "campaign.venue-seats": (
        "该场地需 {needed} 席，只预订了 {booked} 席",
        "{needed} people are to sit there and {booked} seats are booked",
    ),
    "campaign.venue-hours": (
        "席位预订的时间没有覆盖计划的评标时间",
        "The seats are not booked for the whole of the planned hours",
    ),
    "campaign.site-missing": ("有场地没有安排地点", "A site of the request has no place in the plan"),
    "campaign.plan-text": (
        "该文字不能写入通知：过长、含链接或者透露用途",
        "No message could carry this text: too long, a link, or it tells what for",
    ),
    "campaign.plan-tells": (
        "该文字写出了项目、招标人或者投标人",
        "The text names the project, the tenderee or a bidder",
    ),
    "campaign.text": ("须写明，不超过 200 字", "It has to be said, in at most 200 characters"),
    "invitation.signed-at": (
        "签署时间与服务器时间相差过大",
        "The signed time is too far from the server's",
    ),
    "invitation.reason": ("不是可选的理由", "Not one of the reasons that may be given"),
    "contacts.size": ("文件过大", "The file is too large"),
    "contacts.syntax": ("不是有效的 UTF-8 CSV", "Not valid CSV in UTF-8"),
    "contacts.columns": ("列名或行数有误", "The columns or the number of rows are wrong"),
    "contacts.row": ("该行缺项、多项或者重复", "The row lacks something, has too much, or repeats an expert"),
    "contacts.value": ("该项格式有误", "The value is malformed"),
    "contacts.real": (
        "专家库不是合成的，不能编造号码",
        "The pool is not synthetic: no numbers are made up for it",
    ),
    "contacts.expert": ("专家库中没有该专家", "The pool has no such expert"),
}
