"""Whether those who are in a room still may be: seat sessions, accounts, calls (R16, signalling §5).

A credential counts for as long as what it stood for does, not only when it was shown. Who has lost it is out
with the next look; legs and socket end with that.
"""

from typing import Final

from app.store.unit_of_work import UnitOfWork
from app.times import from_text
from app.usecases.room.live import LiveRoom
from remote_eval import commands as cmd
from remote_eval.room_state import BIDDER, EXPECTED, EXPERT, Member

ENDED: Final = "session-ended"
OVER: Final = "call-over"


async def check_standing(live: LiveRoom) -> None:
    """Expel every member whose session or call has ended."""
    async with live.platform.database.read() as uow:
        seated = await _seated(uow, live)
        gone = [
            (one.id, cause)
            for one in live.state.members.values()
            if one.presence != EXPECTED and (cause := await _lost(uow, live, one, seated)) is not None
        ]
    for member, cause in gone:
        await live.try_fact(cmd.Expel(member=member, cause=cause))


async def _seated(uow: UnitOfWork, live: LiveRoom) -> frozenset[str]:
    """Live seat sessions at the room's sites."""
    found = [one.id for site in live.state.sites for one in await uow.seat_access.live_sessions(site)]
    return frozenset(found)


async def _lost(uow: UnitOfWork, live: LiveRoom, member: Member, seated: frozenset[str]) -> str | None:
    if member.role == BIDDER:
        call = live.state.calls.get(member.call or "")
        return None if call is not None and call.state in ("released", "live") else OVER
    link = live.links.get(member.id)
    if link is None or link.standing is None:
        return None
    if member.role == EXPERT:
        return None if link.standing in seated else ENDED
    return None if await _signed_in(uow, live, link.standing) else ENDED


async def _signed_in(uow: UnitOfWork, live: LiveRoom, session_id: str) -> bool:
    """Whether an account's session is still there. A room in use is a use of the session: no idle end."""
    session = await uow.sessions.get(session_id)
    return session is not None and live.now() < from_text(session.expires_at)
