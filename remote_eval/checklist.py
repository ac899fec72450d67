"""The witness's checklist: nodes per site, and when the witness report may be signed (R35).

A node is ticked as in order or as an exception, and an exception says what was the matter. The report cannot
be signed while a node is open; which document is signed is decided elsewhere.
"""

from dataclasses import dataclass
from typing import Final

from remote_eval.commands import SignReport, TickNode
from remote_eval.errors import RoomError, SignallingError
from remote_eval.room_deed import Deed
from remote_eval.room_state import PAUSED, Label, RoomState


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A node as every site has it."""

    code: str
    label: Label


def _point(code: str, zh: str, en: str) -> Point:
    return Point(code=code, label=Label(zh=zh, en=en))


# In the order of the day; a node's id is "SITE/CODE".
POINTS: Final = (
    _point("equipment", "席位设备已检查", "Seat equipment checked"),
    _point("views", "监控画面完整无遮挡", "Camera views complete and unobstructed"),
    _point("recording", "录音录像已开始", "Recording has begun"),
    _point("signal-guard", "信号屏蔽与检测门正常", "Signal guard and detector gate in order"),
    _point("identity", "专家身份已核验", "Identities of experts verified"),
    _point("deposit", "通讯设备已寄存", "Devices deposited"),
    _point("cleared", "无关人员已离开", "Others have left the room"),
    _point("declaration", "纪律已宣读，回避已声明", "Rules read out, recusals declared"),
    _point("conduct", "评审过程如实见证", "Evaluation witnessed"),
    _point("signing", "评审结果已签名", "Results signed"),
    _point("release", "专家已离场，物品已归还", "Experts have left, items returned"),
    _point("handover", "资料与音像已移交", "Papers and recordings handed over"),
)


def node_id(site: str, code: str) -> str:
    """The id of a site's node."""
    return f"{site}/{code}"


def open_nodes(state: RoomState) -> tuple[str, ...]:
    """Ids of the nodes that nobody ticked yet."""
    return tuple(node.id for node in state.nodes.values() if node.state == "open")


def tick_node(deed: Deed, command: TickNode) -> None:
    """Tick a node; again: a correction, which the ledger keeps beside the first."""
    node = deed.state.nodes.get(command.node)
    if node is None:
        raise SignallingError("signal.unknown", what="node")
    if deed.state.report is not None:
        raise RoomError("room.state", reasons=[{"code": "report-signed"}])
    if command.state == "exception" and command.text is None:
        raise RoomError("room.state", reasons=[{"code": "text-missing"}])
    deed.add("node", node=node.id, state=command.state, text=command.text, site=node.site)


def sign_report(deed: Deed, command: SignReport) -> None:
    """Sign the witness report. Raises RoomError ``room.state`` with every open node, ``room.held`` while a
    supervisor has paused the room.
    """
    if PAUSED in deed.state.holds:
        raise RoomError("room.held", reasons=[{"code": PAUSED}])
    reasons: list[dict[str, object]] = [
        {"code": "node-open", "node": node} for node in open_nodes(deed.state)
    ]
    if deed.state.report is not None:
        reasons.append({"code": "report-signed"})
    if reasons:
        raise RoomError("room.state", reasons=reasons)
    deed.add("report", digest=command.digest)
