"""Two sites, a draw over both, and the people who book and confirm: what the tests of venues stand on.

bob operates; dana works at the city site, carlo at the county site.
"""

from datetime import timedelta
from typing import Any

import httpx

from app.store.unit_of_work import UnitOfWork
from app.usecases.access import issue_key
from tests.support.parties import seeded
from tests.support.service import NOW, Service, order, project

CITY, COUNTY = "city-centre", "county-centre"
STAFF = {"dana": CITY, "carlo": COUNTY}
EVALUATION = {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T09:00:00Z"}
SPAN = {"from": "2026-11-24T00:30:00Z", "to": "2026-11-24T09:30:00Z"}
PLACES = [
    {"id": "city", "regions": ["35010", "35011"], "min": 2, "max": 4},
    {"id": "county", "regions": ["35012", "35018"], "min": 1, "max": 3},
]


def seats(site: str, room: str, *numbers: int) -> list[str]:
    """Ids of seats: ``city-centre-e1-2``."""
    return [f"{site}-{room}-{number}" for number in numbers]


def room(site: str, name: str, number: int, *, use: str = "single") -> dict[str, Any]:
    """A room with seats and two cameras."""
    return {
        "id": name,
        "name": f"评标室 {name}",
        "use": use,
        "cameras": ["north", "south"] if number else [],
        "seats": [{"id": one, "label": one} for one in seats(site, name, *range(1, number + 1))],
    }


def site(name: str, *, serves: tuple[str, ...] = ("host", "remote"), number: int = 6) -> dict[str, Any]:
    """A site with one single room e1, one mixed room m1, and the zones that every site has."""
    evaluation = [room(name, "e1", number), room(name, "m1", 6, use="mixed")]
    zones = {
        "evaluation": evaluation,
        "relay": [],
        "check-in": [room(name, "hall", 0)],
        "storage": [room(name, "lockers", 0)],
    }
    return {
        "id": name,
        "name": f"{name} 交易中心",
        "address": f"{name} 1 号",
        "contact": "0591-0000",
        "serves": list(serves),
        "zones": [{"id": kind, "kind": kind, "name": kind, "rooms": rooms} for kind, rooms in zones.items()],
    }


def plan(*sites: dict[str, Any]) -> dict[str, Any]:
    """A plan of these sites; of the usual two without any."""
    return {"sites": list(sites) or [site(CITY), site(COUNTY, serves=("remote",))]}


def wanted(draw: str, **changes: Any) -> dict[str, Any]:
    """An order in order: three seats in the city, two in the county, single rooms."""
    return {
        "draw": draw,
        **SPAN,
        "experts": 5,
        "mixed": False,
        "centres": [
            centre(CITY, "city", *seats(CITY, "e1", 1, 2, 3), main=True),
            centre(COUNTY, "county", *seats(COUNTY, "e1", 1, 2)),
        ],
    } | changes


def centre(site_id: str, place: str, *listed: str, main: bool = False) -> dict[str, Any]:
    """One centre's part."""
    return {
        "site": site_id,
        "place": place,
        "main": main,
        "experts": len(listed),
        "seats": list(listed),
    }


async def open_venues(api: Service) -> str:
    """Both sites, their staff's keys, and a draw that is requested; its id."""
    await hire(api, **STAFF)
    stored = await api.post("bob", "/v1/venues", plan())
    assert stored.status_code == 201, stored.text
    return await draw(api)


async def hire(api: Service, **staff: str) -> None:
    """Give people keys of site staff."""

    async def work(uow: UnitOfWork) -> None:
        for person, at in staff.items():
            api.tokens[person] = await issue_key(
                uow,
                person=person,
                role="site",
                agency_id=None,
                site_id=at,
                scopes=None,
                mode="live",
                signing_key=None,
                expires_at=NOW + timedelta(days=365),
                now=NOW,
                secret=seeded("secret of", person),
            )

    await api.platform.database.transact(work)


async def draw(api: Service, section: str = "s1") -> str:
    """A requested draw over two places."""
    registered = await api.post("alice", "/v1/projects", project(section=section, evaluation=EVALUATION))
    assert registered.status_code == 201, registered.text
    asked = order(section=section)
    asked["parameters"]["sites"] = PLACES
    answer = await api.post("alice", "/v1/draws", asked)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def booked(api: Service, draw_id: str, **changes: Any) -> dict[str, Any]:
    """A booking of `wanted` seats."""
    answer = await api.post("bob", "/v1/bookings", wanted(draw_id, **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def decide(
    api: Service, person: str, booking: dict[str, Any], decision: str, **more: Any
) -> httpx.Response:
    """What a site's staff says about the order they looked at."""
    body = {"revision": booking["revision"]} | more
    return await api.post(person, f"/v1/bookings/{booking['id']}:{decision}", body)
