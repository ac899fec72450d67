"""What has become of a room that nobody led: decided by its next leader, as of the last sign of life.

Nobody is connected to a leader that has just begun, so whoever was there is reconnecting since then, with the
time that anybody has for coming back (R32). A platform that was silent for as long as makes a site count as
lost has lost all of its sites: they get their outages with limit, freeze and new identification, reckoned
from then (R39). A room that is handed on within that time goes on as if nothing had been.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from app.store.repositories.rooms import RoomRow
from remote_eval import commands as cmd
from remote_eval import room
from remote_eval.room_events import Event, moment_of
from remote_eval.room_fold import evolve
from remote_eval.room_state import HERE, LOST, RECONNECTING, RoomState

LEASE: Final = timedelta(seconds=30)
RENEW_SECONDS: Final = 10.0
# An alarm in the ledger from the last sign of life to the next leader.
PLATFORM: Final = "platform"


def last_sign(row: RoomRow, state: RoomState, *, now: datetime) -> datetime:
    """When the platform last lived for this room: its newest event, or the newest renewal of its lease."""
    if row.leased_until is None:
        return state.at
    return max(state.at, min(moment_of(row.leased_until) - LEASE, now))


def unheard_ms(since: datetime, now: datetime) -> int:
    """For how many milliseconds nobody led for certain: who led last might have lived to its next renewal."""
    certain = now - since - timedelta(seconds=RENEW_SECONDS)
    return max(0, certain // timedelta(milliseconds=1))


def found(
    state: RoomState, *, since: datetime, now: datetime, lost_ms: int, new_id: Callable[[], str]
) -> tuple[Event, ...]:
    """The events of the time without a leader, from `since` to `now`, in their order."""
    events: list[Event] = []
    for at, fact in _facts(state, since=since, now=now, lost_ms=lost_ms):
        decided = room.decide(state, None, fact, now=at, new_id=new_id)
        for event in decided:
            state = evolve(state, event)
        events.extend(decided)
    return tuple(events)


def _facts(
    state: RoomState, *, since: datetime, now: datetime, lost_ms: int
) -> Iterator[tuple[datetime, cmd.Fact]]:
    is_lost = unheard_ms(since, now) >= lost_ms
    if is_lost:
        yield since, cmd.Raise(code=PLATFORM)
        for site in state.sites.values():
            yield since, cmd.SiteFact(site=site.id, link=LOST)
    for member in state.members.values():
        if member.presence == HERE:
            yield since, cmd.Present(member=member.id, presence=RECONNECTING)
    # Who did not come back in time was away from then on, not only from now.
    away = since + timedelta(milliseconds=state.limits.away_ms)
    if away <= now:
        yield away, cmd.Tick()
    if is_lost:
        yield now, cmd.Clear(code=PLATFORM)
