"""The appointments in a log: who was not drawn, and that it was put down as it has to be (docs/spec).

No bundle shows an appointment: whoever has the whole log sees here that each is signed by the platform and by
the supervisor whom it names, with keys that stood in the log before; that those of a section count on; and
that one which fills the seats of a draw names a draw of its own section. Nothing under an appointment's
number may look like the course of a draw.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.errors import LogCorruptError
from draw.entries import Entry, parse_entry, verify
from draw.errors import EntryError

_LOOKED_AT: Final = tuple(f'"type":"{kind}"'.encode("ascii") for kind in ("key", "request", "appointment"))
# What an appointment has none of: with any of these it would pass for drawn.
_DRAWING: Final = tuple(
    f'"type":"{kind}"'.encode("ascii")
    for kind in ("commit", "seal", "escrow", "reveal", "result", "event", "answer")
)


class SectionAppointments:
    """Reads the entries of a log in order; keeps keys, the sections of draws, and the newest appointments."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], int] = {}
        self._draws: dict[int, str] = {}
        self._newest: dict[str, tuple[int, int | None]] = {}
        self._appointed: set[int] = set()

    def read(self, index: int, data: bytes) -> None:
        """Take in the entry at `index`.

        Raises LogCorruptError ``log.appointment-unreadable``, ``log.appointment-unsigned`` for one without
        both signatures by registered keys, ``log.appointment-unlinked`` for one that does not count on or
        fills no draw of its section, ``log.appointment-drawn`` for a step of a draw under its number.
        """
        if any(kind in data for kind in _LOOKED_AT):
            self._take(index, _parsed(index, data))
        elif self._appointed and any(kind in data for kind in _DRAWING):
            entry = _parsed(index, data)
            if entry.body.get("draw") in self._appointed:
                raise LogCorruptError("log.appointment-drawn", index=index, appointment=entry.body["draw"])

    def _take(self, index: int, entry: Entry) -> None:
        if entry.type == "key":
            self._keys.setdefault((str(entry.body["role"]), str(entry.body["public"])), index)
        elif entry.type == "request":
            self._draws[index] = str(entry.body["section"])
        elif entry.type == "appointment":
            self._check_signed(index, entry)
            self._check_linked(index, entry.body)
            self._appointed.add(index)

    def _check_signed(self, index: int, entry: Entry) -> None:
        parties: Mapping[str, str] = entry.body["parties"]
        try:
            verify(entry, {role: bytes.fromhex(public) for role, public in parties.items()})
        except EntryError as error:
            raise LogCorruptError("log.appointment-unsigned", index=index) from error
        if any((role, public) not in self._keys for role, public in parties.items()):
            raise LogCorruptError("log.appointment-unsigned", index=index)

    def _check_linked(self, index: int, body: Mapping[str, Any]) -> None:
        section, fills = str(body["section"]), body["fills"]
        number, previous = self._newest.get(section, (0, None))
        counted = (body["number"], body["previous"]) == (number + 1, previous)
        if not counted or (fills is not None and not self._is_of(fills, section)):
            raise LogCorruptError("log.appointment-unlinked", index=index, section=section)
        self._newest[section] = (number + 1, index)

    def _is_of(self, fills: int, section: str) -> bool:
        return self._draws.get(fills) == section


def _parsed(index: int, data: bytes) -> Entry:
    try:
        return parse_entry(data)
    except EntryError as error:
        raise LogCorruptError("log.appointment-unreadable", index=index) from error
