"""Who is expected at one site today, by time and short code; and who is inside against who sits (R16, R22).

Never a name, never another site's people, never which project somebody comes for.
"""

from collections import defaultdict
from dataclasses import dataclass

from app.store.repositories.campaigns import CampaignRow
from app.store.unit_of_work import UnitOfWork
from app.usecases.arrival.desk import day_of, short_code
from app.usecases.arrival.ledger import Act
from app.usecases.campaign_delays import standing_delay
from app.usecases.invitations import arrivals
from draw import invitation as states
from remote_eval import arrival as way
from remote_eval.arrival import Mismatch, reconcile


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """Somebody expected: short code, state of the arrival, and its id once there is one."""

    code: str
    state: str
    arrival: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Everybody who has to be there by one time, for one begin; `put_off`: why that is later than it was."""

    arrive_by: str
    begins: str
    put_off: str | None
    expected: tuple[Awaited, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Numbers behind the gates and at the seats, and where the two disagree; `codes` by arrival id."""

    inside: int
    seated: int
    mismatches: tuple[Mismatch, ...]
    codes: dict[str, str]


async def expected(uow: UnitOfWork, site: str, *, now: str) -> list[Slot]:
    """The people of one site for the Beijing day of `now`, by time, within a time by short code."""
    day = day_of(now)
    here = {one.letter: one for one in await uow.arrivals.at_site(site, day)}
    slots: dict[tuple[str, str, str | None], list[Awaited]] = defaultdict(list)
    for one in await arrivals.expected(uow, venue_site=site):
        campaign = await _campaign(uow, one.invitation)
        if day_of(one.begins) != day or campaign is None:
            continue
        made = await standing_delay(uow, campaign)
        came = here.get(one.invitation)
        slots[one.arrive_by, one.begins, None if made is None else made.reason].append(
            Awaited(
                code=short_code(uow.cipher, one.invitation),
                state=way.EXPECTED if came is None else came.state,
                arrival=None if came is None else came.id,
            )
        )
    return [
        Slot(
            arrive_by=at, begins=begins, put_off=why, expected=tuple(sorted(people, key=lambda one: one.code))
        )
        for (at, begins, why), people in sorted(slots.items(), key=lambda one: (one[0][:2], one[0][2] or ""))
    ]


async def reconciled(uow: UnitOfWork, site: str) -> Reconciled:
    """Gates against seats at this moment."""
    here = await uow.arrivals.present_at(site)
    inside = {one.id for one in here if one.state in way.WITHIN - {way.RECUSED}}
    seated = {one.arrival_id for one in await uow.seat_access.live_sessions(site)}
    return Reconciled(
        inside=len(inside),
        seated=len(seated),
        mismatches=tuple(reconcile(inside, seated)),
        codes={one.id: one.code for one in here},
    )


async def report(uow: UnitOfWork, act: Act) -> Reconciled:
    """The same, and somebody at a seat whom no gate let in is alarming: written down, once while it lasts."""
    found = await reconciled(uow, act.site)
    for one in found.mismatches:
        if one.kind == "not-inside":
            await act.alert(uow, "seat-without-gate", level="red", subject=one.arrival)
    return found


async def _campaign(uow: UnitOfWork, invitation: str) -> CampaignRow | None:
    """The campaign of an invitation, unless it was called off."""
    found = await uow.invitations.get(invitation)
    campaign = None if found is None else await uow.campaigns.get(found.campaign_id)
    return None if campaign is None or campaign.state == states.CANCELLED else campaign
