"""Errors of venues: HTTP status, Chinese and English. Joined in `app.api.problem_texts`.

What is wrong with a plan or an order, fault by fault, is in `app.usecases.venues.texts`.
"""

from typing import Final

from app.api.problem_rows import ProblemText, rows

PROBLEMS: Final[dict[str, ProblemText]] = (
    rows(
        403,
        {
            "relay.unsigned": (
                "资料中转须由本人在本场地登记的密钥签名",
                "The relay box takes nothing without a signature by your own key of this site",
            ),
        },
    )
    | rows(
        404,
        {
            "site.unknown": ("没有该场地", "No such site"),
            "zone.unknown": ("没有该资料中转区", "No such relay zone"),
            "seat.unknown": ("没有该席位", "No such seat"),
            "booking.unknown": ("没有该预订", "No such booking"),
            "relay.unknown": ("没有该中转资料", "No such item in the relay box"),
        },
    )
    | rows(
        409,
        {
            "booking.exists": (
                "该次抽取已有预订，请变更或撤销",
                "The draw has a booking already: change or cancel it",
            ),
            "booking.of-first-round": (
                "该委员会的席位由首次抽取 {draw} 的预订统一安排，请变更该预订",
                "The committee's seats are booked with its first draw {draw}: change that booking",
            ),
            "booking.none": ("没有可变更的预订", "There is no booking to change"),
            "booking.order-cancelled": ("申请单已撤销，不再受理", "The order was cancelled"),
            "booking.order-changed": (
                "申请单已变更为第 {revision} 版，请重新查看",
                "The order was changed: revision {revision} holds now; look at it first",
            ),
            "booking.repeat-approval": ("请勿重复审核", "This part was decided already"),
            "booking.part-returned": (
                "本场地已退回该申请",
                "This site has returned its part of the booking",
            ),
            "booking.draw-over": ("该次抽取已终止，不能预订", "The draw has ended: nothing can be booked"),
            "booking.past": ("新的开始时间已过", "The new beginning has passed"),
            "relay.key-exists": ("该密钥已登记", "This key is registered already"),
            "relay.taken": ("该资料已被取走", "The item was taken out already"),
            "relay.differs": (
                "收到的资料与放入的不一致，不得签收",
                "What arrived is not what was put in: it is not signed for",
            ),
            "relay.damaged": (
                "存放的资料已损坏，请报告监督人",
                "The stored item is damaged: report it to the supervisor",
            ),
        },
    )
    | rows(
        422,
        {
            "booking.refused": (
                "预订不能受理，全部问题见 errors",
                "The booking cannot be accepted; see errors for all of it",
            ),
            "site.refused": (
                "场地文件有误，未导入任何内容，全部问题见 errors",
                "The plan of sites is wrong and nothing was stored; see errors for all of it",
            ),
            "site.file-kind": ("文件应为 .toml 或 .json", "The file must be .toml or .json"),
            "site.file-size": ("场地文件超过 {limit} 字节", "The plan exceeds {limit} bytes"),
            "site.file-syntax": ("场地文件不是有效的 TOML 或 JSON", "The plan is no valid TOML or JSON"),
        },
    )
)
