"""Who holds the seats of an appointment: chosen once, sealed since, vacated by their own invitations only.

Nobody follows a chosen person: a seat that falls vacant stays so until somebody else is appointed.
"""

from app.errors import NotFoundError
from app.store.repositories.draws import DrawRow
from app.store.repositories.invitations import Invitation
from app.store.unit_of_work import UnitOfWork
from draw.appointment import Appointed, Chosen
from draw.invitation import REPLACED
from draw.lifecycle import HOLDING, OPENED

__all__ = ["chosen", "holding", "vacated"]

_SEATED = HOLDING | {OPENED}


async def chosen(uow: UnitOfWork, row: DrawRow) -> Chosen:
    """Everybody who was appointed. Raises NotFoundError ``appointment.unknown``."""
    stored = await uow.draws.load_secrets(row.id)
    if stored is None or not row.appointed:
        raise NotFoundError("appointment.unknown")
    return Chosen.from_bytes(stored)


async def holding(uow: UnitOfWork, row: DrawRow) -> list[Appointed | None]:
    """Who sits now, by seat; None for a vacant one. Nobody of an appointment that was given up."""
    people = (await chosen(uow, row)).people
    gone = await vacated(uow, row)
    return [None if seat in gone or row.state not in _SEATED else one for seat, one in enumerate(people)]


async def vacated(uow: UnitOfWork, row: DrawRow) -> frozenset[int]:
    """Seats whose people do not come."""
    newest: dict[int, Invitation] = {one.invited.seat: one for one in await uow.invitations.of_draw(row.id)}
    return frozenset(seat for seat, one in newest.items() if one.state == REPLACED)
