"""The API over a platform with real party nodes, all in one process: keys for alice, bob, carol and mallory.

alice requests for her agency, bob operates, carol supervises, mallory works for another agency. The clock
stands on a Monday in November 2026 until it is moved.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from app.store.repositories.draws import DrawRow
from app.store.repositories.projects import Agency
from app.store.unit_of_work import Database, UnitOfWork
from app.synthetic import synthesise
from app.usecases.access import issue_key
from app.usecases.ceremony import Ceremony
from app.usecases.draw_requests import prepare
from app.usecases.frozen_draws import Prepared
from app.usecases.platform import Platform
from app.usecases.pools import import_pool
from app.usecases.terminals import starts
from crypto.signing import SigningKey
from draw.identifiers import organisation_check_character, uscc_check_character
from tests.support.parties import Chance, Clock, Scene, scene, seeded, standing

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def organisation(number: int) -> str:
    """A credit code that passes its checks, in an area that was never allocated."""
    body = f"Q{number:07d}"
    seventeen = f"91990101{body}{organisation_check_character(body)}"
    return f"uscc:{seventeen}{uscc_check_character(seventeen)}"


ALICE_ORG = organisation(1)
TENDEREE = organisation(2)
BIDDER = organisation(3)
PEOPLE: dict[str, tuple[str, str | None]] = {
    "alice": ("agency", "agy_alice"),
    "mallory": ("agency", "agy_mallory"),
    "bob": ("operator", None),
    "carol": ("supervisor", None),
}


@dataclass(slots=True, kw_only=True)
class Service:
    """`client` talks to the API; `tokens` by person; `as_person` gives headers for one request."""

    scene: Scene
    platform: Platform
    ceremony: Ceremony
    app: FastAPI
    client: httpx.AsyncClient
    tokens: dict[str, str]
    signing: SigningKey
    numbers: Any

    def as_person(self, person: str, **headers: str) -> dict[str, str]:
        """Headers of a person's request, with a fresh Idempotency-Key unless one is given."""
        key, token = f"key-{next(self.numbers)}", self.tokens[person]
        fresh = {"Idempotency-Key": key, "Authorization": f"Bearer {token}"}
        return fresh | {name.replace("_", "-"): value for name, value in headers.items()}

    async def post(self, person: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """POST as a person."""
        content = b"" if body is None else json.dumps(body).encode("utf-8")
        sent = {"Content-Type": "application/json"} if body is not None else {}
        return await self.client.post(path, content=content, headers=sent | self.as_person(person, **headers))

    async def get(self, person: str | None, path: str, **headers: str) -> httpx.Response:
        """GET as a person, or as nobody."""
        return await self.client.get(path, headers=self.as_person(person, **headers) if person else headers)


def project(**changes: Any) -> dict[str, Any]:
    """A project that is in order."""
    return {
        "project": "works-2026-017",
        "section": "s1",
        "owner": "王工",
        "title": "道路工程",
        "tenderee": TENDEREE,
        "bidders": [{"id": "b1", "orgs": [BIDDER]}],
        "evaluation": {"from": "2026-11-24T01:00:00Z", "to": "2026-11-24T09:00:00Z"},
        "pack": {"base": "tender.cn", "overlays": []},
    } | changes


def order(**changes: Any) -> dict[str, Any]:
    """A draw that can be met from the pool: five experts, one specialty group, one site."""
    return {
        "project": "works-2026-017",
        "section": "s1",
        "pool": "city",
        "parameters": {
            "committee": {"experts": 5, "seated": 0, "owners": 0},
            "strata": [{"id": "works", "prefixes": ["A"], "seats": 5}],
            "sites": [{"id": "main", "regions": ["35"], "min": 5, "max": 5}],
            "cap": 1,
        },
        "invitations": "elsewhere",
    } | changes


async def service(database: Database, folder: Path, *, experts: int = 200) -> Service:
    """The API with a registered project ground: agencies, keys and the pool `city`."""
    made = await scene(database, folder)
    return _over(made, folder, await _laid(made, experts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What of a registered ground outlives its process, but for the database: tokens by person, and how often
    the platform's chance was asked.
    """

    tokens: Mapping[str, str]
    asked: int


async def lay(database: Database, folder: Path) -> Ground:
    """Register the ground of a `service` in a migrated database, for copies of it to begin from."""
    made = await scene(database, folder)
    tokens = await _laid(made, 200)
    return Ground(tokens=tokens, asked=_chance(made).count)


def service_again(database: Database, folder: Path, ground: Ground) -> Service:
    """The service over a copy of a database in which its ground was laid."""
    made, _ = standing(database, folder, Clock(NOW))
    _chance(made).count = ground.asked
    return _over(made, folder, dict(ground.tokens))


def _chance(made: Scene) -> Chance:
    return cast("Chance", made.platform.random)


async def _laid(made: Scene, experts: int) -> dict[str, str]:
    made.clock.now = NOW
    pool = synthesise(experts, seed=b"seven", tender_orgs=(TENDEREE, ALICE_ORG, BIDDER), now=NOW)
    await import_pool(made.platform, pool_id="city", basis="测试依据", records=pool.records)
    public = SigningKey.from_seed(seeded("mallory signs")).public
    return await made.platform.database.transact(partial(_people, made, public))


def _over(made: Scene, folder: Path, tokens: dict[str, str]) -> Service:
    async def ready(uow: UnitOfWork, row: DrawRow) -> Prepared:
        return await prepare(uow, made.platform, row)

    sealed = partial(starts.anchor, made.platform)
    ceremony = Ceremony(made.platform, prepare=ready, beacons=made.beacons, sealed=sealed)
    signing = SigningKey.from_seed(seeded("mallory signs"))
    app = create_app(made.platform, ceremony, Settings(data=folder), static=None)
    client = _client(app)
    return Service(
        scene=made,
        platform=made.platform,
        ceremony=ceremony,
        app=app,
        client=client,
        tokens=tokens,
        signing=signing,
        numbers=count(1),
    )


async def _people(made: Scene, signing_key: bytes, uow: UnitOfWork) -> dict[str, str]:
    listed = await uow.parties.by_role("agency")
    now = made.platform.now()
    for name, org in (("alice", ALICE_ORG), ("mallory", BIDDER)):
        agency = Agency(id=f"agy_{name}", name=name, org=org, party=listed[-1].public, created_at=now)
        await uow.projects.add_agency(agency)
    return {
        person: await issue_key(
            uow,
            person=person,
            role=role,
            agency_id=agency_id,
            scopes=None,
            mode="live",
            signing_key=signing_key if person == "mallory" else None,
            expires_at=NOW + timedelta(days=365),
            now=NOW,
            secret=seeded("secret of", person),
        )
        for person, (role, agency_id) in PEOPLE.items()
    }


def faults(response: httpx.Response) -> list[tuple[str, str]]:
    """(code, pointer) of every fault of a problem."""
    listed: list[Mapping[str, str]] = response.json().get("errors", [])
    return [(one["code"], one["pointer"]) for one in listed]


def beside(first: Service, database: Database, folder: Path) -> Service:
    """Another server of the same installation: same keys, nodes and clock, its own connections."""
    platform = replace(first.platform, database=database)

    async def ready(uow: UnitOfWork, row: DrawRow) -> Prepared:
        return await prepare(uow, platform, row)

    sealed = partial(starts.anchor, platform)
    ceremony = Ceremony(platform, prepare=ready, beacons=first.scene.beacons, sealed=sealed)
    app = create_app(platform, ceremony, Settings(data=folder), static=None)
    return replace(first, platform=platform, ceremony=ceremony, app=app, client=_client(app))


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://api.test.example")
