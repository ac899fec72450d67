"""Identifiers of organisations, people and areas: syntax and check characters.

Unified social credit codes (GB 32100-2015, with the organisation code of GB 11714-1997 inside), citizen
identity numbers (GB 11643-1999, and the 15-digit form before it), area codes (GB/T 2260, province level) and
the `scheme:identifier` form of draw-proof §3. A `*_fault` function answers None or the code of what is wrong;
nothing here can tell whether a well-formed identifier was ever issued.
"""

import re
from datetime import date
from typing import Final

from draw.errors import SnapshotError
from draw.model import ORG

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_CHECKS: Final = "10X98765432"
_USCC: Final = re.compile(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")
_LONG: Final = re.compile(r"[0-9]{17}[0-9Xx]", re.ASCII)
_SHORT: Final = re.compile(r"[0-9]{15}", re.ASCII)
_USCC_LENGTH: Final = 18

PROVINCES: Final = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区",
    "21": "辽宁省", "22": "吉林省", "23": "黑龙江省",
    "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省",
    "35": "福建省", "36": "江西省", "37": "山东省",
    "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区", "46": "海南省",
    "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区",
    "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
    "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区",
}  # fmt: skip


def uscc_check_character(first: str) -> str:
    """The 18th character of the credit code behind the 17 characters `first`; remainder 0 gives 0."""
    total = sum(USCC_ALPHABET.index(char) * weight for char, weight in zip(first, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def organisation_check_character(first: str) -> str:
    """The 9th character of the organisation code (GB 11714) that begins with the 8 characters `first`."""
    total = sum(int(char, 36) * weight for char, weight in zip(first, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def uscc_fault(text: str) -> str | None:
    """What is wrong with a unified social credit code.

    `length` (not 18), `alphabet` (a character or place that the standard excludes: I O S V Z, a letter in the
    area code) or `check` (the 18th character). The organisation code inside has a check of its own, which is
    not asked for: the 18th character covers it, and codes in circulation break it.
    """
    if len(text) != _USCC_LENGTH:
        return "length"
    if not _USCC.fullmatch(text):
        return "alphabet"
    return None if uscc_check_character(text[:17]) == text[17] else "check"


def id_check_character(first: str) -> str:
    """The 18th character of the identity number that begins with the 17 digits `first`."""
    return _PERSON_CHECKS[
        sum(int(char) * weight for char, weight in zip(first, _PERSON_WEIGHTS, strict=True)) % 11
    ]


def id_number_fault(text: str) -> str | None:
    """What is wrong with a citizen identity number of 18 or 15 characters.

    `length`, `digits`, `date` (no such day of birth) or `check`. The area code is looked at apart from this,
    by `province_of`: numbers of synthetic people use areas that were never allocated.
    """
    if len(text) not in (15, 18):
        return "length"
    if not _LONG.fullmatch(text) and not _SHORT.fullmatch(text):
        return "digits"
    if _birth(_stretched(text)) is None:
        return "date"
    if _LONG.fullmatch(text) and id_check_character(text[:17]) != text[17].upper():
        return "check"
    return None


def normal_id_number(text: str) -> str:
    """The 18-character form with a capital X; a 15-digit number is of the 20th century.

    Raises SnapshotError("id_number.<fault>") without the number.
    """
    fault = id_number_fault(text)
    if fault is not None:
        raise SnapshotError(f"id_number.{fault}")
    first = _stretched(text)[:17]
    return first + id_check_character(first)


def birth_of(number: str) -> str:
    """The date of birth in an 18-character number that `normal_id_number` gave."""
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def org_fault(text: str) -> str | None:
    """What is wrong with an organisation `scheme:identifier`.

    `syntax`, or `uscc_<fault>` for the scheme `uscc`, whose check characters are looked at.
    """
    if not ORG.accepts(text):
        return "syntax"
    scheme, _, identifier = text.partition(":")
    fault = uscc_fault(identifier) if scheme == "uscc" else None
    return None if fault is None else f"uscc_{fault}"


def province_of(area: str) -> str | None:
    """The Chinese name of the province of an area code or prefix of two or more digits, None when unknown."""
    return PROVINCES.get(area[:2])


def region_prefix_fault(text: str) -> str | None:
    """What is wrong with a region prefix: `syntax` (not 1–6 digits) or `unknown` (no province begins so)."""
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        return "syntax"
    return None if any(code.startswith(text[:2]) for code in PROVINCES) else "unknown"


def _stretched(text: str) -> str:
    return text if _LONG.fullmatch(text) else f"{text[:6]}19{text[6:]}"


def _birth(number: str) -> date | None:
    try:
        return date.fromisoformat(birth_of(number))
    except ValueError:
        return None
