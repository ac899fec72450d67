"""Sites, readiness and bookings as the API shows them: what a role may not see is not in there."""

from datetime import datetime
from typing import Any

from app.store.repositories.bookings import CentrePart
from app.store.repositories.venues import Check, Room, Seat, Zone
from app.times import from_text
from app.usecases.principals import AGENCY, AT_A_SITE, Principal
from app.usecases.venues.bookings import Booked
from app.usecases.venues.places import Coming, Readiness
from app.usecases.venues.sites import SiteView, check_of, not_ready, out_of_order
from crypto.canonical import JsonValue
from remote_eval.venue import CHECK_COUNTS, ENTRY, EQUIPMENT, HOST, REMOTE, SEATED_ZONES


def venue_json(seen: SiteView, *, now: datetime) -> dict[str, Any]:
    """A site with counts."""
    site, layout = seen.site, seen.layout
    seats = [one for one in layout.seats.values() if layout.zone_of(one).kind in SEATED_ZONES]
    return {
        "id": site.id,
        "name": site.name,
        "address": site.address,
        "contact": site.contact,
        "serves": [part for part, does in ((HOST, site.hosts), (REMOTE, site.assists)) if does],
        "version": site.version,
        "seats": len(seats),
        "ready": sum(not not_ready(one, now=now) for one in seats),
        "faulty": sum(bool(out_of_order(one)) for one in seats),
    }


def venue_detail(seen: SiteView, *, now: datetime, seats: bool) -> dict[str, Any]:
    """A site with its zones; without `seats` no room shows any."""
    zones = [_zone_json(seen, one, now, seats=seats) for one in seen.layout.zones.values()]
    return venue_json(seen, now=now) | {"zones": zones}


def seat_json(seat: Seat, *, now: datetime) -> dict[str, JsonValue]:
    """A seat with its equipment."""
    equipment: dict[str, JsonValue] = {}
    for part in EQUIPMENT:
        equipment[part] = _check_json(check_of(seat, part), now)
    unready: list[JsonValue] = list(not_ready(seat, now=now))
    return {"id": seat.id, "label": seat.label, "equipment": equipment, "unready": unready}


def _check_json(one: Check, now: datetime) -> dict[str, JsonValue]:
    own: JsonValue = None
    if one.own_condition is not None and one.own_at is not None:
        own = {
            "condition": one.own_condition,
            "at": one.own_at,
            "fresh": now - from_text(one.own_at) <= CHECK_COUNTS,
            "stands": one.own_fault,
            "figures": None if one.own_figures is None else dict(one.own_figures),
        }
    return {"condition": one.condition, "checked_at": one.checked_at, "source": one.source, "own": own}


def readiness_json(one: Readiness, *, counts_only: bool) -> dict[str, Any]:
    """A site's readiness; `counts_only` leaves out which seats and which bookings."""
    shown = {"site": one.site_id, "name": one.name, "seats": one.seats, "ready": one.ready}
    if counts_only:
        return shown | {"faulty": {}, "coming": []}
    return shown | {"faulty": one.faulty, "coming": [_coming_json(each) for each in one.coming]}


def booking_json(booked: Booked, principal: Principal, names: dict[str, str]) -> dict[str, JsonValue]:
    """A booking for this caller; `names` are those of the sites."""
    at_site = principal.role in AT_A_SITE
    booking = booked.booking
    parts = [one for one in booked.centres if not at_site or one.site_id == principal.site_id]
    return {
        "id": booking.id,
        "draw": None if at_site else booking.draw_id,
        "state": booking.state,
        "revision": booking.revision,
        "from": booking.since,
        "to": booking.until,
        "experts": None if at_site else booking.experts,
        "mixed": booking.mixed,
        "updated_at": booking.updated_at,
        "centres": [_centre_json(one, principal, names) for one in parts],
    }


def _centre_json(part: CentrePart, principal: Principal, names: dict[str, str]) -> JsonValue:
    seats: list[JsonValue] = list(part.seats)
    return {
        "site": part.site_id,
        "name": names.get(part.site_id, part.site_id),
        "place": None if principal.role in AT_A_SITE else part.place,
        "main": part.main,
        "experts": part.experts,
        "seats": None if principal.role == AGENCY else seats,
        "state": part.state,
        "decided_at": part.decided_at,
        "reason": part.reason,
    }


def _zone_json(seen: SiteView, zone: Zone, now: datetime, *, seats: bool) -> dict[str, Any]:
    rooms = [one for one in seen.layout.rooms.values() if one.zone_id == zone.id]
    return {
        "id": zone.id,
        "kind": zone.kind,
        "name": zone.name,
        "may_enter": {phase: sorted(roles) for phase, roles in ENTRY[zone.kind].items()},
        "rooms": [_room_json(seen, one, now, seats=seats) for one in rooms],
    }


def _room_json(seen: SiteView, room: Room, now: datetime, *, seats: bool) -> dict[str, Any]:
    inside = [one for one in seen.layout.seats.values() if seats and one.room_id == room.id]
    return {
        "id": room.id,
        "name": room.name,
        "use": room.use,
        "cameras": list(room.cameras),
        "seats": [seat_json(one, now=now) for one in inside],
    }


def _coming_json(one: Coming) -> dict[str, Any]:
    return {
        "booking": one.booking.id,
        "from": one.booking.since,
        "to": one.booking.until,
        "state": one.part.state,
        "seats": len(one.part.seats),
        "unready": one.unready,
    }
