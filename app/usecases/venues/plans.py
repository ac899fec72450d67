"""Site plans: a TOML or JSON file with whole sites, checked whole before anything is stored.

A plan says what a site is: its zones by kind, rooms, seats, cameras. How equipment fares is reported later,
seat by seat (`app.usecases.venues.sites`).
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.errors import AppError, Fault
from app.store.repositories.venues import Layout, Room, Seat, Site, Zone
from app.usecases.faults import together
from app.usecases.venues.texts import fault
from crypto.canonical import parse
from crypto.errors import CanonicalError
from draw.model import ID, TEXT
from draw.schema import Faults, ListOf, ObjectOf, one_of
from remote_eval.venue import HOST, PARTS_OF_A_SITE, REMOTE, ROOM_USES, SEATED_ZONES, ZONES

MAX_PLAN_BYTES: Final = 1024 * 1024
MAX_SITES: Final = 64
MAX_ZONES: Final = 32
MAX_ROOMS: Final = 64
MAX_SEATS: Final = 99
MAX_CAMERAS: Final = 32
# Zones without which a site cannot take a committee in.
NEEDED_ZONES: Final = ("evaluation", "check-in", "storage")

_SEAT: Final = ObjectOf({"id": ID, "label": TEXT})
_ROOM: Final = ObjectOf(
    {
        "id": ID,
        "name": TEXT,
        "use": one_of(*ROOM_USES),
        "cameras": ListOf(TEXT, MAX_CAMERAS, unique=True),
        "seats": ListOf(_SEAT, MAX_SEATS),
    }
)
_ZONE: Final = ObjectOf({"id": ID, "kind": one_of(*ZONES), "name": TEXT, "rooms": ListOf(_ROOM, MAX_ROOMS)})
_SITE: Final = ObjectOf(
    {
        "id": ID,
        "name": TEXT,
        "address": TEXT,
        "contact": TEXT,
        "serves": ListOf(one_of(*PARTS_OF_A_SITE), len(PARTS_OF_A_SITE), low=1, unique=True),
        "zones": ListOf(_ZONE, MAX_ZONES, low=1),
    }
)
PLAN_SHAPE: Final = ObjectOf({"sites": ListOf(_SITE, MAX_SITES, low=1)})


def read_plan(data: bytes, *, toml: bool) -> Any:
    """The value of a plan file. Raises AppError ``site.file-size`` or ``site.file-syntax``."""
    if len(data) > MAX_PLAN_BYTES:
        raise AppError("site.file-size", limit=MAX_PLAN_BYTES)
    try:
        return tomllib.loads(data.decode("utf-8")) if toml else parse(data, max_bytes=MAX_PLAN_BYTES)
    except (ValueError, RecursionError, CanonicalError) as error:
        raise AppError("site.file-syntax") from error


def plan_faults(value: object) -> list[Fault]:
    """Everything wrong with a plan by itself, as JSON pointers without values."""
    faults = Faults()
    PLAN_SHAPE.check(value, "", faults)
    shape = [Fault(code=f"schema.{one.code}", pointer=one.pointer) for one in faults.found]
    return together(shape, _meaning(value))


def sites_of(value: Mapping[str, Any], *, mode: str, now: str) -> list[tuple[Site, Layout]]:
    """The sites of a plan without faults."""
    return [(_site(one, mode, now), _layout(one)) for one in value["sites"]]


def _meaning(value: object) -> Iterator[Fault]:
    """What the shapes cannot say; malformed parts are passed over, the shapes speak of them."""
    sites = list(_members(value, "sites", ""))
    yield from _twice([(one, at) for one, at in sites])
    seats = []
    for site, at in sites:
        zones = list(_members(site, "zones", at))
        rooms = [(room, zone, there) for zone, here in zones for room, there in _members(zone, "rooms", here)]
        yield from _twice(zones)
        yield from _twice([(room, there) for room, _, there in rooms])
        yield from _zone_faults(zones, at)
        for room, zone, there in rooms:
            inside = list(_members(room, "seats", there))
            seats += inside
            yield from _room_faults(room, zone, inside, there)
    yield from _twice(seats)


def _zone_faults(zones: Sequence[tuple[dict[str, Any], str]], at: str) -> Iterator[Fault]:
    kinds = {zone.get("kind") for zone, _ in zones if isinstance(zone.get("kind"), str)}
    for kind in NEEDED_ZONES:
        if zones and kind not in kinds:
            yield fault("site.zone-missing", f"{at}/zones", kind=" ".join(ZONES[kind]))
    for zone, here in zones:
        rooms = list(_members(zone, "rooms", here))
        if zone.get("kind") == "evaluation" and not any(room.get("seats") for room, _ in rooms):
            yield fault("site.no-seats", f"{here}/rooms")


def _room_faults(
    room: Mapping[str, Any], zone: Mapping[str, Any], seats: Sequence[object], at: str
) -> Iterator[Fault]:
    if seats and zone.get("kind") in ZONES and zone["kind"] not in SEATED_ZONES:
        yield fault("site.seat-zone", f"{at}/seats")
    if seats and room.get("cameras") == []:
        yield fault("site.room-cameras", f"{at}/cameras")


def _twice(members: Sequence[tuple[dict[str, Any], str]]) -> Iterator[Fault]:
    named = [(one["id"], at) for one, at in members if isinstance(one.get("id"), str)]
    counts = Counter(name for name, _ in named)
    for name, at in named:
        if counts[name] > 1:
            yield fault("site.duplicate", f"{at}/id")


def _members(value: object, name: str, at: str) -> Iterator[tuple[dict[str, Any], str]]:
    listed = value.get(name) if isinstance(value, dict) else None
    if isinstance(listed, list) and len(listed) <= MAX_SEATS:
        for index, one in enumerate(listed):
            if isinstance(one, dict):
                yield one, f"{at}/{name}/{index}"


def _site(value: Mapping[str, Any], mode: str, now: str) -> Site:
    return Site(
        id=value["id"],
        mode=mode,
        name=value["name"],
        address=value["address"],
        contact=value["contact"],
        hosts=HOST in value["serves"],
        assists=REMOTE in value["serves"],
        version=1,
        updated_at=now,
    )


def _layout(site: Mapping[str, Any]) -> Layout:
    at = site["id"]
    zones = {
        zone["id"]: Zone(site_id=at, id=zone["id"], kind=zone["kind"], name=zone["name"])
        for zone in site["zones"]
    }
    rooms = [(room, zone["id"]) for zone in site["zones"] for room in zone["rooms"]]
    return Layout(
        zones=zones,
        rooms={
            room["id"]: Room(
                site_id=at,
                id=room["id"],
                zone_id=zone,
                name=room["name"],
                use=room["use"],
                cameras=room["cameras"],
            )
            for room, zone in rooms
        },
        seats={
            seat["id"]: Seat(site_id=at, id=seat["id"], room_id=room["id"], label=seat["label"])
            for room, _ in rooms
            for seat in room["seats"]
        },
    )
