"""What only a supervisor does at a site: attest a person without a card, begin wrong tries anew, release.

Release ends the duty to stay: before it the locker keeps what lies in it, and leaving raises an alert.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from app.errors import ConflictError, NotFoundError
from app.store.repositories.arrivals import Arrival, Attestation, Tries
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.arrival.desk import new_id
from app.usecases.arrival.ledger import Act
from app.usecases.operations import Actor, note
from app.usecases.platform import Platform
from app.usecases.rounds import rounds_of

ATTESTED_FOR: Final = timedelta(minutes=10)


async def attest(platform: Platform, site: str, *, actor: Actor) -> Attestation:
    """A supervisor's word that one person without a card is who the number says: once, within minutes.

    Raises NotFoundError ``site.unknown``.
    """
    now = platform.now()
    given = Attestation(
        id=new_id(platform, "att"),
        site=site,
        given_by=actor.person,
        given_at=now,
        expires_at=to_text(from_text(now) + ATTESTED_FOR),
    )

    async def work(uow: UnitOfWork) -> Attestation:
        if await uow.venues.site(site) is None:
            raise NotFoundError("site.unknown")
        await uow.arrivals.add_attestation(given)
        act = Act(platform=platform, site=site, actor=actor, now=now)
        await act.enter(uow, "card-attested", attestation=given.id)
        await note(uow, actor, "desk.attest", site, now=now)
        return given

    return await platform.database.transact(work)


async def release_lock(uow: UnitOfWork, platform: Platform, lock: str, *, actor: Actor) -> Tries:
    """The tries under one document begin anew. Raises NotFoundError ``arrival.no-lock``."""
    now = platform.now()
    found = await uow.arrivals.tries_by_id(lock)
    if found is None:
        raise NotFoundError("arrival.no-lock")
    fresh = replace(found, tries=0, released_at=now, released_by=actor.person)
    await uow.arrivals.put_tries(found, fresh)
    await Act(platform=platform, site=found.site, actor=actor, now=now).enter(uow, "lock-released", lock=lock)
    await note(uow, actor, "desk.release-lock", lock, now=now)
    return fresh


async def release(
    uow: UnitOfWork, platform: Platform, arrival_id: str, *, reason: str, actor: Actor
) -> Arrival:
    """One person may go, for a reason. Raises NotFoundError ``arrival.unknown``, ConflictError
    ``arrival.released``.
    """
    now = platform.now()
    found = await uow.arrivals.get(arrival_id)
    if found is None:
        raise NotFoundError("arrival.unknown")
    if found.released_at is not None:
        raise ConflictError("arrival.released")
    fresh = await uow.arrivals.move(found, now=now, released_at=now, released_by=actor.person)
    act = Act(platform=platform, site=found.site, actor=actor, now=now)
    await act.enter(uow, "released", arrival=found.id, reason=reason)
    await note(uow, actor, "desk.release", found.id, now=now)
    return fresh


async def release_draw(
    uow: UnitOfWork, platform: Platform, draw_id: str, *, reason: str, actor: Actor
) -> int:
    """Everybody who came for a draw's committee may go, at every site; gives how many were released now.

    Raises NotFoundError ``draw.unknown`` for a draw that nobody came for.
    """
    rounds = await rounds_of(uow, draw_id)
    came = [arrival for one in rounds for arrival in await uow.arrivals.of_draw(one.id)]
    if not came:
        raise NotFoundError("draw.unknown")
    waiting = [one for one in came if one.released_at is None]
    for one in waiting:
        await release(uow, platform, one.id, reason=reason, actor=actor)
    return len(waiting)
