"""Whether those who are in a room still may be: seat sessions, accounts, calls (R16, signalling §5).

A credential counts for as long as what it stood for does, not only when it was shown. Who has lost it is out
with the next look; legs and socket end with that. Who is on the way to another seat stays a member for as
long as that seat waits.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from app.errors import AccessRefusedError
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import has_a_seat, invitation_of
from app.usecases.people import sessions
from app.usecases.room.live import LiveRoom
from app.usecases.room.starting import follow_start
from app.usecases.rounds import rounds_of
from remote_eval import commands as cmd
from remote_eval.arrival import SEAT_ASSIGNED
from remote_eval.errors import EvaluationError
from remote_eval.room_state import BIDDER, EXPECTED, EXPERT, Member, RoomState

ENDED: Final = "session-ended"
OVER: Final = "call-over"


async def check_standing(live: LiveRoom) -> None:
    """Expel every member whose session or call has ended; the room hears of a start that was put off."""
    await follow_start(live)
    seated = await _seated(live)
    for one in list(live.state.members.values()):
        cause = None if one.presence == EXPECTED else await _lost(live, one, seated)
        if cause is not None:
            await _expel(live, one, cause)


async def _expel(live: LiveRoom, member: Member, cause: str) -> None:
    """Expel a member; an expert is looked at once more in the decision, as a swap may have come before it."""

    async def prepare(_uow: UnitOfWork, state: RoomState) -> cmd.Command:
        known = state.members.get(member.id, member)
        if known.role == EXPERT and await _lost(live, known, await _seated(live)) is None:
            return cmd.Tick()
        return cmd.Expel(member=member.id, cause=cause)

    with suppress(EvaluationError):
        await live.decide_with(None, prepare)


async def _seated(live: LiveRoom) -> Mapping[str, frozenset[str]]:
    """The live seat sessions of each expert of the room whose seat was not passed on, by member."""
    now = live.platform.now()
    async with live.platform.database.read() as uow:
        sessions = [one for site in live.state.sites for one in await uow.seat_access.live_sessions(site)]
        members = await uow.rooms.members(live.row.id)
        holders = await _holders(uow, live.row.draw_id)
    by_arrival: dict[str, set[str]] = defaultdict(set)
    for session in sessions:
        if session.expires_at > now and session.arrival_id in holders:
            by_arrival[f"arrival:{session.arrival_id}"].add(session.id)
    return {one.id: frozenset(by_arrival[one.identity]) for one in members if one.identity in by_arrival}


async def _holders(uow: UnitOfWork, draw_id: str) -> frozenset[str]:
    """The arrivals of those whom a seat of the committee still waits for."""
    found: set[str] = set()
    for row in await rounds_of(uow, draw_id):
        letters = {one.id for one in await uow.invitations.of_draw(row.id) if has_a_seat(one)}
        found |= {one.id for one in await uow.arrivals.of_draw(row.id) if one.letter in letters}
    return frozenset(found)


async def _lost(live: LiveRoom, member: Member, seated: Mapping[str, frozenset[str]]) -> str | None:
    if member.role == BIDDER:
        call = live.state.calls.get(member.call or "")
        return None if call is not None and call.state in ("released", "live") else OVER
    standing = live.standings.get(member.id)
    if member.role == EXPERT:
        # After a change of the room's leader nobody remembers by which session somebody came in.
        own = seated.get(member.id, frozenset())
        if own if standing is None else own & {standing}:
            return None
        return None if standing is None and member.moving and await _waits(live, member) else ENDED
    return None if standing is None or await _signed_in(live, standing) else ENDED


async def _waits(live: LiveRoom, member: Member) -> bool:
    """Whether the seat to which somebody was moved still waits for that person."""
    async with live.platform.database.read() as uow:
        rows = await uow.rooms.members(live.row.id)
        identity = next((one.identity for one in rows if one.id == member.id), "")
        arrival = await uow.arrivals.get(identity.removeprefix("arrival:"))
        if arrival is None or arrival.state != SEAT_ASSIGNED:
            return False
        return has_a_seat(await invitation_of(uow, arrival))


async def _signed_in(live: LiveRoom, session_id: str) -> bool:
    """Whether an account's session still holds. Being in a room is a use of it."""
    try:
        await sessions.of_id(live.platform, session_id)
    except AccessRefusedError:
        return False
    return True
