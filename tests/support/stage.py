"""A platform and its three nodes in one process, talking HTTP over in-memory transports, on one clock that
tests move.

Everything is real but the wire: keys, nodes, books, signatures, composition. `Wire` can make a host silent or
single duties of it fail, as a cable or an unwilling party would.
"""

import os
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.composition import Installation, compose
from app.parties import keys
from app.parties.book import Book
from app.parties.node import Node
from app.parties.pinned_rules import pinned_layers
from app.parties.server import create_node_app
from app.parties.trust import Trust
from app.settings import Settings
from app.store.repositories.draws import DrawRow
from app.store.repositories.projects import Agency
from app.store.unit_of_work import Database, UnitOfWork
from app.synthetic import SyntheticPool, synthesise
from app.times import to_text
from app.usecases.draw_requests import request_draw
from app.usecases.operations import Actor
from app.usecases.platform import Platform
from app.usecases.pools import import_pool
from app.usecases.previews import DrawOrder, look
from app.usecases.principals import Principal, scopes_of
from app.usecases.projects import ProjectOrder, register
from app.usecases.proofs import trust_file
from app.usecases.registration import Candidate
from app.usecases.registration import register as register_parties
from draw.identifiers import organisation_check_character, uscc_check_character
from tests.support.guests import GATEWAY

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ROLES: tuple[keys.Role, ...] = ("agency", "supervisor", "cosigner")
ORIGIN = "log.test.example"
BASIS = "synthetic, for tests"
PARAMETERS: dict[str, Any] = {
    "rule": "uniform/1",
    "committee": {"experts": 5, "seated": 0, "owners": 2},
    "strata": [
        {"id": "civil", "prefixes": ["A08"], "seats": 3},
        {"id": "goods", "prefixes": ["B"], "seats": 2},
    ],
    "sites": [
        {"id": "city", "regions": ["35010", "35011"], "min": 2, "max": 4},
        {"id": "county", "regions": ["35012", "35018"], "min": 1, "max": 3},
    ],
    "cap": 1,
}


def organisation(number: int) -> str:
    """A credit code of an unallocated area with right check characters."""
    body = f"N{number:07d}"
    seventeen = f"91990101{body}{organisation_check_character(body)}"
    return f"uscc:{seventeen}{uscc_check_character(seventeen)}"


ORGS = tuple(organisation(number) for number in range(5))


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Routes by host name to applications; `silent` hosts and `broken` (host, end of path) cannot be
    reached.
    """

    hosts: dict[str, httpx.ASGITransport] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, request.url.path
        self.asked.append((host, path))
        if host in self.silent or any(host == h and path.endswith(end) for h, end in self.broken):
            raise httpx.ConnectError("the test cut the wire")
        return await self.hosts[host].handle_async_request(request)


@dataclass
class Stage:
    """An installation with registered parties, a frozen pool and one registered project."""

    one: Installation
    nodes: dict[str, Node]
    wire: Wire
    clock: Clock
    pool: SyntheticPool
    trust: bytes = b""

    async def project(self, section: str = "s1") -> None:
        """Register another section of the project."""
        one, now = self.one, self.one.platform.now()
        order = ProjectOrder(project="works-1", section=section, owner="owner", document=document(self))

        async def store(uow: UnitOfWork) -> None:
            await register(uow, person("requester", "agency"), order, one.platform.packs, now=now)

        await one.platform.database.transact(store)

    async def request(self, section: str = "s1", *, platform: Platform | None = None, **more: Any) -> DrawRow:
        """A draw of this section, requested and published."""
        platform = platform or self.one.platform
        caller = person("requester", "agency")
        more = {"invitations": "elsewhere", "parameters": PARAMETERS} | more
        order = DrawOrder(project="works-1", section=section, pool="city", **more)
        seen = await look(platform, caller, order)
        actor = Actor(person="requester", address="test", source="test")
        row = await platform.database.transact(
            lambda uow: request_draw(uow, platform, caller, order, seen, actor=actor)
        )
        await platform.publisher.covering((row.k or 0) + 1, now=platform.clock)
        return row


def document(stage: Stage) -> dict[str, Any]:
    """A project of tender.cn whose evaluation begins in two hours."""
    since = stage.clock() + timedelta(hours=2)
    tenderee, _agency, *bidders = ORGS
    return {
        "title": "works",
        "tenderee": tenderee,
        "authorities": [stage.pool.authority],
        "bidders": [
            {"id": f"b{number}", "withdrawn": False, "orgs": [org]} for number, org in enumerate(bidders)
        ],
        "groups": [list(group) for group in stage.pool.groups],
        "avoid_units": [],
        "prepared_by": list(stage.pool.prepared_by),
        "evaluation": {"from": to_text(since), "to": to_text(since + timedelta(hours=1))},
        "names": [],
        "pack": {"base": "tender.cn", "overlays": []},
        "remote": False,
        "budget_yuan": None,
        "circumstances": [],
        "source": None,
    }


def person(name: str, role: str) -> Principal:
    """A person with every scope of a role."""
    return Principal(
        key_id="test",
        person=name,
        role=role,
        agency_id="agency-1" if role == "agency" else None,
        scopes=frozenset(scopes_of(role)),
        mode="live",
        signed=False,
    )


class Servers:
    """Real HTTP servers of the nodes, each in a thread of this process."""

    def __init__(self) -> None:
        self._running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(self, app: FastAPI) -> str:
        """Serve on a free loopback port; gives the address."""
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        self._running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def stop(self) -> None:
        """End every server and wait for its thread."""
        for server, thread in self._running:
            server.should_exit = True
            thread.join()


async def set_stage(
    database: Database,
    folder: Path,
    *,
    experts: int = 240,
    servers: Servers | None = None,
    start: datetime = START,
    **chosen: Any,
) -> Stage:
    """Nodes with keys of their own, registered in the log of a migrated database; a pool and a project.

    With `servers` the nodes listen on loopback ports, where other processes reach them too. `chosen`
    are settings.
    """
    clock, wire = Clock(start), Wire()
    settings = Settings(data=folder / "platform", origin=ORIGIN, relays=(), **{"pool_age_hours": 0, **chosen})
    client = httpx.AsyncClient(transport=wire if servers is None else None, trust_env=False)
    alone = compose(settings, database, client, [], clock=clock)
    owned = {
        role: keys.create(folder / role, role=role, name=f"{role}.example", seeds=os.urandom(96))
        for role in ROLES
    }
    trust = Trust(
        origin=settings.origin,
        keys={
            "platform": (alone.keys.signing.public.hex(),),
            **{role: (owned[role].signing.public.hex(),) for role in ROLES},
        },
    )
    nodes: dict[str, Node] = {}
    urls = []
    for role in ROLES:
        book = Book(folder / role / "node.sqlite")
        nodes[role] = Node(
            keys=owned[role],
            book=book,
            trust=trust,
            clock=clock,
            random=os.urandom,
            gateways=frozenset({GATEWAY.public.hex()} if role == "supervisor" else ()),
            layers=pinned_layers(settings.rules),
        )
        app = create_node_app(nodes[role])
        wire.hosts[f"{role}.example"] = httpx.ASGITransport(app)
        urls.append(f"http://{role}.example" if servers is None else servers.start(app))
    one = await registered(alone, urls)
    pool = synthesise(experts, seed=b"stage", tender_orgs=ORGS, now=start)
    stage = Stage(one=one, nodes=nodes, wire=wire, clock=clock, pool=pool)
    stage.trust = await trust_file(one.platform)
    await _fill(stage)
    return stage


async def registered(alone: Installation, urls: list[str]) -> Installation:
    """The installation once the nodes at these addresses stand in its published log."""
    platform = alone.platform
    candidates = [Candidate(url=url, node=alone.node(url)) for url in urls]
    await register_parties(
        platform.database, platform.log, platform.vrf, candidates, name="platform", now=platform.now()
    )
    async with platform.database.read() as uow:
        parties = await uow.parties.all()
    one = compose(alone.settings, platform.database, alone.client, parties, clock=platform.clock)
    await one.platform.publisher.covering(1 + len(urls), now=platform.clock)
    return one


async def _fill(stage: Stage) -> None:
    platform = stage.one.platform
    public = stage.nodes["agency"].keys.signing.public.hex()
    agency = Agency(id="agency-1", name="agency", org=ORGS[1], party=public, created_at=platform.now())

    async def store(uow: UnitOfWork) -> None:
        await uow.projects.add_agency(agency)

    await platform.database.transact(store)
    await import_pool(platform, pool_id="city", basis=BASIS, records=stage.pool.records)
    await stage.project()
