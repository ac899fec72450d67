"""Which rounds of a section fill one committee: a draw, and the top-ups 补抽 that count on whom it seated
(draw-proof §5, `committee.seated`).

Rounds that were given up fill nothing and are passed over. Who sits is not looked at here.

A committee has one booking, one set of seats and one room, whichever round brought somebody onto it; all of
these carry the id of its first round. A round that counts on nobody, a reform or a self-selection once nobody
sits any more, begins a committee of its own and has a booking and a room of its own.
"""

from collections.abc import Sequence

from app.store.repositories.bookings import Booking
from app.store.repositories.draws import DrawRow
from app.store.repositories.rooms import RoomRow
from app.store.unit_of_work import UnitOfWork
from draw.entry_bodies import LOGGED
from draw.lifecycle import ABORTED
from draw.model import DrawParameters


def parameters_of(row: DrawRow) -> DrawParameters:
    """The public parameters of a request."""
    return DrawParameters.from_json(row.request["parameters"])


def invites_here(row: DrawRow) -> bool:
    """Whether the invitations of this draw are entries of the log; those of an appointment always are."""
    return row.appointed or (row.sdr is not None and row.sdr["invitations"] == LOGGED)


def committees(rows: Sequence[DrawRow]) -> list[list[DrawRow]]:
    """The rounds of a section, ascending, by the committee that they fill; appointments among them."""
    found: list[list[DrawRow]] = []
    for row in rows:
        if row.state == ABORTED:
            continue
        if found and parameters_of(row).committee.seated:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def committee_of(rows: Sequence[DrawRow], draw_id: str) -> list[DrawRow]:
    """The rounds that fill the committee of this draw; none for one that was given up."""
    return next((one for one in committees(rows) if any(row.id == draw_id for row in one)), [])


async def rounds_of(uow: UnitOfWork, draw_id: str) -> list[DrawRow]:
    """The rounds that fill the committee of this draw, the first one first; a draw that was given up stands
    for itself. Empty for an unknown draw."""
    row = await uow.draws.get(draw_id)
    if row is None:
        return []
    rows = await uow.draws.of_section(row.project_id, row.section)
    return committee_of(rows, draw_id) or [row]


async def base_of(uow: UnitOfWork, draw_id: str) -> str:
    """The first round of the committee of this draw: booking and room are kept under its id."""
    rounds = await rounds_of(uow, draw_id)
    return rounds[0].id if rounds else draw_id


async def booking_of(uow: UnitOfWork, draw_id: str) -> Booking | None:
    """The booking of the committee of this draw, whatever has become of it."""
    return await uow.bookings.of_draw(await base_of(uow, draw_id))


async def rooms_of(uow: UnitOfWork, draw_id: str) -> list[RoomRow]:
    """Every room that was opened for the committee of this draw, the oldest first."""
    return await uow.rooms.of_draw(await base_of(uow, draw_id))


def counted_on(rows: Sequence[DrawRow], row: DrawRow) -> list[DrawRow]:
    """The rounds whose seated experts the top-up `row` counts; none when it is no top-up."""
    if not parameters_of(row).committee.seated:
        return []
    before = committees([one for one in rows if (one.k or 0) < (row.k or 0)])
    return before[-1] if before else []
