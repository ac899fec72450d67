"""The evaluation is given more time: `extend`, and what it means outside the room (实施条例 48).

In the one transaction that stores the room's event, the draw's booking ends later, with the same seats. Seats
that somebody else has by then are told, and nothing moves: whether a night is taken, or another place, people
decide. Who may, and whether enough of the committee asked, the room's core decides before anything is moved.
"""

from datetime import datetime
from typing import Final

from app.errors import ConflictError, InputRefusedError, WriteConflictError
from app.store.unit_of_work import UnitOfWork
from app.usecases.operations import Actor
from app.usecases.room.live import LiveRoom
from app.usecases.venues.orders import Act
from app.usecases.venues.prolonging import prolong
from remote_eval import commands as cmd
from remote_eval import room
from remote_eval.errors import RoomError
from remote_eval.room_events import moment_of
from remote_eval.room_state import Member, RoomState

_ACCOUNT: Final = "account:"
_TOO_LONG: Final = "booking.too-long"


async def extend(live: LiveRoom, witness: Member, command: cmd.Extend) -> None:
    """Move the end of the room and of its booking.

    Raises SignallingError, or RoomError ``room.state`` with every reason: ``seat-booked`` (site, seat) where
    others have a seat or its room by then, ``too-long`` for more than a booking may last, ``not-booked`` when
    there is none that holds.
    """

    async def prepare(uow: UnitOfWork, state: RoomState) -> cmd.Command:
        until = _end(live, state, witness, command)
        act = Act(actor=await _actor(uow, live, witness), at=live.now(), reason=command.reason)
        try:
            await prolong(uow, live.row.draw_id, until=until, act=act)
        except WriteConflictError:
            raise
        except ConflictError as refusal:
            reason = "too-long" if refusal.code == _TOO_LONG else "not-booked"
            raise RoomError("room.state", reasons=[{"code": reason}]) from refusal
        except InputRefusedError as refusal:
            reasons = [{"code": "seat-booked", **one.figures} for one in refusal.faults]
            raise RoomError("room.state", reasons=reasons) from refusal
        return command

    await live.decide_with(witness, prepare)


def _end(live: LiveRoom, state: RoomState, witness: Member, command: cmd.Extend) -> datetime:
    """The end that the room would have. Raises as `remote_eval.room.decide`."""
    event, *_ = room.decide(state, witness, command, now=live.now(), new_id=live.new_id)
    return moment_of(str(event.body["ends_at"]))


async def _actor(uow: UnitOfWork, live: LiveRoom, witness: Member) -> Actor:
    """The account that the witness came in by."""
    rows = await uow.rooms.members(live.row.id)
    identity = next(one.identity for one in rows if one.id == witness.id)
    return Actor(person=identity.removeprefix(_ACCOUNT), address="-", source="room")
