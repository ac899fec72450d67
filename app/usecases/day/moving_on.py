"""Moving a campaign when somebody has arrived already: a power cut in the building, on the day.

Whoever is there is dismissed from that place in the transaction that moves: seat and session end, they are
released for the move's reason, so that the gate opens and the locker gives back what lies in it. They are
asked anew like everybody else and are identified again wherever they come to: nothing of the first arrival
counts there, and nobody checks in anywhere before their things are out of the first locker. Once the
evaluation has begun there is no move: pausing, more time or a new committee is the room's.
"""

from collections.abc import Sequence
from typing import Final

from app.errors import ConflictError
from app.store.repositories.arrivals import Arrival
from app.store.repositories.campaigns import CampaignRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import step
from app.usecases.arrival.ledger import Act
from app.usecases.day.begun import begun
from app.usecases.delivery.work import WorkContext
from app.usecases.invitations import changes
from app.usecases.invitations.campaigns import By
from app.usecases.invitations.changes import Move
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from remote_eval import arrival as way

ENDED: Final = "moved"


async def move_on(context: WorkContext, draw_id: str, wanted: Move, *, by: By) -> CampaignRow:
    """Move a campaign with everybody who is there. Raises as `changes.move`, ConflictError ``campaign.begun``
    once names are open or the evaluation runs."""

    async def dismiss(uow: UnitOfWork, draws: Sequence[str], now: str) -> None:
        named = [one.opened_at for draw in draws for one in await uow.rosters.openings(draw)]
        if any(named) or await begun(uow, draw_id):
            raise ConflictError("campaign.begun")
        came = [one for draw in draws for one in await uow.arrivals.of_draw(draw)]
        for one in came:
            if one.state not in way.FINAL:
                await _dismiss(uow, context.platform, one, wanted.reason, actor=by.actor, now=now)

    return await changes.move(context, draw_id, wanted, by=by, dismiss=dismiss)


async def _dismiss(
    uow: UnitOfWork, platform: Platform, one: Arrival, reason: str, *, actor: Actor, now: str
) -> None:
    """This place is over for somebody: no session, no seat, free to go."""
    act = Act(platform=platform, site=one.site, actor=actor, now=now)
    await uow.seat_access.end_sessions(reason=ENDED, now=now, arrival_id=one.id)
    await uow.seat_access.change_seating(one.id, closed_at=now, code_tag=None)
    freed = one
    if one.released_at is None:
        freed = await uow.arrivals.move(one, now=now, released_at=now, released_by=actor.person)
    if one.state == way.CONFIRMED:
        # Nothing of theirs is here, and nothing keeps them.
        await step(uow, freed, way.REFUSED, shown={"reason"}, now=now)
    await act.enter(uow, "moved-on", arrival=one.id, reason=reason, state=one.state)
