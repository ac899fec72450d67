"""How ready the sites of a room are before the start, and what would refuse it at present (R20, R24, R75).

Counts of booked seats, link, recording and clock of each site. Nobody is named, and a site's staff learn of
no arrival: what tells of single people is told without them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.store.repositories.rooms import RoomRow
from app.store.repositories.venues import Layout
from app.store.unit_of_work import UnitOfWork
from app.times import to_text
from app.usecases.principals import SITE, Principal
from app.usecases.room.keeping import read
from app.usecases.room.starting import delayed
from app.usecases.rounds import booking_of
from app.usecases.venues.sites import not_ready, out_of_order
from remote_eval import room_state as rs
from remote_eval.room_phases import readiness
from remote_eval.room_state import RoomState, Site

BEFORE_START: Final = frozenset({rs.PREPARING, rs.CHECK_IN})
# Members of a reason that single out a person or a person's track.
_PERSONAL: Final = frozenset({"member", "track"})
_ARRIVALS: Final = frozenset({"have", "need"})
Reason = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatCounts:
    """Booked seats of a site; each is in exactly one of ready, faulty and unchecked."""

    booked: int = 0
    ready: int = 0
    faulty: int = 0
    unchecked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReadiness:
    """One site as its room knows it, with its seats; `unrecorded` room cameras are off by approval (R26)."""

    site: Site
    seats: SeatCounts
    unrecorded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReadiness:
    """All sites of a room; `reasons` is empty once the evaluation has begun."""

    phase: str
    sites: Sequence[SiteReadiness]
    holds: Sequence[str]
    reasons: Sequence[Reason]


async def start_readiness(
    uow: UnitOfWork, principal: Principal, row: RoomRow, *, now: datetime
) -> StartReadiness:
    """What stands between a room and its start, for this caller."""
    state = (await read(uow, row.id)).state
    booked = await _booked(uow, row.draw_id)
    layouts = await uow.venues.layouts(sorted(state.sites))
    before = state.phase in BEFORE_START
    late = await delayed(uow, row.draw_id, state, now=to_text(now))
    return StartReadiness(
        phase=state.phase,
        sites=[
            SiteReadiness(
                site=one,
                seats=counts(layouts[one.id], booked.get(one.id, ()), now=now),
                unrecorded=sum(state.withheld(each.id) is not None for each in _at(state, one)),
            )
            for one in state.sites.values()
        ],
        holds=[one.kind for one in state.urgent_holds] if before else [],
        reasons=impersonal(state, [*readiness(state), *late], at_a_site=principal.role == SITE)
        if before
        else [],
    )


def _at(state: RoomState, site: Site) -> list[rs.Member]:
    return [one for one in state.members.values() if one.site == site.id]


def counts(layout: Layout, booked: Iterable[str], *, now: datetime) -> SeatCounts:
    """Booked seats by state; one that the site no longer has is out of order."""
    found = {"ready": 0, "faulty": 0, "unchecked": 0}
    for seat_id in booked:
        seat = layout.seats.get(seat_id)
        if seat is None or out_of_order(seat):
            found["faulty"] += 1
        else:
            found["unchecked" if not_ready(seat, now=now) else "ready"] += 1
    return SeatCounts(booked=sum(found.values()), **found)


def impersonal(state: RoomState, reasons: Iterable[Mapping[str, Any]], *, at_a_site: bool) -> list[Reason]:
    """Reasons without people, each once. A room camera's picture is told by its site."""
    told: list[Reason] = []
    for reason in reasons:
        hidden = _PERSONAL | (_ARRIVALS if at_a_site else frozenset())
        one = {name: value for name, value in reason.items() if name not in hidden}
        site = _filmed(state, reason.get("track"))
        if site is not None:
            one["site"] = site
        if one not in told:
            told.append(one)
    return told


def _filmed(state: RoomState, track: str | None) -> str | None:
    member = None if track is None else state.members.get(track.partition("/")[0])
    return member.site if member is not None and member.role == rs.ROOM_CAMERA else None


async def _booked(uow: UnitOfWork, draw_id: str) -> dict[str, Sequence[str]]:
    booking = await booking_of(uow, draw_id)
    if booking is None:
        return {}
    return {one.site_id: one.seats for one in (await uow.bookings.centres([booking]))[booking.id]}
