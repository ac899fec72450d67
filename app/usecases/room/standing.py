"""Whether those who are in a room still may be: seat sessions, accounts, calls (R16, signalling §5).

A credential counts for as long as what it stood for does, not only when it was shown. Who has lost it is out
with the next look; legs and socket end with that.
"""

from typing import Final

from app.errors import AccessRefusedError
from app.usecases.people import sessions
from app.usecases.room.live import LiveRoom
from remote_eval import commands as cmd
from remote_eval.room_state import BIDDER, EXPECTED, EXPERT, Member

ENDED: Final = "session-ended"
OVER: Final = "call-over"


async def check_standing(live: LiveRoom) -> None:
    """Expel every member whose session or call has ended."""
    async with live.platform.database.read() as uow:
        found = [one.id for site in live.state.sites for one in await uow.seat_access.live_sessions(site)]
    seated = frozenset(found)
    for one in list(live.state.members.values()):
        cause = None if one.presence == EXPECTED else await _lost(live, one, seated)
        if cause is not None:
            await live.try_fact(cmd.Expel(member=one.id, cause=cause))


async def _lost(live: LiveRoom, member: Member, seated: frozenset[str]) -> str | None:
    if member.role == BIDDER:
        call = live.state.calls.get(member.call or "")
        return None if call is not None and call.state in ("released", "live") else OVER
    link = live.links.get(member.id)
    if link is None or link.standing is None:
        return None
    if member.role == EXPERT:
        return None if link.standing in seated else ENDED
    return None if await _signed_in(live, link.standing) else ENDED


async def _signed_in(live: LiveRoom, session_id: str) -> bool:
    """Whether an account's session still holds. Being in a room is a use of it."""
    try:
        await sessions.of_id(live.platform, session_id)
    except AccessRefusedError:
        return False
    return True
