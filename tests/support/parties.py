"""A platform with its three party nodes in one process: real nodes, real HTTP forms, no sockets.

Nodes answer through ASGI transports; each has its own key folder and book below a temporary folder. The clock
is shared and moved by hand. Used by ceremony tests on both engines.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx

from app.gateways.cosigners import HttpCosigner
from app.gateways.parties import HttpPartyNode, PartyError, PartyNode
from app.gateways.rule_packs import load_rule_packs
from app.parties import keys as party_keys
from app.parties.book import Book
from app.parties.node import Node
from app.parties.pinned_rules import accept
from app.parties.server import create_node_app
from app.parties.trust import Trust
from app.store.repositories.draws import DrawRow
from app.store.repositories.parties import Party
from app.store.repositories.projects import Agency, Project
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import log
from app.usecases.ceremony import Ceremony
from app.usecases.frozen_draws import Prepared
from app.usecases.log import LogIdentity
from app.usecases.platform import Platform
from app.usecases.pools import import_pool
from crypto.signing import SigningKey
from crypto.vrf import VrfKey
from draw.entries import draft, sign_all
from draw.record import BeaconChoice, rules_digest, section_hash
from tests.support import synthetic_pool
from tests.support.synthetic_pool import Shape

ORIGIN = "log.test.example"
START = datetime(2023, 8, 23, 15, 20, tzinfo=UTC)
POOL = "experts"


def seeded(*names: object) -> bytes:
    """32 bytes that depend on the names only."""
    return hashlib.sha256(repr(names).encode()).digest()


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


@dataclass(slots=True)
class Chance:
    """Reproducible stand-in for chance: never the same bytes twice."""

    name: str
    count: int = 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        return hashlib.shake_256(f"{self.name}:{self.count}".encode()).digest(size)


class Line:
    """A node's telephone line: `down` names the duties that do not get through (substrings of the path)."""

    def __init__(self, node: PartyNode) -> None:
        self.down: set[str] = set()
        self.calls: list[str] = []
        self._node = node

    async def call(self, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls.append(path)
        if any(part in path for part in self.down):
            raise PartyError("party.unreachable")
        return await self._node.call(path, document)

    async def identity(self) -> Mapping[str, Any]:
        return await self._node.identity()


class Wire(httpx.ASGITransport):
    """The network in front of a node; `cut` makes every request fail as an unplugged host would."""

    cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("cut")
        return await super().handle_async_request(request)


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything of one ceremony. `lines` by role; `plan` is what `prepare` answers with."""

    platform: Platform
    ceremony: Ceremony
    nodes: dict[str, Node]
    lines: dict[str, Line]
    wires: dict[str, Wire]
    clock: Clock
    shape: Shape
    trust: Trust
    beacon: BeaconChoice | None = None
    override: str | None = None
    opens: timedelta = timedelta(0)
    invitations: str = "elsewhere"
    rounds: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)

    async def request(self, *, name: str = "drw_one") -> DrawRow:
        """Log a request and store its draw row."""
        case = synthetic_pool.case()
        section = section_hash(case.project, case.section).hex()
        parties = {role: node.keys.signing.public.hex() for role, node in self.nodes.items()}
        parties["platform"] = self.platform.log.key.public.hex()

        async def work(uow: UnitOfWork) -> DrawRow:
            earlier = await uow.draws.of_section(case.project, case.section)
            previous = earlier[-1].k if earlier else None
            body = {"section": section, "round": len(earlier) + 1, "previous": previous, "parties": parties}
            now = self.platform.now()
            entry = sign_all(draft("request", now, body), {"platform": self.platform.log.key})
            k = await log.append(uow, entry)
            row = DrawRow(
                id=name,
                k=k,
                project_id=case.project,
                section=case.section,
                round=len(earlier) + 1,
                previous=previous,
                agency_id="agency",
                requested_by="alice",
                mode="live",
                state="requested",
                live=True,
                request={},
                evaluation_from=case.evaluation.since,
                evaluation_to=case.evaluation.until,
                created_at=now,
                updated_at=now,
            )
            await uow.draws.add(row)
            await uow.draws.add_entry(name, log_index=k, entry_type="request")
            return row

        return await self.platform.database.transact(work)

    async def prepare(self, uow: UnitOfWork, _row: DrawRow) -> Prepared:
        pool = await uow.pools.get(POOL)
        assert pool is not None
        return Prepared(
            case=synthetic_pool.case(),
            rules=synthetic_pool.rules(),
            parameters=synthetic_pool.parameters(self.shape),
            pool=pool,
            beacon=self.beacon,
            override=self.override,
            opens_at=(self.clock.now + self.opens).strftime("%Y-%m-%dT%H:%M:%SZ"),
            invitations=self.invitations,
        )

    async def beacons(self, chain: str, number: int) -> Mapping[str, Any]:
        return self.rounds[chain, number]


async def scene(database: Database, folder: Path, *, shape: Shape | None = None) -> Scene:
    """A platform with a registered, cosigned log and a frozen pool of synthetic experts."""
    clock = Clock()
    made, keys = standing(database, folder, clock, shape=shape)
    await _register(made.platform, keys)
    await import_pool(
        made.platform,
        pool_id=POOL,
        basis="synthetic experts",
        records=synthetic_pool.experts(made.shape, 1),
    )
    return made


def standing(
    database: Database, folder: Path, clock: Clock, *, shape: Shape | None = None
) -> tuple[Scene, list[party_keys.PartyKeys]]:
    """The same platform and the keys of its nodes; nothing is stored in its database."""
    signing = SigningKey.from_seed(seeded("platform"))
    trust, keys = _keys(folder, signing)
    nodes = {role: _node(folder / role, one, trust, clock) for role, one in keys.items()}
    wires = {role: Wire(app=create_node_app(node)) for role, node in nodes.items()}
    clients = {role: httpx.AsyncClient(transport=wire) for role, wire in wires.items()}
    lines = {role: Line(_http(client, signing, clock)) for role, client in clients.items()}
    cosigners = [
        HttpCosigner(
            name=keys[role].name,
            public=keys[role].signing.public,
            url="http://node.test.example",
            client=clients[role],
        )
        for role in ("supervisor", "cosigner")
    ]
    platform = Platform(
        database=database,
        log=LogIdentity(origin=ORIGIN, key=signing),
        vrf=VrfKey.from_seed(seeded("platform vrf")),
        person_key=seeded("platform person"),
        custody=seeded("platform custody"),
        cosigners=cosigners,
        nodes=cast("dict[str, PartyNode]", {keys[r].signing.public.hex(): line for r, line in lines.items()}),
        packs=load_rule_packs(),
        clock=clock,
        random=Chance("platform"),
    )
    made = Scene(
        platform=platform,
        ceremony=cast("Ceremony", None),
        nodes=nodes,
        lines=lines,
        wires=wires,
        clock=clock,
        shape=shape or Shape(),
        trust=trust,
    )
    made.ceremony = Ceremony(platform, prepare=made.prepare, beacons=made.beacons)
    return made, list(keys.values())


def _keys(folder: Path, signing: SigningKey) -> tuple[Trust, dict[str, party_keys.PartyKeys]]:
    made = {
        role: party_keys.create(
            folder / role,
            role=role,
            name=f"{role}.test.example",
            seeds=b"".join(seeded(role, n) for n in range(3)),
        )
        for role in party_keys.ROLES
    }
    public = {str(role): (one.signing.public.hex(),) for role, one in made.items()}
    trust = Trust(origin=ORIGIN, keys={"platform": (signing.public.hex(),), **public})
    return trust, {str(role): one for role, one in made.items()}


def _node(folder: Path, keys: party_keys.PartyKeys, trust: Trust, clock: Clock) -> Node:
    book = Book(folder / "book.sqlite")
    accept(book, rules_digest(synthetic_pool.rules()))
    return Node(keys=keys, book=book, trust=trust, clock=clock, random=Chance(keys.role))


def _http(client: httpx.AsyncClient, signing: SigningKey, clock: Clock) -> HttpPartyNode:
    return HttpPartyNode(
        url="http://node.test.example", key=signing, client=client, clock=clock, random=Chance("nonce")
    )


async def _register(platform: Platform, keys: Sequence[party_keys.PartyKeys]) -> None:
    own: dict[str, Any] = {
        "role": "platform",
        "name": "platform.test.example",
        "public": platform.log.key.public.hex(),
        "vrf": platform.vrf.public.hex(),
        "seal": None,
    }
    bodies = [(own, platform.log.key), *((dict(one.identity()), one.signing) for one in keys)]

    async def work(uow: UnitOfWork) -> None:
        for body, key in bodies:
            entry = sign_all(
                draft("key", platform.now(), body), {"platform": platform.log.key, str(body["role"]): key}
            )
            index = await log.append(uow, entry)
            await uow.parties.add(Party(**body, url=None, entry_index=index))
        agency = next(body for body, _ in bodies if body["role"] == "agency")
        await uow.projects.add_agency(
            Agency(
                id="agency",
                name="Agency",
                org="uscc:91330000AGENCY0001",
                party=str(agency["public"]),
                created_at=platform.now(),
            )
        )
        case = synthetic_pool.case()
        await uow.projects.add(
            Project(
                id=case.project,
                section=case.section,
                agency_id="agency",
                owner="Owner",
                mode="live",
                document={},
                version=0,
                created_at=platform.now(),
                updated_at=platform.now(),
            )
        )

    await platform.database.transact(work)
