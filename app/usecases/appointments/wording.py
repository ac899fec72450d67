"""Whether a text of an appointment names somebody: reasons and the approval file's name are read by people
who may not know yet who sits.

Compared are names, expert numbers, ways to reach the chosen, and whatever is built like an identity number:
of those the platform keeps hashes only. A fault says where, never whom.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from app.errors import Fault
from crypto.canonical import JsonValue
from draw.identifiers import id_number_fault
from draw.model import ExpertRecord

# Shorter numbers of the pool stand in every other text, as figures.
_SHORTEST_NUMBER: Final = 4
_NUMBER: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]*")
_IDENTITY: Final = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9X]|[0-9]{15})(?![0-9])")


def faults(
    texts: Mapping[str, str],
    chosen: Iterable[ExpertRecord],
    pool: Iterable[ExpertRecord],
    reach: Iterable[Mapping[str, JsonValue]],
) -> Iterator[Fault]:
    """A fault for each text, by its pointer, that names one of the chosen, anybody of the pool, or holds an
    identity number; `reach` are phone numbers and addresses of the chosen."""
    people, everybody = list(chosen), list(pool)
    names = {one.name for one in (*people, *everybody)}
    numbers = {one.id for one in everybody if len(one.id) >= _SHORTEST_NUMBER} | {one.id for one in people}
    ways = {str(way[kind]) for way in reach for kind in ("phone", "email") if way.get(kind)}
    for pointer, text in texts.items():
        plain = unicodedata.normalize("NFKC", text).casefold()
        if (
            _named(plain, names)
            or not numbers.isdisjoint(_numbers(plain))
            or _reached(plain, ways)
            or _identified(plain)
        ):
            yield Fault(code="appointment.named", pointer=pointer)


def _named(plain: str, names: Iterable[str]) -> bool:
    """Names in Latin letters are whole words; others may stand anywhere, also with marks between."""
    joined, spaced = _joined(plain), f" {_spaced(plain)} "
    for name in names:
        own = unicodedata.normalize("NFKC", name).casefold()
        letters = _joined(own)
        if letters and (f" {_spaced(own)} " in spaced if letters.isascii() else letters in joined):
            return True
    return False


def _numbers(plain: str) -> set[str]:
    return {one.rstrip("_.:-") for one in _NUMBER.findall(plain)} | set(_NUMBER.findall(plain))


def _reached(plain: str, ways: Iterable[str]) -> bool:
    joined = _joined(plain)
    return any(_joined(way.casefold()) in joined for way in ways)


def _identified(plain: str) -> bool:
    found = _IDENTITY.findall(_joined(plain).upper())
    return any(id_number_fault(one) is None for one in found)


def _joined(plain: str) -> str:
    return "".join(character for character in plain if character.isalnum())


def _spaced(plain: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())
