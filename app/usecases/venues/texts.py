"""What each fault of a site plan or a booking order says, Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.errors import Fault
from remote_eval.booking import OrderFault

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "site.duplicate": ("编号重复", "The id occurs twice"),
        "site.serves": ("主场、副场至少承担一种", "A site serves as host, as remote site or as both"),
        "site.zone-missing": ("缺少功能区：{kind}", "A zone of this kind is missing: {kind}"),
        "site.seat-zone": ("该功能区不设评审席位", "Seats do not belong into a zone of this kind"),
        "site.no-seats": ("评标室没有席位", "The evaluation zone has no seat"),
        "site.room-cameras": (
            "有席位的房间须列明摄像机位",
            "A room with seats names the cameras that cover it",
        ),
        "site.seat-elsewhere": ("该席位编号属于另一场地", "Another site has a seat of this id"),
        "site.mode": ("该场地编号已在另一环境登记", "The other mode has a site of this id"),
        "site.seat-booked": (
            "席位 {seat} 已被预订，不能停用或换房间",
            "Seat {seat} is booked: it can neither be retired nor moved",
        ),
        "booking.time-order": ("结束时间应晚于开始时间", "It ends before it begins"),
        "booking.too-long": ("预订不得超过 {hours} 小时", "A booking lasts {hours} hours at most"),
        "booking.past": ("开始时间已过", "The beginning has passed"),
        "booking.begins-late": ("预订晚于评标开始", "It begins after the evaluation"),
        "booking.ends-early": ("预订早于评标结束", "It ends before the evaluation"),
        "booking.experts-sum": (
            "各中心人数合计 {found}，与申请人数 {asked} 不一致",
            "The centres sum to {found} experts, the application says {asked}",
        ),
        "booking.experts-short": (
            "申请 {found} 席，少于应抽取的 {needed} 人",
            "{found} seats for {needed} drawn experts",
        ),
        "booking.one-main": (
            "应有且仅有一个主场，现有 {found} 个",
            "There is exactly one main site, not {found}",
        ),
        "booking.place-unknown": ("抽取申请中没有该场地名额", "The draw has no such site"),
        "booking.place-twice": ("同一场地名额对应了两个中心", "Two centres stand for one site of the draw"),
        "booking.place-missing": (
            "场地名额 {place} 没有对应的中心",
            "No centre stands for the draw's site {place}",
        ),
        "booking.place-range": (
            "人数应在该场地名额的 {least} 至 {most} 之间",
            "The draw sends {least} to {most} experts there",
        ),
        "booking.site-twice": ("同一中心出现两次", "The same centre occurs twice"),
        "booking.site-unknown": ("没有该场地", "No such site"),
        "booking.site-part": ("该场地不承担此角色", "The site does not serve in this part"),
        "booking.seat-count": (
            "专家 {experts} 人，席位 {seats} 个，数目不一致",
            "{experts} experts and {seats} seats: the numbers differ",
        ),
        "booking.seat-twice": ("同一席位出现两次", "The same seat occurs twice"),
        "booking.seat-unknown": ("该场地没有此席位", "The site has no such seat"),
        "booking.seat-zone": ("该席位不在评标类功能区", "The seat is in no zone where a committee sits"),
        "booking.seat-faulty": ("席位设备故障：{parts}", "The seat is out of order: {parts}"),
        "booking.seat-taken": ("席位在该时段已被预订", "The seat is taken at that time"),
        "booking.too-few": (
            "场地 {site} 在该时段需 {needed} 席，空闲 {free} 席",
            "Site {site} needs {needed} seats at that time and has {free} free",
        ),
        "booking.room-taken": (
            "该房间在该时段由另一项目使用，且双方未都同意合用",
            "Another project has the room at that time, and not both agreed to share",
        ),
    }
)


def fault(code: str, pointer: str, **figures: object) -> Fault:
    """A fault with its words."""
    zh, en = TEXTS[code]
    return Fault(code=code, pointer=pointer, figures=figures, zh=zh, en=en)


def of_order(found: OrderFault) -> Fault:
    """A fault of the booking rules with its words."""
    return fault(found.code, found.pointer, **found.figures)
