"""Errors of arrival: HTTP status, Chinese and English. Joined in `app.api.problem_texts`.

Wrong person, wrong site, wrong day and wrong code have one text: who else is invited, and where, is nobody's
to find out at a desk.
"""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(
        401,
        {
            "seat.refused": ("席位登录未通过", "This seat cannot be opened with that"),
            "seat.no-session": ("席位会话无效或已结束", "The seat's session is over"),
        },
    )
    | rows(
        403,
        {
            "arrival.refused": (
                "核验未通过：与本场地今日的密封邀请不符",
                "Not confirmed: this fits no sealed invitation to this site today",
            ),
            "seat.two-persons": (
                "登记与批准须为两人",
                "Whoever proposed the key cannot approve it",
            ),
        },
    )
    | rows(
        404,
        {
            "arrival.unknown": ("没有该签到", "No such arrival"),
            "arrival.no-lock": ("没有该锁定", "No such lock"),
            "alert.unknown": ("没有该告警", "No such alert"),
            "device.unknown": ("没有该设备", "No such device"),
            "device.passage": ("没有该次通行", "No such passage at this gate"),
            "seat.no-key": ("该席位没有该密钥", "The seat has no such key"),
        },
    )
    | rows(
        409,
        {
            "arrival.locked": (
                "该证件核验失败次数过多，须监督人解除锁定 {lock}",
                "Too many wrong tries with this document; a supervisor has to release {lock}",
            ),
            "arrival.too-late": ("已超过保留时间，席位已递补", "Too late: the seat has passed on"),
            "arrival.already-in": ("已完成签到", "Checked in already"),
            "arrival.uncarded": (
                "未出示身份证件，须监督人现场证明",
                "Without a card a supervisor has to attest the person",
            ),
            "arrival.transition": (
                "当前状态 {source} 不能进入 {target}",
                "From {source} there is no step to {target}",
            ),
            "arrival.needs": ("尚缺条件：{need}", "Still needed: {need}"),
            "arrival.state": ("邀请当前状态不允许该操作", "The invitation's state does not allow this"),
            "arrival.released": ("已放行", "Released already"),
            "locker.taken": ("储物柜已占用，或该人已寄存", "The locker is taken, or the person has one"),
            "locker.empty": ("没有寄存记录", "Nothing is deposited"),
            "alert.two-persons": (
                "劝退的经手人不能自己处理该告警，须由另一人处理",
                "Whoever turned somebody away does not settle the alert: another person does",
            ),
            "alert.closed": ("告警已处理", "The alert is closed already"),
            "device.exists": ("该设备密钥已登记", "A device with this key is known"),
            "device.revoked": ("设备已停用", "The device is revoked already"),
            "device.event": ("该类设备没有此事件", "This kind of device has no such event"),
            "seat.none-booked": (
                "本场地没有为该次抽取预订席位",
                "No seats are booked for this draw at this site",
            ),
            "seat.unconfirmed": (
                "本场地尚未确认席位预订，请先在预订页确认",
                "This site has not confirmed its seats: confirm the booking first",
            ),
            "seat.returned": (
                "本场地已退回席位预订，席位可能已另作安排；须由中心改订并确认",
                "This site has returned its seats and others may have them: the booking has to be renewed",
            ),
            "seat.other-draw": (
                "该席位现由另一项目的专家使用",
                "Somebody of another draw has this seat now",
            ),
            "seat.none-free": ("已无可用席位", "No seat is free"),
            "seat.passed-on": (
                "该人的席位已递补或已关闭",
                "The seat of this person was closed or has passed on",
            ),
            "seat.occupied": ("席位或该人已有会话", "The seat or the person has a session"),
            "seat.key-known": ("该密钥已登记过", "This key was proposed before"),
            "seat.key-live": ("席位已有启用的密钥，请先停用", "The seat has a live key: revoke it first"),
            "seat.key-settled": ("该密钥已处理", "This key is approved or revoked already"),
        },
    )
    | rows(
        422,
        {
            "locker.signatures": ("须有双方签名图像", "Both signatures are needed, as images"),
            "arrival.words": ("须选择理由并写明情况", "Choose a reason and say what happened"),
            "alert.reason": ("须写明处理原因", "The reason is missing"),
            "device.refused-input": ("设备信息有误，全部问题见 errors", "The device is wrong; see errors"),
            "seat.key-refused": ("密钥或其签名无效", "The key or its proof does not hold"),
        },
    )
    | rows(
        503,
        {"device.unreachable": ("设备无法连接", "The device cannot be reached")},
        retryable=True,
    )
    | rows(409, {"device.refused": ("设备拒绝执行", "The device refused")})
)
