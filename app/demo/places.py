"""The two centres of the demonstration: rooms and seats, gates and lockers, and the booking for one draw.

Centres are made for the sites of the request, whatever it calls them; the first one hosts.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.demo.callers import Callers
from app.demo.outside import Outside
from app.private_files import write_private
from app.store.repositories.draws import DrawRow
from crypto.signing import SigningKey

OPERATOR: Final = "demo-operator"
SUPERVISOR: Final = "demo-supervisor"
SEED_BYTES: Final = 32
# What every centre has, and which of it takes commands.
KINDS: Final = {"gate": True, "locker": True, "detector": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A centre for one site of the request. `desk` is who works there."""

    site: str
    venue: str
    desk: str
    area: str
    address: str
    seats: Sequence[str]

    def plan(self) -> dict[str, str]:
        """What a campaign says of it."""
        return {"site": self.site, "venue": self.venue, "area": self.area, "address": self.address}


@dataclass(frozen=True, slots=True, kw_only=True)
class Centres:
    """All of them, with the ids of their gates by venue."""

    places: Sequence[Place]
    gates: Mapping[str, str] = field(default_factory=dict)

    def at(self, address: str) -> Place:
        """The centre at an address."""
        return next(one for one in self.places if one.address == address)


def places_of(parameters: Mapping[str, Any]) -> list[Place]:
    """A centre for every site of a draw's parameters, with as many seats as may be needed there."""
    return [
        Place(
            site=one["id"],
            venue=f"ste_{one['id']}",
            desk=f"demo-desk-{one['id']}",
            area=f"演示市第 {number} 片区",
            address=f"演示市评标路 {number} 号",
            seats=[f"ste_{one['id']}-e1-{seat:02}" for seat in range(1, one["max"] + 1)],
        )
        for number, one in enumerate(parameters["sites"], 1)
    ]


async def build(api: Callers, places: Sequence[Place], outside: Outside, *, key: str, out: Path) -> Centres:
    """Import the centres, make their devices known, and switch the devices on. `key`: the platform's, hex."""
    plan = {"sites": [_site(one, main=one is places[0]) for one in places]}
    await api.post(OPERATOR, "/venues", plan)
    listed: list[dict[str, str]] = []
    gates: dict[str, str] = {}
    for place in places:
        for kind in KINDS:
            made = await _install(api, place, kind, address=outside.devices, gate=gates.get(place.venue))
            listed.append(made)
            if kind == "gate":
                gates[place.venue] = made["id"]
    house = {"platform": api.address, "platform_key": key, "devices": listed}
    file = out / "devices" / "devices.json"
    write_private(file, json.dumps(house, indent=2).encode("utf-8"))
    outside.switch_on(file)
    return Centres(places=places, gates=gates)


async def book(api: Callers, row: DrawRow, centres: Centres, *, until: str) -> str:
    """Book every seat of the centres, by the operator, and have each centre confirm; the booking's id.

    Nobody knows yet how many come to which centre: there is a seat for the most who may.
    """
    order = {
        "draw": row.id,
        "from": row.evaluation_from,
        "to": until,
        "experts": sum(len(one.seats) for one in centres.places),
        "mixed": False,
        "centres": [_centre(one, main=one is centres.places[0]) for one in centres.places],
    }
    booked = await api.post(OPERATOR, "/bookings", order)
    for one in centres.places:
        await api.post(one.desk, f"/bookings/{booked['id']}:confirm", {"revision": booked["revision"]})
    return str(booked["id"])


def _centre(place: Place, *, main: bool) -> dict[str, Any]:
    seats = list(place.seats)
    return {
        "site": place.venue,
        "place": place.site,
        "main": main,
        "experts": len(seats),
        "seats": seats,
    }


async def _install(
    api: Callers, place: Place, kind: str, *, address: str, gate: str | None
) -> dict[str, str]:
    seed, name = os.urandom(SEED_BYTES), f"{kind}-{place.venue}"
    asked = {
        "site": place.venue,
        "kind": kind,
        "name": "A" if kind == "locker" else name,
        "public": SigningKey.from_seed(seed).public.hex(),
        "url": f"{address}/{name}" if KINDS[kind] else None,
        "gate": gate if kind == "detector" else None,
    }
    made = await api.post(OPERATOR, "/devices", asked)
    return {"id": str(made["device"]), "kind": kind, "name": name, "seed": seed.hex()}


def _site(place: Place, *, main: bool) -> dict[str, Any]:
    seats = [{"id": one, "label": f"{number} 号席"} for number, one in enumerate(place.seats, 1)]
    rooms = {
        "evaluation": _room("e1", "评标室 1", seats, cameras=["north", "south"]),
        "check-in": _room("hall", "签到大厅", []),
        "storage": _room("lockers", "物品存放处", []),
    }
    zones = [{"id": kind, "kind": kind, "name": kind, "rooms": [room]} for kind, room in rooms.items()]
    zones.append({"id": "relay", "kind": "relay", "name": "relay", "rooms": []})
    return {
        "id": place.venue,
        "name": f"演示评标中心 {place.site}",
        "address": place.address,
        "contact": "000-12345678",
        "serves": ["host", "remote"] if main else ["remote"],
        "zones": zones,
    }


def _room(
    room: str, name: str, seats: Sequence[Mapping[str, str]], *, cameras: Sequence[str] = ()
) -> dict[str, Any]:
    return {"id": room, "name": name, "use": "single", "cameras": list(cameras), "seats": list(seats)}
