"""What a seat's own browser found at its devices, kept like the reports of the site's staff (R22)."""

from collections.abc import Mapping
from typing import Final, Literal

from app.store.repositories.venues import Report
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.seat_sessions import SeatSession

Part = Literal["pc", "network", "microphone", "speaker", "camera"]
NOTE: Final = "席位自检 · checked at the seat"


async def report_equipment(
    uow: UnitOfWork, session: SeatSession, found: Mapping[Part, str], *, now: str
) -> None:
    """One report for each part; a seat with a faulty part is not booked again before somebody has looked."""
    for part, condition in sorted(found.items()):
        await uow.venues.report(
            Report(
                site_id=session.site,
                seat_id=session.seat,
                part=part,
                condition=condition,
                note=NOTE,
                reported_by=f"seat:{session.seat}"[:64],
                reported_at=now,
            )
        )
