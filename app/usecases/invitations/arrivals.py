"""What the desk may ask and tell: who of the invited stands here, and how far they have come.

`find` joins by a keyed hash of centre, day and person: a desk learns of nobody but the person who shows a
document there. The other functions work in the caller's transaction on the invitation that `find` gave. Names
are not handed out, but a person's own to the desk where they have checked in (T1).
"""

from dataclasses import dataclass, field

from app.errors import ConflictError
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from app.usecases import invites
from app.usecases.invitations import conduct, letters, standing, timing, vacancies
from app.usecases.platform import Platform
from draw import invitation
from draw.errors import LifecycleError
from draw.invitation_terms import arrival_state

_EXPECTED = frozenset(
    {invitation.ACCEPTED, invitation.ARRIVED, invitation.LATE, invitation.SEATED, invitation.RECUSED}
)
# Whoever accepted is let in within the grace though the proof was opened meanwhile: nobody could follow.
_AWAITED = invitation.RUNNING | {invitation.CLOSED}
_CHECKED_IN = frozenset({invitation.ARRIVED, invitation.LATE, invitation.SEATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An expected arrival as a desk may list it: no person. `code` is told by the person only."""

    invitation: str = field(repr=False)
    state: str
    begins: str
    arrive_by: str


async def find(uow: UnitOfWork, *, venue_site: str, day: str, person: str) -> Invitation | None:
    """The invitation of a person to this centre on this Beijing day; None for everybody else.

    `person` is the keyed hash of the identity number. Of several the one that is still open comes first.
    """
    value = letters.arrival_value(venue_site, day, person)
    found = await uow.invitations.expected(arrival_tag=uow.cipher.tag("arrival", value))
    wanted = [one for one in found if one.state in _EXPECTED and one.pending is None]
    return wanted[-1] if wanted else None


async def expected(uow: UnitOfWork, *, venue_site: str) -> list[Expected]:
    """Everybody who accepted to come to a centre, as slots without a person, by the begin."""
    listed = await uow.invitations.at_site(venue_site, *_EXPECTED)
    slots = [
        Expected(invitation=one.id, state=one.state, begins=one.begins, arrive_by=one.arrive_by)
        for one in listed
        if one.pending is None
    ]
    return sorted(slots, key=lambda one: (one.begins, one.arrive_by, one.invitation))


async def arrived(uow: UnitOfWork, platform: Platform, one: Invitation, *, at: str, now: str) -> Invitation:
    """Note an arrival: the invitation as it then is, `arrived` or `late`. Noted again: no change.

    Raises ConflictError ``arrival.too-late`` (details: arrive_by) after the grace, ``arrival.state``.
    """
    if one.state in _CHECKED_IN:
        return one
    found = await standing.load(uow, one.draw_id)
    if found.campaign.state not in _AWAITED or one.pending is not None:
        raise ConflictError("arrival.state", state=one.state)
    terms = await standing.terms_of(uow, platform, found.row)
    try:
        state = arrival_state(terms, at=at, arrive_by=one.arrive_by)
    except LifecycleError as error:
        raise ConflictError("arrival.too-late", arrive_by=one.arrive_by) from error
    moved = await _step(uow, one, state, now=now)
    await conduct.record(uow, platform, moved, state=state, at=at)
    await timing.rest(uow, moved)
    await standing.follow(uow, one.draw_id, now=now)
    return moved


async def seated(uow: UnitOfWork, one: Invitation, *, now: str) -> Invitation:
    """Note that the person has taken a seat. Raises ConflictError ``arrival.state``."""
    return one if one.state == invitation.SEATED else await _step(uow, one, invitation.SEATED, now=now)


async def finished(uow: UnitOfWork, one: Invitation, *, now: str) -> Invitation:
    """Note that the person's work is done. Raises ConflictError ``arrival.state``."""
    return one if one.state == invitation.FINISHED else await _step(uow, one, invitation.FINISHED, now=now)


async def recused_at_venue(uow: UnitOfWork, one: Invitation, *, note: str, now: str) -> Invitation:
    """A conflict declared by the person at the venue: the seat passes on. `note` is the supervisor's, 1–200
    characters. Raises ConflictError ``arrival.state``."""
    if one.pending == "recusal":
        return one
    _require_step(one, invitation.RECUSED, now)
    return await vacancies.vacate(uow, one, state=invitation.RECUSED, cause="recusal", reason=note, now=now)


async def name_of(platform: Platform, one: Invitation) -> str | None:
    """The name of a person who has checked in, for that very desk; None before, and for whoever lost the
    seat."""
    if one.state not in _CHECKED_IN or one.pending is not None:
        return None
    async with platform.database.read() as uow:
        row = await uow.draws.get(one.draw_id)
    if row is None:
        return None
    holder = (await invites.holders(platform, row))[one.invited.seat]
    same = holder is not None and holder.tenure == one.invited.tenure
    return holder.record.name if holder is not None and same else None


async def _step(uow: UnitOfWork, one: Invitation, state: str, *, now: str) -> Invitation:
    _require_step(one, state, now)
    return await uow.invitations.advance(one, state=state, updated_at=now)


def _require_step(one: Invitation, state: str, now: str) -> None:
    try:
        invitation.advance(invitation.INVITATION, one.state, state, now=now)
    except LifecycleError as error:
        raise ConflictError("arrival.state", state=one.state) from error
