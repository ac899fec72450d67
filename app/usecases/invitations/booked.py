"""Whether anybody can sit where a campaign is about to send people (R72).

Asked when a campaign is approved, with every fault at once: each venue registered and booked, confirmed by
its centre, for all of the hours, with a seat for everybody. Only a plan that says that nothing is booked, and
why, goes without; the second person approves those words with it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from app.errors import Fault, InputRefusedError
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.campaign_seats import load_all
from app.usecases.invitations import plans
from app.usecases.invites import Holder
from app.usecases.rounds import rounds_of
from app.usecases.venues.places import Place, places
from draw import invitation
from remote_eval import booking as rules

_COMES: Final = invitation.OPEN | invitation.FILLING
_UNDECIDED: Final[Mapping[str, str]] = {
    rules.RETURNED: "campaign.venue-returned",
    rules.PENDING: "campaign.venue-unconfirmed",
}


async def require_booked(
    uow: UnitOfWork, row: DrawRow, plan: Mapping[str, Any], held: Sequence[Holder | None]
) -> None:
    """Raise InputRefusedError ``campaign.refused`` where these people have no place to sit, and where a plan
    that waives a booking has one."""
    booked = await places(uow, row.id)
    if plans.unbooked(plan) is not None:
        faults = list(_waiver_faults(booked))
    else:
        known = {one.id for one in await uow.venues.sites(mode=row.mode)}
        own = Counter(one.site for one in held if one is not None)
        needed = own + await _beside(uow, row)
        faults = [
            Fault(code=code, pointer=f"/plan/sites/{number}/venue", figures=figures)
            for number, one in enumerate(plan["sites"])
            if own[one["site"]]
            for code, figures in _place_faults(
                one["venue"], known, booked.get(one["site"]), needed[one["site"]]
            )
        ]
        faults += _time_faults(plan, booked.values())
    if faults:
        raise InputRefusedError("campaign.refused", faults)


async def _beside(uow: UnitOfWork, row: DrawRow) -> Counter[str]:
    """By place, whoever holds a seat of the same committee by another round, or is asked to."""
    others = [one for one in await rounds_of(uow, row.id) if one.id != row.id]
    found = await load_all(uow, others)
    running = [one for one in found if one.campaign.state in invitation.RUNNING]
    newest = [invited for one in running for invited in one.newest.values()]
    return Counter(one.invited.site for one in newest if one.pending is None and one.state in _COMES)


async def require_waivable(uow: UnitOfWork, draw_id: str, plan: Mapping[str, Any]) -> None:
    """Raise InputRefusedError ``campaign.refused`` when a plan waives the booking that its draw has."""
    faults = [] if plans.unbooked(plan) is None else list(_waiver_faults(await places(uow, draw_id)))
    if faults:
        raise InputRefusedError("campaign.refused", faults)


def _waiver_faults(booked: Mapping[str, Place]) -> Iterator[Fault]:
    """Whoever has seats does not say that there are none: the booking is what is checked."""
    if booked:
        yield Fault(code="campaign.unbooked-booked", pointer="/plan/unbooked")


def _place_faults(
    venue: str, known: Iterable[str], place: Place | None, needed: int
) -> Iterator[tuple[str, dict[str, object]]]:
    """Codes and figures."""
    if venue not in known:
        yield "campaign.venue-unknown", {}
    elif place is None or place.site_id != venue:
        yield "campaign.venue-unbooked", {}
    else:
        if place.state in _UNDECIDED:
            yield _UNDECIDED[place.state], {}
        if place.state != rules.RETURNED and len(place.seats) < needed:
            yield "campaign.venue-seats", {"needed": needed, "booked": len(place.seats)}


def _time_faults(plan: Mapping[str, Any], booked: Iterable[Place]) -> Iterator[Fault]:
    if any(one.since > plan["begins"] or one.until < plans.ends(plan) for one in booked):
        yield Fault(code="campaign.venue-hours", pointer="/plan/begins")
