"""The draws of each section in a log: rounds counted from 1, each naming the one before (draw-proof §2).

Whoever has the whole log sees here what one bundle cannot show: a second draw that was logged as if there
had been none before. Entries' signatures are not looked at.
"""

from typing import Final

from app.errors import LogCorruptError
from draw.entries import parse_entry
from draw.errors import EntryError

# Stands in the canonical bytes of every request, and seldom elsewhere.
_REQUEST: Final = b'"type":"request"'


class SectionRounds:
    """Reads the entries of a log in order; keeps the newest draw of each section."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[int, int | None]] = {}

    def read(self, index: int, data: bytes) -> None:
        """Take in the entry at `index`.

        Raises LogCorruptError ``log.request-unreadable``, ``log.round-repeated`` for a round that the section
        had already, ``log.round-unlinked`` for one that does not follow the newest and name it. Details: the
        two draws `draw` and `earlier`, the `round`, and the `section` hash.
        """
        if _REQUEST not in data:
            return
        try:
            entry = parse_entry(data)
        except EntryError as error:
            raise LogCorruptError("log.request-unreadable", index=index) from error
        if entry.type == "request":
            self._add(index, str(entry.body["section"]), entry.body["round"], entry.body["previous"])

    def _add(self, draw: int, section: str, number: int, previous: int | None) -> None:
        newest, earlier = self._newest.get(section, (0, None))
        if number != newest + 1 or previous != earlier:
            code = "log.round-repeated" if number <= newest else "log.round-unlinked"
            raise LogCorruptError(code, draw=draw, earlier=earlier, round=number, section=section)
        self._newest[section] = (number, draw)
