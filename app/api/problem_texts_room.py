"""Errors of the evaluation room over HTTP: status, Chinese and English. Joined in `app.api.problem_texts`.

Refusals of its signalling are codes on the socket (docs/spec/signalling.md §7), not here.
"""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(403, {"room.refused": ("不得进入该评标室", "You are not let into this room")})
    | rows(
        403,
        {
            "gateway.two-persons": (
                "提出与批准须为两人",
                "Whoever proposed the gateway's key cannot approve it",
            )
        },
    )
    | rows(
        409,
        {
            "gateway.exists": ("该网关密钥已登记过", "This gateway's key is or was known"),
            "gateway.other-key": (
                "与提出的网关公钥不符，请与网关所示核对",
                "This is not the key that was proposed: compare it with what the gateway shows",
            ),
            "gateway.settled": ("该网关已批准或已停用", "The gateway is approved or revoked already"),
        },
    )
    | rows(
        422,
        {"gateway.refused-input": ("网关信息有误，全部问题见 errors", "The gateway is wrong; see errors")},
    )
    | rows(
        403,
        {
            "recording.raw": (
                "原始语音仅能用监督人自己的密钥开启，平台无法播放",
                "Only the supervisor's own key opens an unchanged voice; the platform cannot play it",
            )
        },
    )
    | rows(
        404,
        {
            "case.unknown": ("没有该案件", "No such case"),
            "room.unknown": ("没有该评标室", "No such evaluation room"),
            "room.unknown-call": ("没有该澄清通话", "No such clarification call"),
            "room.unknown-member": ("没有该评标委员会成员", "No such member of the committee"),
            "recording.unknown": ("没有该录制", "No such recording"),
            "recording.view-over": (
                "该播放许可不存在、已用过或已过期",
                "This permit to play is not there, was used, or has expired",
            ),
        },
    )
    | rows(
        409,
        {
            "case.state": (
                "案件现为 {state}，不能转为 {wanted}",
                "The case is {state}: it cannot become {wanted}",
            ),
            "case.broken": (
                "案件步骤缺失，不能继续办理，请核对证据",
                "Steps of the case are gone: it is led no further; check its evidence",
            ),
            "recording.running": (
                "评标室尚未关闭：此前的画面和声音只能经批准的观看查看，录制在关闭后可凭理由回放",
                "The room is not closed: until then by an approved watch alone, afterwards with a reason",
            ),
            "case.too-many": ("一次抽取至多立案 {limit} 件", "A draw has at most {limit} cases"),
        },
    )
    | rows(422, {"case.refused": ("立案信息有误，全部问题见 errors", "The case is wrong; see errors")})
    | rows(
        503, {"case.moved": ("案件状态已变化，请重试", "The case has moved on; try again")}, retryable=True
    )
    | rows(
        409,
        {
            "room.exists": ("该次抽取已有开启的评标室", "The draw has an open room already"),
            "room.no-booking": (
                "各场地尚未全部确认预订，不能开启评标室",
                "A room needs a booking that every centre has confirmed",
            ),
            "room.too-early": (
                "评标开始前 12 小时内方可开启（预订自 {since} 起）",
                "A room opens within 12 hours of the booked begin ({since})",
            ),
            "room.too-late": ("预订时间已过（至 {until}）", "The booked time is over (until {until})"),
            "room.call-state": ("该澄清通话未获放行或已结束", "The call is not released, or is over"),
            "room.not-in": ("请先进入评标室", "Come into the room first"),
            "room.report-open": (
                "核查清单尚有未完成项，不能签署见证报告",
                "The report cannot be signed while nodes of the checklist are open",
            ),
            "room.report-signed": ("见证报告已签署", "The report is signed already"),
            "room.cannot": ("评标室当前状态不允许", "The room cannot do this now"),
            "room.closed": ("评标室已关闭", "The room is closed"),
            "room.ledger": (
                "评标室台账校验不通过，已停止使用",
                "The room's ledger does not hold; the room is not led any further",
            ),
        },
    )
    | rows(
        503,
        {
            "room.elsewhere": ("评标室正由另一服务进程承载", "Another process leads the room"),
            "room.moved": ("评标室状态已变化，请重试", "The room has moved on; try again"),
        },
        retryable=True,
    )
)
FAULTS: Final[dict[str, tuple[str, str]]] = {
    "case.seat": ("没有该席位", "There is no such seat"),
    "case.member": (
        "不是该次抽取评标室中的专家，或同时给出了席位号",
        "Not an expert in a room of this draw, or a seat was named beside",
    ),
    "case.alert": ("不是该次抽取所用场地的警报", "Not an alert of a site of this draw"),
    "case.node": ("该见证项没有异常记录", "No witness told of an exception at this node"),
    "case.no-seat": ("案件未涉及席位，无从更换", "The case is about no seat: nobody can be replaced"),
    "case.cause": ("更换须写明事由类别", "A replacement names its cause"),
    "room.node-open": ("见证项 {node} 未完成", "Node {node} is open"),
    "room.not-now": ("当前状态不允许：{reason}", "Not possible now: {reason}"),
}
