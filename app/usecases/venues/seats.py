"""Which seats there are at a time, over several centres: facts for the booking rules, and a search.

A seat is free when nobody holds it in any slot, its equipment is not faulty, and its room is not in
use by a project with which it is not shared. The database has the last word when it is taken.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.store.repositories.bookings import MIXED, SeatHold
from app.store.repositories.venues import Layout, Room, Seat
from app.store.unit_of_work import UnitOfWork
from app.usecases.venues.sites import out_of_order
from remote_eval.booking import Order, SeatFacts, SiteFacts
from remote_eval.venue import HOST, REMOTE, SEATED_ZONES, shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """Sites at a time: their layouts, the seats held there, and who has which room."""

    layouts: Mapping[str, Layout]
    held: Mapping[str, Collection[str]]
    regimes: Mapping[tuple[str, str], Collection[str]]
    serves: Mapping[str, frozenset[str]]

    def facts(self, *, mixed: bool) -> dict[str, SiteFacts]:
        """What the booking rules ask; `mixed`: the project agrees to share rooms."""
        return {
            site: SiteFacts(
                serves=self.serves[site],
                seats={one.id: self._facts(site, one, mixed=mixed) for one in layout.seats.values()},
            )
            for site, layout in self.layouts.items()
        }

    def free(self, site: str, *, mixed: bool) -> list[Seat]:
        """The free seats of a site, room by room, by id."""
        known = self.facts(mixed=mixed)[site].seats
        layout = self.layouts[site]
        good = (seat for seat in layout.seats.values() if _usable(known[seat.id]))
        return sorted(good, key=lambda seat: (seat.room_id, seat.id))

    def _facts(self, site: str, seat: Seat, *, mixed: bool) -> SeatFacts:
        layout = self.layouts[site]
        room = layout.rooms[seat.room_id]
        return SeatFacts(
            seated_zone=layout.zone_of(seat).kind in SEATED_ZONES,
            faulty=out_of_order(seat),
            taken=seat.id in self.held.get(site, ()),
            room_taken=self._room_taken(room, mixed=mixed),
        )

    def _room_taken(self, room: Room, *, mixed: bool) -> bool:
        others = set(self.regimes.get((room.site_id, room.id), ()))
        return bool(others - {MIXED} if shared(room.use, agreed=mixed) else others)


async def occupancy(
    uow: UnitOfWork, site_ids: Iterable[str], slots: range, *, mode: str, besides: str = ""
) -> Occupancy:
    """How bookings but `besides` take those sites over these slots; sites that do not exist are left out."""
    asked = set(site_ids)
    sites = {one.id: one for one in await uow.venues.sites(mode=mode) if one.id in asked}
    held: dict[str, set[str]] = defaultdict(set)
    regimes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in await uow.bookings.held(sorted(sites), slots, besides=besides):
        held[one.site_id].add(one.seat_id)
        regimes[one.site_id, one.room_id].add(one.regime)
    return Occupancy(
        layouts=await uow.venues.layouts(sorted(sites)),
        held=held,
        regimes=regimes,
        serves={one: _serves(hosts=site.hosts, assists=site.assists) for one, site in sites.items()},
    )


def pick(
    free: Sequence[Seat], count: int, *, wanted: Collection[str] = (), near: Collection[str] = ()
) -> list[str] | None:
    """`count` of the free seats: those wanted first, then seats of the rooms `near`, then room by room.

    None when there are not enough.
    """

    def order(seat: Seat) -> tuple[bool, bool, str, str]:
        return seat.id not in wanted, seat.room_id not in near, seat.room_id, seat.id

    chosen = sorted(free, key=order)[:count]
    return None if len(chosen) < count else [seat.id for seat in chosen]


def holds(order: Order, layouts: Mapping[str, Layout]) -> list[SeatHold]:
    """The seats of an order that is in order, as the store holds them."""
    return [
        hold(layouts[centre.site], seat, mixed=order.mixed)
        for centre in order.centres
        for seat in centre.seats
    ]


def hold(layout: Layout, seat_id: str, *, mixed: bool) -> SeatHold:
    """One seat as the store holds it."""
    seat = layout.seats[seat_id]
    room = layout.rooms[seat.room_id]
    return SeatHold(
        site_id=seat.site_id,
        room_id=room.id,
        seat_id=seat.id,
        shared=shared(room.use, agreed=mixed),
    )


def _usable(facts: SeatFacts) -> bool:
    return facts.seated_zone and not (facts.faulty or facts.taken or facts.room_taken)


def _serves(*, hosts: bool, assists: bool) -> frozenset[str]:
    return frozenset(([HOST] if hosts else []) + ([REMOTE] if assists else []))
