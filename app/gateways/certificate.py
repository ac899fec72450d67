"""The certificate of a draw as PDF/A-2b: what was drawn when, under which log and keys, and how to verify it.

It holds no name of an expert. The same content gives the same bytes: fonts come from a package, the date of
the file is that of the opening. The address in the square code leads to the verification by 核验码; the
certificate itself proves nothing.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Final

TEMPLATE: Final = "certificate.typ"
_GROUP: Final = 4
_LINE: Final = 16
_ROLES: Final = {
    "platform": ("平台", "platform"),
    "agency": ("代理机构", "agency"),
    "supervisor": ("监督人", "supervisor"),
    "cosigner": ("联署方", "cosigner"),
}
_PROVES: Final = (
    (
        "名单由封存的条件与平台、代理机构、监督人三方的随机数按公开规则算出，任何人可重算。",
        (
            "The panel follows by a public rule from sealed conditions and the chance of three parties; "
            "anyone can recompute it."
        ),
    ),
    (
        "条件与承诺先于随机数写入透明日志，监督人和联署方共同签署，事后不能更改。",
        (
            "Conditions and commitments entered a cosigned log before any chance was known, and cannot be "
            "changed."
        ),
    ),
    (
        "每次递补都有入日志的事由，且在登记事由之前无人能知道由谁递补。",
        (
            "Every replacement has its cause in the log, and nobody could know the successor before the "
            "cause was logged."
        ),
    ),
)
_LIMITS: Final = (
    (
        "不证明专家库的登记内容真实，也不证明专家在评审中公正。",
        "It does not prove that the pool's records are true, nor that experts judge fairly.",
    ),
    (
        "平台、代理机构、监督人三方全部串通时，没有公共信标的抽取仍可能被操纵。",
        (
            "Without a public beacon, platform, agency and supervisor all together could still have "
            "steered the draw."
        ),
    ),
    (
        "本页仅为指引：以扫码或离线核验程序对证明包的核验结果为准。",
        "This page is a pointer only: what counts is the verification of the proof bundle, on line or off.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """`opened_at` is a time of the format; `fingerprints` are 16 hexadecimal digits by role; `seats`,
    `not_drawn` (members of the same committee who were appointed) and `replaced` are counts; `root` is the
    log's tree head at `size`, 64 hexadecimal digits."""

    project: str
    section: str
    section_hash: str
    draw: int
    round: int
    seats: int
    replaced: int
    not_drawn: int
    opened_at: str
    code: str
    address: str
    origin: str
    size: int
    root: str
    fingerprints: Mapping[str, str]


def render(certificate: Certificate) -> bytes:
    """The PDF. CPU-bound (about 0.2 s), for a worker thread."""
    # Both are large and needed for nothing else.
    import pylopdf_fonts_zh_cn as fonts  # noqa: PLC0415
    import typst  # noqa: PLC0415

    template = resources.files("app.gateways").joinpath(TEMPLATE).read_bytes()
    inputs = {
        "content": json.dumps(content(certificate), ensure_ascii=False),
        "qr": square_code(certificate.address),
    }
    made = typst.compile(
        template,
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(fonts.sans_path().parent)]),
        ignore_system_fonts=True,
        sys_inputs=inputs,
        format="pdf",
        pdf_standards="a-2b",
        timestamp=datetime.fromisoformat(certificate.opened_at),
    )
    if not isinstance(made, bytes):
        raise TypeError("one document was asked for")
    return made


def square_code(address: str) -> str:
    """A QR code of the address as SVG text."""
    import segno  # noqa: PLC0415

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", xmldecl=False, scale=4)
    return out.getvalue().decode("utf-8")


def spaced(code: str) -> str:
    """A code in groups of four."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def _broken(digest: str) -> str:
    """Hexadecimal in groups of sixteen, so that a line can end between them."""
    return " ".join(digest[start : start + _LINE] for start in range(0, len(digest), _LINE))


def _beside(not_drawn: int) -> str:
    """The flag: whoever reads the page knows whether all of the committee were drawn."""
    if not not_drawn:
        return "0"
    return f"{not_drawn} · 本委员会并非全部经抽取产生 · not all members were drawn"


def content(one: Certificate) -> dict[str, Any]:
    """What stands on the page, by its places in the template."""
    rows = (
        ("项目", "project", one.project),
        ("标段", "section", one.section),
        ("标段摘要", "section digest", _broken(one.section_hash)),
        ("抽取编号", "draw number (log index)", f"{one.draw}（第 {one.round} 次 · round {one.round}）"),
        ("专家席位", "expert seats", str(one.seats)),
        ("替换次数", "replacements", str(one.replaced)),
        ("未经抽取的成员", "members beside them who were not drawn", _beside(one.not_drawn)),
        ("公开时间", "opened at (UTC)", one.opened_at),
        ("日志", "log", one.origin),
        ("检查点", "checkpoint", f"{one.size} · {_broken(one.root)}"),
        ("核验地址", "verify at", one.address),
    )
    return {
        "code": one.code,
        "code_spaced": spaced(one.code),
        "rows": [{"zh": zh, "en": en, "value": value} for zh, en, value in rows],
        "fingerprints": [
            {"zh": _ROLES[role][0], "en": _ROLES[role][1], "value": value}
            for role, value in one.fingerprints.items()
        ],
        "proves": [{"zh": zh, "en": en} for zh, en in _PROVES],
        "limits": [{"zh": zh, "en": en} for zh, en in _LIMITS],
        "footer": "签筒 Qiantong · 抽取证明格式 qt/1 · 本证明书不含专家姓名 · no expert is named here",
    }
