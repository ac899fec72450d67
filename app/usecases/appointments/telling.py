"""What everybody may know of members who were not drawn: that there are some, why, and on whose approval.

It stands beside a draw's public proof, which speaks of the drawn alone: who reads one is told the other.
Names join only where the appointment's own roster was opened to the public.
"""

from typing import Any

from app.errors import NotFoundError
from app.store.repositories.appointments import AppointmentRow
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.platform import Platform
from app.usecases.proof_codes import read_code
from app.usecases.roster.readings import readable_to_public
from app.usecases.rounds import committee_of, parameters_of
from draw.appointment import read_document
from draw.lifecycle import ABORTED


async def beside(uow: UnitOfWork, row: DrawRow) -> list[AppointmentRow]:
    """The appointments that fill seats of this draw's committee, oldest first; given up ones are none."""
    rows = await uow.draws.of_section(row.project_id, row.section)
    own = [one.id for one in committee_of(rows, row.id) if one.appointed and one.state != ABORTED]
    found = [await uow.appointments.of_draw(one) for one in own]
    return [one for one in found if one is not None]


async def besides(platform: Platform, code: str) -> tuple[str, list[dict[str, Any]]]:
    """The draw behind a code, and what of its committee was not drawn. Raises NotFoundError
    ``proof.unknown``."""
    canonical_code = read_code(code)
    async with platform.database.read() as uow:
        row = None if canonical_code is None else await uow.draws.by_code(canonical_code)
        if row is None or row.mode != platform.mode:
            raise NotFoundError("proof.unknown")
        return row.id, [await _told(uow, one) for one in await beside(uow, row)]


def way_of(row: DrawRow) -> str:
    """How the people of this row came to their seats: ``drawn``, ``self_selected`` or ``direct``."""
    if not row.appointed:
        return "drawn"
    return str((row.sdr or {})["way"])


async def seats_beside(uow: UnitOfWork, row: DrawRow) -> int:
    """How many seats of this draw's committee were filled without a draw; of an appointment, all of its
    own."""
    if row.appointed:
        return parameters_of(row).seats
    return sum(one.seats for one in await beside(uow, row))


async def _told(uow: UnitOfWork, one: AppointmentRow) -> dict[str, Any]:
    told = read_document(one.document)
    seats = await readable_to_public(uow, one.draw_id or "")
    return {
        "way": one.way,
        "reason": told["reason"]["code"],
        "seats": one.seats,
        "outside": one.outside,
        "approval": told["approval"]["sha256"],
        "document": one.digest,
        "log_index": one.log_index,
        "approved_at": one.decided_at,
        "names": None
        if seats is None
        else [{"stratum": seat.stratum, "site": seat.site, "name": seat.name} for seat in seats],
    }
