"""A person of the room moves to another seat: `swap`, and what it means outside the room (signalling §4).

In the one transaction that stores the room's event, the booking's seat is exchanged, the seating moves and
the session of the old seat ends (`app.usecases.arrival.seat_moves`). The staff member who asked is answered
with the code for the new seat's browser, which no store holds; one that was lost is replaced at the desk.
Who may, the room's core decides before anything outside is looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.errors import (
    AccessRefusedError,
    ConflictError,
    InputRefusedError,
    NotFoundError,
    WriteConflictError,
)
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.ledger import Act
from app.usecases.arrival.seat_moves import Move, move
from app.usecases.arrival.seating import fresh_slip
from app.usecases.operations import Actor
from app.usecases.people import sessions
from app.usecases.principals import Principal
from app.usecases.room.live import LiveRoom
from crypto.canonical import JsonValue
from remote_eval import commands as cmd
from remote_eval.errors import RoomError, SignallingError
from remote_eval.room_state import Member, RoomState

# What stands against a move, as the room tells it; everything else is the booking's.
_REASONS: Final[Mapping[str, str]] = {
    "seat.unknown": "seat-unknown",
    "seat.not-enrolled": "seat-unenrolled",
    "seat.taken": "seat-taken",
    "seat.passed-on": "not-seated",
    "arrival.unknown": "not-seated",
    "booking.seat-unknown": "seat-unknown",
    "booking.seat-zone": "seat-zone",
    "booking.seat-faulty": "seat-faulty",
    "booking.seat-taken": "seat-taken",
    "booking.room-taken": "room-taken",
}
_BOOKING: Final = "not-booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whence:
    """Where a frame came from: the account's session that its member stands by, and the peer's address."""

    session: str | None
    address: str


async def swap(live: LiveRoom, staff: Member, command: cmd.Swap, whence: Whence) -> dict[str, JsonValue]:
    """Move whoever sits at ``seat``; the answer names the other seat and its slip, eight digits.

    Raises SignallingError, or RoomError ``room.state`` with every reason.
    """
    principal = await _principal(live, whence)
    actor = Actor(person=principal.person, address=whence.address, source="room")
    slip = fresh_slip(live.platform)

    async def prepare(uow: UnitOfWork, state: RoomState) -> cmd.Command:
        event, *_ = live.judged(staff, command)
        member = state.members[str(event.body["member"])]
        asked = Move(
            arrival=await _arrival(uow, live, member.id), source=command.seat, to=command.to, slip=slip
        )
        act = Act(platform=live.platform, site=member.site or "", actor=actor, now=live.platform.now())
        try:
            await move(uow, act, principal, asked)
        except WriteConflictError:
            raise
        except (ConflictError, NotFoundError) as refusal:
            raise _refused([refusal.code]) from refusal
        except InputRefusedError as refusal:
            raise _refused([one.code for one in refusal.faults]) from refusal
        return command

    await live.decide_with(staff, prepare)
    return {"seat": command.to, "slip": slip}


async def _principal(live: LiveRoom, whence: Whence) -> Principal:
    """Who asks, as the account is now. Raises SignallingError ``signal.not-allowed``."""
    try:
        return sessions.principal_of(await sessions.of_id(live.platform, whence.session or ""))
    except AccessRefusedError as error:
        raise SignallingError("signal.not-allowed", type=cmd.Swap.type) from error


async def _arrival(uow: UnitOfWork, live: LiveRoom, member: str) -> str:
    """The arrival that a member of the committee is."""
    rows = await uow.rooms.members(live.row.id)
    return next(one.identity.removeprefix("arrival:") for one in rows if one.id == member)


def _refused(codes: Iterable[str]) -> RoomError:
    reasons = dict.fromkeys(_REASONS.get(one, _BOOKING) for one in codes)
    return RoomError("room.state", reasons=[{"code": one} for one in reasons])
