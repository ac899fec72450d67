"""What each fault of a request to the desk says, Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.errors import Fault

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "locker.signature": (
            "应为不超过 {limit} 字节的 PNG 签名图像",
            "A signature is a PNG image of at most {limit} bytes",
        ),
        "arrival.words": ("须选择理由并写明情况", "Choose a reason and say what happened"),
        "alert.reason": ("须写明处理原因", "Say what was done and why"),
        "device.key": ("不是可用的 Ed25519 公钥", "Not an acceptable Ed25519 public key"),
        "gateway.name": ("名称须为 1 至 200 个字符", "A name is 1 to 200 characters, not all blank"),
        "device.url": ("该类设备不接受命令地址", "This kind of device takes no commands"),
        "device.address": (
            "命令地址须为主机与路径，不含账号、查询串、片段或上级目录，且不得为链路本地地址",
            "An address for commands is a host, not link-local, and a plain path: no user, query or fragment",
        ),
        "device.gate": (
            "检测门须对应本场地的一个门禁，其他设备不得填写",
            "A detector, and nothing else, names a gate of its own site",
        ),
        "terminal.zone": ("本场地没有该抽取室", "This site has no such draw room"),
        "seat.key": (
            "不是 P-256 公钥，或浏览器未能证明持有其私钥",
            "Not a P-256 key, or the browser did not prove that it has the private half",
        ),
    }
)


def fault(code: str, pointer: str, **figures: object) -> Fault:
    """A fault with its words."""
    zh, en = TEXTS[code]
    return Fault(code=code, pointer=pointer, figures=figures, zh=zh, en=en)
