"""Whether the booking of a draw bears what a campaign is about to promise (R72).

Asked when a campaign is approved, with every fault at once. A draw that has no booking yet may be booked
while its people are asked. A centre that has not answered yet is no fault either: the desk waits for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.errors import Fault, InputRefusedError
from app.store.unit_of_work import UnitOfWork
from app.usecases.invitations import plans
from app.usecases.invites import Holder
from app.usecases.venues.places import Place, places
from remote_eval import booking as rules


async def require_booked(
    uow: UnitOfWork, draw_id: str, plan: Mapping[str, Any], held: Sequence[Holder | None]
) -> None:
    """Raise InputRefusedError ``campaign.refused`` where a booking holds by which these people cannot sit."""
    booked = await places(uow, draw_id)
    if not booked:
        return
    needed = Counter(one.site for one in held if one is not None)
    faults = [
        fault
        for number, one in enumerate(plan["sites"])
        for fault in _place_faults(one, booked.get(one["site"]), needed[one["site"]], number)
    ]
    faults += _time_faults(plan, booked.values())
    if faults:
        raise InputRefusedError("campaign.refused", faults)


def _place_faults(one: Mapping[str, str], place: Place | None, needed: int, number: int) -> Iterator[Fault]:
    at = f"/plan/sites/{number}/venue"
    if place is None or place.site_id != one["venue"]:
        yield Fault(code="campaign.venue-unbooked", pointer=at)
    elif place.state == rules.RETURNED:
        yield Fault(code="campaign.venue-returned", pointer=at)
    elif len(place.seats) < needed:
        figures: dict[str, object] = {"needed": needed, "booked": len(place.seats)}
        yield Fault(code="campaign.venue-seats", pointer=at, figures=figures)


def _time_faults(plan: Mapping[str, Any], booked: Iterable[Place]) -> Iterator[Fault]:
    if any(one.since > plan["begins"] or one.until < plans.ends(plan) for one in booked):
        yield Fault(code="campaign.venue-hours", pointer="/plan/begins")
