"""Three sites where seven experts sit down: a platform's whole data on disk, and what people have in hand.

site-a is the host; every site has staff, a witness and a room camera. Made once and copied; a hub's server
(`tests.support.hub_server`) opens a copy from another process, as it would find it after a restart.
"""

import asyncio
import hmac
import shutil
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.unit_of_work import Database
from app.times import from_text, to_text
from crypto.canonical import canonical
from migrations.upgrade import upgrade
from tests.support import people, venues
from tests.support.arriving import CITY, COUNTY, STAFF, TOWN, Arriving, Browser, assembled, hired, install
from tests.support.calling import Calling, set_calling
from tests.support.service import Service
from tests.support.stage import PARAMETERS, set_stage

T = TypeVar("T")
CIPHER: Final = FieldCipher(current="k1", keys={"k1": bytes(range(32))}, tags=bytes(range(1, 33)))
DATABASE: Final = "qiantong.sqlite"
PARTIES: Final = "parties"
# Where a place of the network is: the site's id, its part of the draw, how many experts, who is at its desk.
SITES: Final[dict[str, tuple[str, str, int, str]]] = {
    "site-a": (CITY, "city", 3, "dana"),
    "site-b": (COUNTY, "county", 2, "carlo"),
    "site-c": (TOWN, "town", 2, "tilda"),
}
_REGIONS: Final = {"city": ["35010"], "county": ["35011"], "town": ["35012", "35018"]}
# Who has an account: role and place.
ACCOUNTS: Final[dict[str, tuple[str, str | None]]] = {
    "wanda": ("witness", "site-a"),
    "sven": ("supervisor", None),
    "dana": ("site", "site-a"),
    "carlo": ("site", "site-b"),
    "tilda": ("site", "site-c"),
}


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Somebody at a seat of a place: what its browser holds; `arrival` is what the desk calls the person."""

    place: str
    browser: Browser
    session: str
    arrival: str

    def binding(self, *, fingerprint: str, nonce: str, origin: str, room: str, **changes: str) -> str:
        """What the seat's key says of a certificate; `changes` make it a statement of something else."""
        bound = {
            "fingerprint": fingerprint,
            "format": "qt/1 room-binding",
            "nonce": nonce,
            "origin": origin,
            "room": room,
            "seat": self.browser.seat,
            "session": self.session,
        }
        return self.browser.sign(canonical(bound | changes))


@dataclass(frozen=True, kw_only=True)
class HubWorld:
    """Everything of the platform is in `folder`; the rest is what people know and hold."""

    folder: Path
    now: datetime
    draw: str
    trust: dict[str, list[str]]
    tokens: dict[str, str]
    cookies: dict[str, str]
    seats: tuple[Seat, ...]

    def copied(self, folder: Path) -> "HubWorld":
        """The same in another folder, which does not exist yet."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)


def make_hub_world(folder: Path) -> HubWorld:
    """Play everything up to the moment at which everybody sits; blocks for some ten seconds."""
    folder.mkdir(parents=True)
    return in_thread(lambda: _make(folder))


def in_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end where this thread may have a loop already (playwright's)."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


async def _make(folder: Path) -> HubWorld:
    database = Database(make_engine(f"sqlite:///{folder / DATABASE}"), CIPHER)
    await upgrade(database.engine)
    stage = await set_stage(database, folder / PARTIES, experts=400)
    arriving = await _arriving(await set_calling(stage))
    cookies = await _accounts(arriving)
    await arriving.heartbeats()
    seats = [seat for place in SITES for seat in await _seated(arriving, place)]
    await stage.one.client.aclose()
    await database.dispose()
    trust = stage.nodes["agency"].trust
    return HubWorld(
        folder=folder,
        now=stage.clock(),
        draw=arriving.row.id,
        trust={role: list(keys) for role, keys in trust.keys.items()},
        tokens=arriving.tokens,
        cookies=cookies,
        seats=tuple(seats),
    )


async def _arriving(calling: Calling) -> Arriving:
    """As `set_arriving`, for seven experts at three sites."""
    stage = calling.stage
    row = await stage.one.ceremony.run(
        (await stage.request(invitations="logged", parameters=_parameters())).id
    )
    sites = [
        {"site": part, "venue": site, "area": "福州", "address": f"福州市 {part} 路 1 号"}
        for site, part, _, _ in SITES.values()
    ]
    arriving = assembled(calling, row)
    arriving.letters = {site: [] for site, *_ in SITES.values()}
    arriving.tokens = await arriving.platform.database.transact(lambda uow: hired(uow, stage))
    begins = from_text(row.evaluation_from or "")
    await _book(arriving, begins)
    for _, _, _, who in SITES.values():
        await _confirm(arriving, who)
    await calling.invite(row, sites=sites, unbooked=None)
    await calling.fill(row)
    for letter in calling.letters():
        invitation = await calling.of(letter)
        if invitation.state == "accepted":
            arriving.letters[invitation.venue_site].append(letter)
    await calling.until(to_text(begins - timedelta(minutes=35)))
    for site, *_ in SITES.values():
        for kind in ("gate", "locker", "id_reader", "jammer", "detector"):
            await install(arriving, kind, site)
    await arriving.heartbeats()
    return arriving


def _parameters() -> dict[str, Any]:
    number = sum(count for _, _, count, _ in SITES.values())
    return PARAMETERS | {
        "committee": {"experts": number, "seated": 0, "owners": 2},
        "strata": [
            {"id": "civil", "prefixes": ["A08"], "seats": 4},
            {"id": "goods", "prefixes": ["B"], "seats": number - 4},
        ],
        "sites": [
            {"id": part, "regions": _REGIONS[part], "min": count, "max": count}
            for _, part, count, _ in SITES.values()
        ],
    }


async def _book(arriving: Arriving, begins: datetime) -> None:
    plan = venues.plan(
        *(
            venues.site(site, serves=("host", "remote") if place == "site-a" else ("remote",))
            for place, (site, *_) in SITES.items()
        )
    )
    stored = await arriving.post("olga", "/venues", plan)
    assert stored.status_code == 201, stored.text
    asked = {
        "draw": arriving.row.id,
        "from": to_text(begins - timedelta(minutes=30)),
        "to": to_text(begins + timedelta(hours=6)),
        "experts": sum(count for _, _, count, _ in SITES.values()),
        "mixed": False,
        "centres": [
            venues.centre(site, part, *venues.seats(site, "e1", *range(1, count + 1)), main=place == "site-a")
            for place, (site, part, count, _) in SITES.items()
        ],
    }
    booked = await arriving.post("olga", "/bookings", asked)
    assert booked.status_code == 201, booked.text


async def _confirm(arriving: Arriving, who: str) -> None:
    booking = (await arriving.get("olga", "/bookings")).json()["items"][0]
    done = await arriving.post(who, f"/bookings/{booking['id']}:confirm", {"revision": booking["revision"]})
    assert done.status_code == 200, done.text


async def _accounts(arriving: Arriving) -> dict[str, str]:
    """Session cookies by login."""
    scene = SimpleNamespace(clock=arriving.stage.clock)
    service = cast("Service", SimpleNamespace(platform=arriving.platform, app=arriving.app, scene=scene))
    cookies = {}
    for login, (role, place) in ACCOUNTS.items():
        site = None if place is None else SITES[place][0]
        page = await people.signed_in(service, await people.person(service, login, role, site=site))
        assert page.cookie is not None
        cookies[login] = page.cookie
    return cookies


async def _seated(arriving: Arriving, place: str) -> list[Seat]:
    """Everybody of a site goes through the gate and sits down."""
    site, _, _, who = SITES[place]
    assert STAFF[who][1] == site
    found = []
    for number, letter in enumerate(arriving.letters[site], 1):
        arrival = await arriving.inside(letter, f"A-{number:02}", who)
        given = await arriving.seat(arrival, who)
        browser = await arriving.enrolled(given["seat"], staff=who)
        entered = await arriving.log_in(browser, given["slip"])
        assert entered.status_code == 201, entered.text
        session = entered.json()["session"]
        found.append(Seat(place=place, browser=browser, session=session, arrival=arrival))
    return found


def person_key() -> bytes:
    """The key under which the stage's pool was made."""
    return hmac.digest(b"stage", b"person key", "sha256")
