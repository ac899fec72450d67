"""The document that opens an event's ground to the supervisor's node (draw-proof §8.2).

It opens every seat that the log hides so far and names the record and the note behind the event. Its digest
stands in the event; the document itself goes to the supervisor's node and into the sealed store, nowhere
else. Whether the ground holds is `draw.grounds`' question, who is asked is elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crypto.canonical import JsonValue, canonical, parse_canonical
from crypto.errors import CryptoError
from draw.cells import seat_commitment
from draw.entry_bodies import EVENT_CLASSES
from draw.errors import EntryError
from draw.grounds import Seats
from draw.letters import GatewayRecord, gateway_record
from draw.model import HEX32, MAX_SEATS, TEXT
from draw.schema import Faults, Integer, ListOf, Nullable, ObjectOf, Shape, checked, one_of

GROUNDS_FORMAT: Final = "qt/1 grounds"
MAX_GROUNDS_BYTES: Final = 1 << 20
NOTED: Final = ("conflict", "recusal", "venue")
_MAX_OPENED: Final = 10_000
_SEAT: Final = Integer(0, MAX_SEATS - 1)
_NUMBER: Final = Integer(1, (1 << 32) - 1)


class _Object:
    """Any object: what is in it is `draw.letters`' to say."""

    def check(self, value: object, at: str, faults: Faults) -> None:
        """Fault `type`."""
        if type(value) is not dict:
            faults.add(at, "type")


def _opened(number: str) -> Shape:
    return ListOf(ObjectOf({number: _NUMBER, "seat": _SEAT, "salt": HEX32}), _MAX_OPENED)


_SHAPE: Final = ObjectOf(
    {
        "format": one_of(GROUNDS_FORMAT),
        "draw": Integer(0),
        "t": _NUMBER,
        "class": one_of(*EVENT_CLASSES),
        "seat": _SEAT,
        "invitation": Nullable(_NUMBER),
        "events": _opened("t"),
        "invitations": _opened("n"),
        "record": Nullable(_Object()),
        "note": Nullable(TEXT),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenedSeat:
    """Seat of event or invitation `number`, and the salt of its commitment."""

    number: int
    seat: int
    salt: bytes

    @property
    def commitment(self) -> str:
        """How the log names the seat, as hexadecimal text."""
        return seat_commitment(self.salt, self.seat).hex()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GroundsDocument:
    """Event t of a draw: `events` are 1 … t, `invitations` those before it, `invitation` is the holder's
    newest.
    """

    draw: int
    t: int
    cause: str
    seat: int
    invitation: int | None
    events: tuple[OpenedSeat, ...]
    invitations: tuple[OpenedSeat, ...]
    record: GatewayRecord | None = None
    note: str | None = field(default=None)

    @property
    def seats(self) -> Seats:
        """Seats by number, as `draw.grounds` asks for them."""
        return Seats(
            events={one.number: one.seat for one in self.events},
            invitations={one.number: one.seat for one in self.invitations},
        )

    def to_bytes(self) -> bytes:
        """C(document). Raises EntryError("grounds.size") above 1 MiB."""
        data = canonical(
            {
                "format": GROUNDS_FORMAT,
                "draw": self.draw,
                "t": self.t,
                "class": self.cause,
                "seat": self.seat,
                "invitation": self.invitation,
                "events": [_opening(one, "t") for one in self.events],
                "invitations": [_opening(one, "n") for one in self.invitations],
                "record": None if self.record is None else self.record.to_json(),
                "note": self.note,
            }
        )
        if len(data) > MAX_GROUNDS_BYTES:
            raise EntryError("grounds.size", limit=MAX_GROUNDS_BYTES)
        return data


def read_grounds(data: bytes) -> GroundsDocument:
    """Read C(document) back. Raises EntryError ``grounds.bytes``, ``grounds.shape`` or ``record.shape``."""
    try:
        raw = parse_canonical(data, max_bytes=MAX_GROUNDS_BYTES)
    except CryptoError as error:
        raise EntryError("grounds.bytes", reason=error.code) from error
    value: Mapping[str, Any] = checked(_SHAPE, raw, EntryError, "grounds.shape")
    return GroundsDocument(
        draw=value["draw"],
        t=value["t"],
        cause=value["class"],
        seat=value["seat"],
        invitation=value["invitation"],
        events=_seats(value["events"], "t"),
        invitations=_seats(value["invitations"], "n"),
        record=None if value["record"] is None else gateway_record(value["record"]),
        note=value["note"],
    )


def _opening(one: OpenedSeat, number: str) -> JsonValue:
    return {number: one.number, "seat": one.seat, "salt": one.salt.hex()}


def _seats(listed: list[Mapping[str, Any]], number: str) -> tuple[OpenedSeat, ...]:
    return tuple(
        OpenedSeat(number=one[number], seat=one["seat"], salt=bytes.fromhex(one["salt"])) for one in listed
    )
