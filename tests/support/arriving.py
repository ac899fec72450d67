"""People who accepted come to two sites: a filled campaign, booked seats, desks, gates, browsers at seats.

olga operates, sven supervises, dana is at the city's desk and wanda its witness, carlo is at the county's.
Everything goes over the API; devices are the simulated ones behind the same in-memory wire, each with a key
of its own. Whoever holds a letter is the expert: `document` is the number on that person's card.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI

from app.gateways.devices import HttpDeviceCommands
from app.gateways.message_signatures import post_headers
from app.main import create_app
from app.settings import Settings
from app.simulator.devices import House, SimulatedDevice, create_house_app
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import UnitOfWork
from app.times import from_text, to_text
from app.usecases.access import issue_key
from app.usecases.invites import holders
from app.usecases.platform import Platform
from crypto.canonical import canonical
from crypto.p256 import thumbprint
from crypto.signing import SigningKey
from tests.support import venues
from tests.support.calling import Calling, Letter, set_calling
from tests.support.parties import seeded
from tests.support.stage import Stage

CITY, COUNTY, TOWN = "ste_city", "ste_county", "ste_town"
STAFF: dict[str, tuple[str, str | None]] = {
    "olga": ("operator", None),
    "oscar": ("operator", None),
    "sven": ("supervisor", None),
    "dana": ("site", CITY),
    "dora": ("site", CITY),
    "wanda": ("witness", CITY),
    "carlo": ("site", COUNTY),
    # The third site of `tests.support.hub_world`.
    "tilda": ("site", TOWN),
}
ORIGIN = "http://api.test.example"
PNG = urlsafe_b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode().rstrip("=")
SIGNED = {"expert_signature": PNG, "staff_signature": PNG}


@dataclass
class Browser:
    """The browser at one seat, with a key that never leaves it."""

    seat: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    token: str = ""

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as WebCrypto exports it."""
        point = self.key.public_key().public_numbers()
        x, y = (_text(number.to_bytes(32, "big")) for number in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """The name of the key."""
        return thumbprint(self.jwk)

    def sign(self, message: bytes) -> str:
        """A signature of a message, r ‖ s in base64url."""
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        return _text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@dataclass
class Arriving:
    """A draw whose people come today."""

    calling: Calling
    platform: Platform
    app: FastAPI
    client: httpx.AsyncClient
    row: DrawRow
    letters: dict[str, list[Letter]]
    tokens: dict[str, str]
    house: House
    numbers: Any = field(default_factory=lambda: count(1))
    devices: dict[str, str] = field(default_factory=dict)

    @property
    def stage(self) -> Stage:
        """The stage below."""
        return self.calling.stage

    # -- over the wire

    async def post(self, who: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """POST as somebody, under a fresh Idempotency-Key unless one is given."""
        sent = {"Authorization": f"Bearer {self.tokens[who]}", "Idempotency-Key": f"k-{next(self.numbers)}"}
        content = b"" if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if body is not None else {}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/v1{path}", content=content, headers=sent | kind | more)

    async def get(self, who: str, path: str) -> httpx.Response:
        """GET as somebody."""
        return await self.client.get(f"/v1{path}", headers={"Authorization": f"Bearer {self.tokens[who]}"})

    # -- people

    async def document(self, letter: Letter) -> str:
        """The number on the card of whoever has this letter."""
        invitation = await self.calling.of(letter)
        pool = self.stage.pool
        at = next(n for n, one in enumerate(pool.records) if one.id == invitation.invited.expert)
        return pool.people[at].id_number

    async def name(self, letter: Letter) -> str:
        """The name of whoever has this letter."""
        invitation = await self.calling.of(letter)
        return next(one.name for one in self.stage.pool.records if one.id == invitation.invited.expert)

    async def check_in(self, letter: Letter, who: str = "dana", **changes: Any) -> httpx.Response:
        """Somebody at a desk shows card and code."""
        shown = {"document": await self.document(letter), "code": letter.keys.arrival_code} | changes
        return await self.post(who, "/desk/arrivals", shown)

    async def arrived(self, letter: Letter, who: str = "dana") -> str:
        """The arrival of somebody who has checked in."""
        answer = await self.check_in(letter, who)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["arrival"])

    async def deposit(self, arrival: str, locker: str = "A-01", who: str = "dana") -> httpx.Response:
        """Phone and watch into a locker."""
        items = [{"kind": "phone", "count": 1}, {"kind": "watch", "count": 1}]
        asked = {"locker": locker, "items": items} | SIGNED
        return await self.post(who, f"/desk/arrivals/{arrival}/locker", asked)

    async def gate(
        self, arrival: str, direction: str = "in", who: str = "dana", **more: Any
    ) -> dict[str, Any]:
        """The gate's decision for an arrival."""
        site = STAFF[who][1] or CITY
        asked = {"gate": self.devices[f"gate {site}"], "direction": direction} | more
        answer = await self.post(who, f"/desk/arrivals/{arrival}/gate", asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def inside(self, letter: Letter, locker: str = "A-01", who: str = "dana") -> str:
        """The arrival of somebody who has come through the gate."""
        arrival = await self.arrived(letter, who)
        assert (await self.deposit(arrival, locker, who)).status_code == 201
        decided = await self.gate(arrival, who=who)
        assert decided["opens"], decided
        site = STAFF[who][1]
        await self.event(f"gate {site}", "passed", passage=decided["passage"], direction="in")
        return arrival

    async def state(self, arrival: str) -> str:
        """The state of an arrival."""
        async with self.platform.database.read() as uow:
            found = await uow.arrivals.get(arrival)
        assert found is not None
        return found.state

    # -- seats

    async def enrolled(self, seat: str, *, staff: str = "dana", second: str = "olga") -> Browser:
        """The browser at a seat, its key believed by two persons."""
        browser = Browser(seat=seat)
        proposed = await self.propose(browser, staff)
        assert proposed.status_code == 201, proposed.text
        approved = await self.post(second, f"/seats/{seat}/approvals", {"thumbprint": browser.thumbprint})
        assert approved.status_code == 200, approved.text
        return browser

    async def propose(self, browser: Browser, staff: str = "dana", **changes: str) -> httpx.Response:
        """Somebody at the seat proposes its browser's key."""
        site = STAFF[staff][1] or CITY
        bound = {"format": "qt/1 seat-enrolment", "origin": ORIGIN, "site": site, "seat": browser.seat}
        statement = canonical(bound | {"key": browser.thumbprint} | changes)
        body = {"key": browser.jwk, "signature": browser.sign(statement)}
        return await self.post(staff, f"/seats/{browser.seat}/enrolments", body)

    async def challenge(self, browser: Browser, seat: str | None = None) -> httpx.Response:
        """What the browser has to sign."""
        path = f"/v1/seats/{seat or browser.seat}/challenges"
        return await self.client.post(path, json={"thumbprint": browser.thumbprint})

    async def log_in(self, browser: Browser, code: str, **changes: Any) -> httpx.Response:
        """The browser asks for a challenge, signs it, and the person types the code of the slip."""
        asked = (await self.challenge(browser)).json()
        body = {
            "challenge": asked["challenge"],
            "signature": browser.sign(asked["statement"].encode()),
            "code": code,
        } | changes
        answer = await self.client.post(f"/v1/seats/{browser.seat}/logins", json=body)
        if answer.status_code == 201:
            browser.token = answer.json()["token"]
        return answer

    async def seat(self, arrival: str, who: str = "dana") -> dict[str, Any]:
        """The seat that chance gives."""
        answer = await self.post(who, f"/desk/arrivals/{arrival}/seat")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    # -- devices

    async def event(self, device: str, kind: str, **more: Any) -> httpx.Response:
        """A device reports, signed by its own key."""
        answer = await self.report(device, kind, **more)
        assert answer.status_code == 200, answer.text
        return answer

    async def report(self, device: str, kind: str, **more: Any) -> httpx.Response:
        """The same, whatever comes of it."""
        simulated = self.house.devices[self.devices[device]]
        body = simulated.event(kind, self.stage.clock(), **more)
        return await self.send(self.devices[device], body, simulated.key)

    async def send(
        self, device_id: str, body: bytes, key: SigningKey, *, nonce: str | None = None, claims: str = ""
    ) -> httpx.Response:
        """A body under a signature by `key`; `claims` names another signer."""
        url = f"{ORIGIN}/v1/devices/{device_id}/events"
        fresh = nonce or f"n{next(self.numbers)}"
        signer, now = claims or device_id, self.stage.clock()
        headers = post_headers(url, body, key_id=signer, key=key, nonce=fresh, now=now)
        return await self.client.post(url, content=body, headers=headers)

    async def heartbeats(self) -> None:
        """Every device says that it is there."""
        for name in self.devices:
            await self.event(name, "heartbeat")

    # -- what tests look at

    async def ledger(self, site: str = CITY) -> dict[str, Any]:
        """A site's ledger of today, as the supervisor reads it."""
        return dict((await self.get("sven", f"/desk/ledger?site={site}")).json())

    async def kinds(self, site: str = CITY) -> list[str]:
        """What was written into it, in order."""
        return [one["kind"] for one in (await self.ledger(site))["entries"]]

    async def alerts(self, site: str = CITY) -> list[dict[str, Any]]:
        """The alerts of a site, newest first."""
        return list((await self.get("sven", f"/desk/alerts?site={site}")).json()["items"])

    async def open_alerts(self, site: str = CITY) -> list[str]:
        """The kinds of those that nobody has closed."""
        return sorted(one["kind"] for one in await self.alerts(site) if one["closed_at"] is None)


async def set_arriving(stage: Stage) -> Arriving:
    """Seats are booked, everybody has accepted, devices are known and heard of; it is 35 minutes before the
    begin.
    """
    calling = await set_calling(stage)
    row = await calling.drawn()
    arriving = assembled(calling, row)
    arriving.tokens = await stage.one.platform.database.transact(lambda uow: hired(uow, stage))
    await book(arriving)
    await calling.invite(row, unbooked=None)
    await calling.fill(row)
    await be_there(arriving)
    return arriving


async def be_there(arriving: Arriving) -> None:
    """Everybody has accepted: devices are known and heard of, and it is 35 minutes before the begin."""
    calling, row = arriving.calling, arriving.row
    for letter in calling.letters():
        invitation = await calling.of(letter)
        if invitation.state == "accepted":
            arriving.letters[invitation.venue_site].append(letter)
    await calling.until(to_text(from_text(row.evaluation_from or "") - timedelta(minutes=35)))
    await _install(arriving)
    await arriving.heartbeats()


def assembled(calling: Calling, row: DrawRow) -> Arriving:
    """API and devices over a stage; nothing is stored."""
    stage = calling.stage
    # The pool of the stage was made under a key of its own.
    person_key = hmac.digest(b"stage", b"person key", "sha256")
    platform = replace(stage.one.platform, person_key=person_key)
    house = House(origin=ORIGIN, public=platform.log.key.public, clock=stage.clock)
    stage.wire.hosts["devices.example"] = httpx.ASGITransport(create_house_app(house))
    commands = HttpDeviceCommands(
        key=platform.log.key, client=stage.one.client, clock=platform.clock, random=platform.random
    )
    fast = "100000/minute"
    settings = Settings(data=stage.one.settings.data, public_url=ORIGIN, caller_rate=fast, public_rate=fast)
    app = create_app(platform, stage.one.ceremony, settings, static=None, commands=commands)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return Arriving(
        calling=calling,
        platform=platform,
        app=app,
        client=httpx.AsyncClient(transport=transport, base_url=ORIGIN),
        row=row,
        letters={CITY: [], COUNTY: []},
        tokens={},
        house=house,
    )


async def hired(uow: UnitOfWork, stage: Stage) -> dict[str, str]:
    """Keys of `STAFF`."""
    now = stage.clock()
    return {
        person: await issue_key(
            uow,
            person=person,
            role=role,
            agency_id=None,
            site_id=site,
            scopes=None,
            mode="live",
            signing_key=None,
            expires_at=now + timedelta(days=9),
            now=now,
            secret=seeded("arriving", person),
        )
        for person, (role, site) in STAFF.items()
    }


async def book(arriving: Arriving) -> None:
    """Seats for everybody who was drawn, confirmed by both centres."""
    plan = venues.plan(venues.site(CITY), venues.site(COUNTY, serves=("remote",)))
    stored = await arriving.post("olga", "/venues", plan)
    assert stored.status_code == 201, stored.text
    begins = from_text(arriving.row.evaluation_from or "")
    held = await holders(arriving.platform, arriving.row)
    numbers = Counter(f"ste_{one.site}" for one in held if one is not None)
    asked = {
        "draw": arriving.row.id,
        "from": to_text(begins - timedelta(minutes=30)),
        "to": to_text(begins + timedelta(hours=6)),
        "experts": sum(numbers.values()),
        "mixed": False,
        "centres": [
            venues.centre(CITY, "city", *_seats(CITY, numbers[CITY]), main=True),
            venues.centre(COUNTY, "county", *_seats(COUNTY, numbers[COUNTY])),
        ],
    }
    booked = await arriving.post("olga", "/bookings", asked)
    assert booked.status_code == 201, booked.text
    await confirm(arriving, booked.json(), "dana", "carlo")


async def confirm(arriving: Arriving, booking: dict[str, Any], *staff: str) -> None:
    """Each of these people says for the own site that its seats are there."""
    for who in staff:
        said = {"revision": booking["revision"]}
        done = await arriving.post(who, f"/bookings/{booking['id']}:confirm", said)
        assert done.status_code == 200, done.text


async def ask_again(arriving: Arriving, *, early: timedelta = timedelta(0)) -> dict[str, Any]:
    """The booking begins with the evaluation, or that much before: both centres have to answer anew.

    Whoever asks for the times that stand already asks only those centres that have not answered.
    """
    (booking,) = (await arriving.get("olga", "/bookings")).json()["items"]
    kept = ("site", "place", "main", "experts", "seats")
    order = {name: booking[name] for name in ("to", "experts", "mixed")} | {
        "from": to_text(from_text(arriving.row.evaluation_from or "") - early),
        "reason": "改开门时间",
        "centres": [{name: one[name] for name in kept} for one in booking["centres"]],
    }
    changed = await arriving.post("olga", f"/bookings/{booking['id']}:change", order)
    assert changed.status_code == 200, changed.text
    return dict(changed.json())


async def book_again(arriving: Arriving) -> None:
    """After `ask_again`: other times that are still to come, confirmed by both centres."""
    await confirm(arriving, await ask_again(arriving, early=timedelta(minutes=1)), "dana", "carlo")


async def _install(arriving: Arriving) -> None:
    for site in (CITY, COUNTY):
        for kind in ("gate", "locker", "id_reader", "jammer", "detector"):
            await install(arriving, kind, site)


async def install(arriving: Arriving, kind: str, site: str, *, name: str = "A") -> str:
    """A device that the operator makes known; its id."""
    key = SigningKey.from_seed(seeded("device", kind, site, name))
    commanded = kind in ("gate", "locker")
    asked = {
        "site": site,
        "kind": kind,
        "name": name,
        "public": key.public.hex(),
        "url": f"http://devices.example/{kind}-{site}-{name}" if commanded else None,
        "gate": arriving.devices[f"gate {site}"] if kind == "detector" else None,
    }
    made = await arriving.post("olga", "/devices", asked)
    assert made.status_code == 201, made.text
    device_id = str(made.json()["device"])
    arriving.devices[f"{kind} {site}" if name == "A" else f"{kind} {site} {name}"] = device_id
    arriving.house.add(SimulatedDevice(id=device_id, kind=kind, name=f"{kind}-{site}-{name}", key=key))
    return device_id


def _seats(site: str, number: int) -> list[str]:
    return venues.seats(site, "e1", *range(1, number + 1))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
