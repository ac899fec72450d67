"""What a party node refuses, and why.

One family: `NodeRefusalError`. A refusal is final for the request as it stands; the node has signed nothing
and changed nothing. `code` is stable and has its status and texts in `TEXTS`; nothing personal enters a
refusal.
"""

from typing import Final

TEXTS: Final[dict[str, tuple[int, str, str]]] = {
    "malformed": (400, "请求格式不正确", "the request is malformed"),
    "unauthorised": (401, "请求没有平台的有效签名", "the request carries no valid signature of the platform"),
    "wrong_role": (404, "本节点不承担此职责", "this node does not have that duty"),
    "evidence": (422, "所附日志证据不成立", "the log evidence in the request does not hold"),
    "not_ours": (422, "该抽取不涉及本节点的密钥", "the draw does not name this node's key"),
    "other_record": (
        409,
        "本节点已为该抽取签署另一份记录",
        "this node has already signed another record for this draw",
    ),
    "other_draw": (
        409,
        "本节点已为该标段的同一轮应答另一次抽取",
        "this node has already answered for another draw as this round of the section",
    ),
    "unknown_rules": (
        422,
        "规则与本节点信任的规则包不符，所有者也未另行认可",
        "the rules follow from no rule packs pinned here, and the owner has not accepted them",
    ),
    "commitment": (
        422,
        "封存记录与本节点的承诺不一致",
        "the sealed record differs from this node's commitment",
    ),
    "override": (
        422,
        "放宽匿名下限未经监督人批准",
        "the anonymity override was not approved by the supervisor",
    ),
    "appointment": (
        422,
        "该项确定或选定未经监督人在本节点批准",
        "the supervisor has not approved this appointment on this node",
    ),
    "not_yet": (425, "尚未到允许的时间", "the permitted time has not come"),
    "escrow_wrong": (422, "托管的随机数与承诺不符", "the escrowed value does not open the commitment"),
    "unknown_draw": (404, "本节点没有该抽取的记录", "this node holds nothing for that draw"),
    "ground": (
        422,
        "日志和所附文件不支持该席位换人",
        "log and document give no ground for the seat to pass on",
    ),
    "gateway": (
        422,
        "按键答复没有本节点信任的网关签署的记录",
        "the keypad answer has no record signed by a gateway pinned here",
    ),
    "clock": (422, "记录时间与本节点时钟相差过大", "the record's time is too far from this node's clock"),
}


class NodeRefusalError(Exception):
    """A request this node will not serve. `code` is a key of `TEXTS`; `detail` is technical and not
    personal.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
