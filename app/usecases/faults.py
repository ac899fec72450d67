"""Faults that several looks at one input found, told once each (一次性告知, R73).

A shape fault says that a value is malformed, a legal one says why, with its source: where both point to the
same place the legal one speaks. Nothing here finds a fault.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from app.errors import Fault

_SHAPE: Final = "schema."


def together(shape: Iterable[Fault], rest: Iterable[Fault]) -> list[Fault]:
    """`shape`, then `rest`: without shape faults where a legal fault stands, and none twice at one place."""
    shape, rest = list(shape), list(rest)
    judged = {one.pointer for one in rest if not one.alarm and not _is_shape(one)}
    malformed = {one.pointer for one in shape}
    return [
        *(one for one in shape if one.pointer not in judged),
        *(one for one in rest if not (_is_shape(one) and one.pointer in malformed | judged)),
    ]


def standing(readings: Sequence[Sequence[Fault]]) -> list[Fault]:
    """The faults of the first reading that stand in every other one too, figures and all."""
    first, *others = readings
    return [one for one in first if all(one in other for other in others)]


def _is_shape(fault: Fault) -> bool:
    return fault.code.startswith(_SHAPE)
