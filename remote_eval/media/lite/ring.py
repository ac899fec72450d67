"""The newest packets of one track in plain, shared by all legs, by extended sequence number."""

from dataclasses import dataclass
from typing import Final

SIZE: Final = 1024


@dataclass(slots=True)
class Kept:
    """A packet without its header; `number` and `timestamp` are the track's own, whatever its source did.

    `codec` is the encoding's name in lower case; `level` is the byte of RFC 6464, or None.
    """

    number: int
    timestamp: int
    marker: bool
    codec: str
    payload: bytes
    level: int | None
    is_keyframe: bool


class Ring:
    """A ring of SIZE packets."""

    def __init__(self) -> None:
        self._slots: list[Kept | None] = [None] * SIZE

    def put(self, kept: Kept) -> bool:
        """Keep a packet; False for one that is here already or has been overtaken by a whole ring."""
        at = kept.number % SIZE
        present = self._slots[at]
        if present is not None and present.number >= kept.number:
            return False
        self._slots[at] = kept
        return True

    def get(self, number: int) -> Kept | None:
        """The packet of this number, if it is still here."""
        kept = self._slots[number % SIZE]
        return kept if kept is not None and kept.number == number else None
