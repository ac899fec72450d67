"""When a room may begin, and a start that is put off outside of it (failure table: late, no-show).

The room hears of a later start with its next look; beginning is held against the start that stands in the
very transaction that stores the begin, so that neither can overtake the other.
"""

from typing import Final

from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.campaign_delays import delay_of_draw
from app.usecases.room.live import LiveRoom
from app.usecases.rounds import booking_of
from remote_eval import commands as cmd
from remote_eval.errors import RoomError
from remote_eval.room_events import time_text
from remote_eval.room_state import BEFORE, EVALUATING, Member, RoomState

PUT_OFF: Final = "put-off"
NOT_READY: Final = "room.not-ready"


async def begin(live: LiveRoom, witness: Member, command: cmd.MoveTo) -> None:
    """A witness moves the room. Raises as `remote_eval.room.decide`, and RoomError ``room.not-ready`` with
    ``put-off`` (begins_at) before a start that was put off."""

    async def prepare(uow: UnitOfWork, state: RoomState) -> cmd.Command:
        late = await delayed(uow, live.row.draw_id, state, now=live.platform.now())
        try:
            live.judged(witness, command)
        except RoomError as refusal:
            others = refusal.details.get("reasons")
            if refusal.code != NOT_READY or not late or not isinstance(others, list):
                raise
            raise RoomError(NOT_READY, reasons=[*others, *late]) from refusal
        if late:
            raise RoomError(NOT_READY, reasons=late)
        return command

    if command.to == EVALUATING:
        await live.decide_with(witness, prepare)
    else:
        await live.decide(witness, command)


async def delayed(uow: UnitOfWork, draw_id: str, state: RoomState, *, now: str) -> list[dict[str, str]]:
    """The reason why a room does not begin yet: its start was put off. Back from signing is no start."""
    made = await delay_of_draw(uow, draw_id) if state.phase in BEFORE else None
    if made is None or made.begins <= now:
        return []
    return [{"code": PUT_OFF, "begins_at": time_text(from_text(made.begins))}]


async def follow_start(live: LiveRoom) -> None:
    """Have the room know of the start that stands, put off or moved to another hour; a room whose people meet
    elsewhere is closed."""
    if live.state.phase not in BEFORE:
        return
    async with live.platform.database.read() as uow:
        made = await delay_of_draw(uow, live.row.draw_id)
        booking = await booking_of(uow, live.row.draw_id)
        parts = {} if booking is None else await uow.bookings.centres([booking])
    ends_at = live.state.ends_at if booking is None else from_text(booking.until)
    if booking is not None and {one.site_id for one in parts[booking.id]} != set(live.state.sites):
        await live.try_fact(cmd.Moved(begins_at=None, ends_at=ends_at))
        return
    stands = [booking.since] if booking is not None else []
    begins_at = max(map(from_text, [*stands, *([made.begins] if made else [])]), default=live.state.begins_at)
    if begins_at > live.state.begins_at:
        await live.try_fact(cmd.Moved(begins_at=begins_at, ends_at=ends_at))
