"""Bring sites in, look at them, and report how the equipment of a seat fares (R21, R75).

An import is all or nothing and tells every fault at once. Whoever is bound to a site knows of no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from app.errors import Fault, InputRefusedError, NotFoundError
from app.store.repositories.venues import Check, Layout, Report, Seat, Site
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.operations import Actor, note
from app.usecases.principals import AT_A_SITE, Principal, require_site
from app.usecases.venues.findings import Finding, keep
from app.usecases.venues.plans import plan_faults, sites_of
from app.usecases.venues.texts import fault
from remote_eval.seat_check import STAFF, STATEMENT
from remote_eval.slots import SLOT_SECONDS
from remote_eval.venue import EQUIPMENT, Part, faulty, unready

MAX_REPORTS: Final = 200
# The whole seat in one report.
ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """A site with its layout."""

    site: Site
    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReport:
    """What staff report of one part of one seat, or with ``all`` of the whole seat: that it is good."""

    seat: str
    part: str
    condition: str
    note: str


async def import_sites(uow: UnitOfWork, value: Any, *, mode: str, actor: Actor, now: datetime) -> list[Site]:
    """Store every site of a plan, or none. A site that is there already becomes what the plan says.

    Raises InputRefusedError ``site.refused`` with every fault.
    """
    faults = plan_faults(value)
    if faults:
        raise InputRefusedError("site.refused", faults)
    planned = sites_of(value, mode=mode, now=to_text(now))
    faults = [one for at, plan in enumerate(planned) for one in await _clashes(uow, value, at, plan, now)]
    if faults:
        raise InputRefusedError("site.refused", faults)
    stored = [await _store(uow, site, layout) for site, layout in planned]
    for site in stored:
        await note(uow, actor, "site.import", site.id, now=to_text(now))
    return stored


async def views(uow: UnitOfWork, principal: Principal) -> list[SiteView]:
    """Every site that this caller may know of, by id."""
    sites = [
        one
        for one in await uow.venues.sites(mode=principal.mode)
        if principal.role not in AT_A_SITE or one.id == principal.site_id
    ]
    layouts = await uow.venues.layouts([one.id for one in sites])
    return [SiteView(site=one, layout=layouts[one.id]) for one in sites]


async def view(uow: UnitOfWork, principal: Principal, site_id: str) -> SiteView:
    """One site. Raises NotFoundError ``site.unknown``, for another one's site as for none."""
    require_site(principal, site_id)
    site = await uow.venues.site(site_id)
    if site is None or site.mode != principal.mode:
        raise NotFoundError("site.unknown")
    return SiteView(site=site, layout=(await uow.venues.layouts([site_id]))[site_id])


async def report_seat(
    uow: UnitOfWork, principal: Principal, site_id: str, found: SeatReport, *, actor: Actor, now: str
) -> Seat:
    """Keep a fault, a repair or a check of one part; the seat as it is then.

    A statement over all parts does not cover what the seat's own check found faulty: that part is looked at
    by hand, and said to be mended. Raises NotFoundError ``site.unknown`` or ``seat.unknown``.
    """
    seen = await view(uow, principal, site_id)
    if found.seat not in seen.layout.seats:
        raise NotFoundError("seat.unknown")
    for part in EQUIPMENT if found.part == ALL else (found.part,):
        finding = Finding(
            site=site_id,
            seat=found.seat,
            part=part,
            condition=found.condition,
            source=STATEMENT if found.part == ALL else STAFF,
            note=found.note,
            by=principal.person,
        )
        await keep(uow, finding, now=now)
    await note(uow, actor, "seat.report", f"{site_id}/{found.seat}", now=now)
    return (await uow.venues.layouts([site_id]))[site_id].seats[found.seat]


async def reports(uow: UnitOfWork, principal: Principal, site_id: str) -> list[Report]:
    """The newest reports of a site. Raises NotFoundError ``site.unknown``."""
    await view(uow, principal, site_id)
    return await uow.venues.reports(site_id, limit=MAX_REPORTS)


def parts_of(seat: Seat) -> tuple[Part, ...]:
    """A seat's equipment for the rules."""
    return tuple(
        Part(
            name=name,
            condition=one.condition,
            checked_at=None if one.checked_at is None else from_text(one.checked_at),
        )
        for name, one in sorted(seat.equipment.items())
    )


def out_of_order(seat: Seat) -> tuple[str, ...]:
    """The seat's faulty parts."""
    return faulty(parts_of(seat))


def not_ready(seat: Seat, *, now: datetime) -> tuple[str, ...]:
    """The parts that keep a seat from being used at `now`: faulty, never checked or not lately."""
    return unready(parts_of(seat), now=now)


def check_of(seat: Seat, part: str) -> Check:
    """What is known of one part."""
    return seat.equipment.get(part, Check())


async def _store(uow: UnitOfWork, site: Site, layout: Layout) -> Site:
    before = await uow.venues.site(site.id)
    stored = site if before is None else replace(site, version=before.version + 1)
    await uow.venues.store(stored, layout)
    return stored


async def _clashes(
    uow: UnitOfWork, value: Mapping[str, Any], at: int, planned: tuple[Site, Layout], now: datetime
) -> Sequence[Fault]:
    """What stands against one site of a plan in what is stored: another mode, other sites, bookings."""
    site, layout = planned
    found = []
    before = await uow.venues.site(site.id)
    if before is not None and before.mode != site.mode:
        found.append(fault("site.mode", f"/sites/{at}/id"))
    homes = await uow.venues.homes_of_seats(layout.seats)
    for seat, pointer in _seat_pointers(value["sites"][at], at):
        if homes.get(seat, site.id) != site.id:
            found.append(fault("site.seat-elsewhere", pointer))
    held = await uow.bookings.held_from(site.id, int(now.timestamp()) // SLOT_SECONDS)
    for seat, room in sorted(held.items()):
        if seat not in layout.seats or layout.seats[seat].room_id != room:
            found.append(fault("site.seat-booked", f"/sites/{at}", seat=seat))
    return found


def _seat_pointers(site: Mapping[str, Any], at: int) -> list[tuple[str, str]]:
    return [
        (seat["id"], f"/sites/{at}/zones/{z}/rooms/{r}/seats/{s}/id")
        for z, zone in enumerate(site["zones"])
        for r, room in enumerate(zone["rooms"])
        for s, seat in enumerate(room["seats"])
    ]
