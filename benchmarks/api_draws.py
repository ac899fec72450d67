"""How many draws a second the platform's own part allows, on SQLite and on PostgreSQL.

    python benchmarks/api_draws.py [--draws 16] [--experts 10000] [--engines sqlite postgres]

One draw is request → commit → seal → escrow → reveal → result, each step logged and cosigned, over a pool of
which about one expert in seven is in scope (`narrow`) or all are (`whole`). Own part: everything but the
parties' nodes, so database, log, checkpoints, cells, pilot, signed requests to the nodes and checks of their
answers. The nodes are real (evidence checked, answers fixed on disk) and stand behind a transport that runs
them inside the event loop, so that their time is known and can be taken off: while one works, the platform
does not, except for a seal under way in a worker thread. HTTP sockets and the caller's preview are left out;
the preview stands in a line of its own.

Baseline in the same run and database: per draw six write transactions of one insert and one update each,
which is what six durable state changes cost when nothing else is done. Both databases write durably.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
from timing import machine, table, timed, verdict

from app.gateways.cosigners import HttpCosigner
from app.gateways.message_signatures import HttpMessage, verify
from app.gateways.parties import HttpPartyNode
from app.parties.cosigning import CheckpointCosigner, OtherSizeError
from app.parties.node import Node
from app.parties.server import DUTIES
from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.repositories.draws import DrawRow
from app.store.unit_of_work import Database, UnitOfWork
from app.usecases import log
from app.usecases.ceremony import Ceremony
from app.usecases.frozen_draws import Prepared
from app.usecases.platform import Platform
from app.usecases.pools import import_pool, load_snapshot
from crypto.canonical import canonical, parse
from draw.avoidance.engine import Engine
from draw.entries import Entry, Signature, draft, sign_all, to_json
from draw.model import DrawParameters
from draw.preview import preview
from draw.record import section_hash
from migrations.upgrade import upgrade
from tests.support import postgres, synthetic_pool
from tests.support.parties import Chance, Scene, scene
from tests.support.synthetic_pool import Shape

GOAL = 100.0
AT_ONCE = (1, 8)
ENGINES = ("sqlite", "postgres")
STEPS = ("requested", "committed", "sealed", "escrowed", "revealed", "drawn")
CIPHER = FieldCipher(current="k1", keys={"k1": bytes(range(32))}, tags=bytes(range(1, 33)))
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
URL = "http://node.test.example"
SEATS = Shape(strata=(3, 2, 2), sites=((1, 4),) * 3, cap=1)
# Per stratum the specialties, per site the last digits of the regions that it takes.
REQUESTS = {
    "narrow": (("1", "2", "3"), ("1", "2", "3")),
    "whole": (("123", "45", "67"), ("123", "456", "78")),
}


@dataclasses.dataclass(slots=True)
class Ledger:
    """Seconds that nodes worked, by the clock and of the processor."""

    seconds: float = 0.0
    cpu: float = 0.0


class Direct(httpx.AsyncBaseTransport):
    """A node without a network: its work is done, and timed, before the loop goes on."""

    def __init__(self, node: Node, ledger: Ledger) -> None:
        self._node, self._ledger = node, ledger
        keys, trust = node.keys, node.trust
        self._witness = CheckpointCosigner(
            book=node.book, name=keys.name, key=keys.signing, origin=trust.origin, log_public=trust.log_public
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The node's answer, once its work is done."""
        body = await request.aread()
        start, cpu = time.perf_counter(), time.thread_time()
        status, answer = self._work(request, body)
        self._ledger.seconds += time.perf_counter() - start
        self._ledger.cpu += time.thread_time() - cpu
        return httpx.Response(status, content=answer)

    def _work(self, request: httpx.Request, body: bytes) -> tuple[int, bytes]:
        now = self._node.clock()
        if request.url.path == "/add-checkpoint":
            try:
                return 200, self._witness.add_checkpoint(body, now=int(now.timestamp())).encode()
            except OtherSizeError as conflict:
                return 409, f"{conflict.size}\n".encode()
        message = HttpMessage(method=request.method, url=str(request.url), headers=dict(request.headers))
        public = self._node.trust.log_public
        verify(message, body, key_id=public.hex(), public=public, now=now)
        document = parse(body, max_bytes=len(body))
        assert isinstance(document, dict)
        _, _, k, duty = request.url.path.split("/")
        return 200, _told(DUTIES[duty][1](self._node, int(k), document))


def _told(result: Entry | Signature | bytes) -> bytes:
    if isinstance(result, bytes):
        return canonical({"sealed": result.hex()})
    if isinstance(result, Signature):
        line = {"role": result.role, "key": result.key.hex(), "signature": result.signature.hex()}
        return canonical({"signature": line})
    return canonical({"entry": to_json(result)})


def parameters(scope: str) -> DrawParameters:
    """Seven seats in three strata and three sites, over a part of the pool or over all of it."""
    base, (codes, regions) = synthetic_pool.parameters(SEATS), REQUESTS[scope]
    strata = [
        dataclasses.replace(one, prefixes=tuple(f"A{int(n):02d}" for n in numbers))
        for one, numbers in zip(base.strata, codes, strict=True)
    ]
    sites = [
        dataclasses.replace(one, regions=tuple(f"33010{n}" for n in numbers))
        for one, numbers in zip(base.sites, regions, strict=True)
    ]
    return dataclasses.replace(base, strata=tuple(strata), sites=tuple(sites))


@dataclasses.dataclass(slots=True, kw_only=True)
class Stage:
    """A platform that draws from one pool; `scope` is how much of it the next draws ask for."""

    platform: Platform
    cast: Scene
    ledger: Ledger
    scope: str
    numbers: Iterator[int]

    async def prepare(self, uow: UnitOfWork, row: DrawRow) -> Prepared:
        """The request made ready to seal."""
        pool = await uow.pools.get("city")
        assert pool is not None
        return Prepared(
            case=synthetic_pool.case(row.project_id),
            rules=synthetic_pool.rules(),
            parameters=parameters(self.scope),
            pool=pool,
            beacon=None,
            override=None,
            opens_at=self.platform.now(),
            invitations="elsewhere",
        )

    async def never(self, _chain: str, _number: int) -> dict[str, str]:
        """The beacons of draws without one."""
        raise AssertionError("no beacon was asked for")

    async def project(self) -> str:
        """A project of its own for a draw: a section has one live draw."""
        name = f"works-{next(self.numbers):06d}"
        async with self.platform.database.write() as uow:
            template = await uow.projects.get(synthetic_pool.case().project, "section-1")
            assert template is not None
            await uow.projects.add(dataclasses.replace(template, id=name))
        return name

    async def request(self, project: str) -> DrawRow:
        """The write part of a request: the entry in the log and the draw's row."""
        roles = {role: node.keys.signing.public.hex() for role, node in self.cast.nodes.items()}
        now, key = self.platform.now(), self.platform.log.key
        body = {
            "section": section_hash(project, "section-1").hex(),
            "round": 1,
            "previous": None,
            "parties": {**roles, "platform": key.public.hex()},
        }

        async def work(uow: UnitOfWork) -> DrawRow:
            k = await log.append(uow, sign_all(draft("request", now, body), {"platform": key}))
            row = dataclasses.replace(blank(project, now), k=k)
            await uow.draws.add(row)
            await uow.draws.add_entry(row.id, log_index=k, entry_type="request")
            return row

        return await self.platform.database.transact(work)


def blank(project: str, now: str) -> DrawRow:
    """A live first draw of a project."""
    return DrawRow(
        id=f"drw_{project}",
        k=None,
        project_id=project,
        section="section-1",
        round=1,
        previous=None,
        agency_id="agency",
        requested_by="alice",
        mode="live",
        state="requested",
        live=True,
        request={},
        created_at=now,
        updated_at=now,
    )


async def stage(database: Database, folder: Path, experts: int) -> Stage:
    """A platform with a pool in eight regions and seven specialties."""
    cast, ledger = await scene(database, folder), Ledger()
    signing = cast.platform.log.key
    clients = {role: httpx.AsyncClient(transport=Direct(node, ledger)) for role, node in cast.nodes.items()}
    nodes = {
        node.keys.signing.public.hex(): HttpPartyNode(
            url=URL, key=signing, client=clients[role], clock=cast.clock, random=Chance(f"nonce {role}")
        )
        for role, node in cast.nodes.items()
    }
    cosigners = [
        HttpCosigner(
            name=cast.nodes[role].keys.name,
            public=cast.nodes[role].keys.signing.public,
            url=URL,
            client=clients[role],
        )
        for role in ("supervisor", "cosigner")
    ]
    platform = dataclasses.replace(cast.platform, nodes=nodes, cosigners=cosigners)
    crowd = Shape(strata=(1,) * 7, sites=((0, 1),) * 8, experts=experts, employers=max(40, experts // 20))
    await import_pool(
        platform, pool_id="city", basis="synthetic experts", records=synthetic_pool.experts(crowd, 1)
    )
    return Stage(platform=platform, cast=cast, ledger=ledger, scope="narrow", numbers=iter(range(10**6)))


async def at_once(work: Callable[[str], Awaitable[object]], projects: list[str], width: int) -> None:
    """`work` on every project, `width` at a time."""
    waiting = iter(projects)

    async def worker() -> None:
        for project in waiting:
            await work(project)

    await asyncio.gather(*(worker() for _ in range(width)))


async def drawn(one: Stage, project: str) -> None:
    """One draw from request to result."""
    ceremony = Ceremony(one.platform, prepare=one.prepare, beacons=one.never)
    row = await ceremony.run((await one.request(project)).id)
    assert row.state == "drawn"


async def empty(one: Stage, project: str) -> None:
    """Six transactions of one insert and one update."""
    row = blank(project, one.platform.now())
    for number in range(1, len(STEPS) + 1):
        fresh = dataclasses.replace(row, id=f"{row.id}_{number}", round=100 + number, live=False)
        async with one.platform.database.write() as uow:
            await uow.draws.add(fresh)
            await uow.draws.advance(fresh.id, expected=0, state="aborted", updated_at=row.updated_at)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Draws a second: own part, with the nodes, the baseline's; processor time of a draw's own part."""

    own: float
    whole: float
    empty: float
    cpu_ms: float


async def rates(one: Stage, draws: int, width: int) -> Rates:
    """Measure `draws` draws and as many empty ones, `width` at a time."""
    projects = [await one.project() for _ in range(draws)]
    start = time.perf_counter()
    await at_once(lambda project: empty(one, project), projects, width)
    base = time.perf_counter() - start
    nodes, node_cpu = one.ledger.seconds, one.ledger.cpu
    start, cpu = time.perf_counter(), time.process_time()
    await at_once(lambda project: drawn(one, project), projects, width)
    total, cpu = time.perf_counter() - start, time.process_time() - cpu
    nodes, node_cpu = one.ledger.seconds - nodes, one.ledger.cpu - node_cpu
    return Rates(
        own=draws / (total - nodes),
        whole=draws / total,
        empty=draws / base,
        cpu_ms=1000 * (cpu - node_cpu) / draws,
    )


async def by_step(one: Stage, draws: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds of every step, one draw at a time: own part, nodes."""
    taken: dict[str, list[tuple[float, float]]] = {step: [] for step in STEPS}
    for _ in range(draws):
        project, row = await one.project(), None
        ceremony = Ceremony(one.platform, prepare=one.prepare, beacons=one.never)
        for step in STEPS:
            before, start = one.ledger.seconds, time.perf_counter()
            row = await one.request(project) if row is None else row
            row = await ceremony.run(row.id, until=step)
            nodes = one.ledger.seconds - before
            taken[step].append((time.perf_counter() - start - nodes, nodes))
    return {
        step: (1000 * statistics.median(own for own, _ in all_), 1000 * statistics.median(n for _, n in all_))
        for step, all_ in taken.items()
    }


async def preview_ms(one: Stage) -> float:
    """The agency's look before the request, over the whole pool, milliseconds."""
    async with one.platform.database.read() as uow:
        snapshot = await load_snapshot(uow, "city", 1)
    asked, rules = parameters(one.scope), synthetic_pool.rules()
    engine = Engine(synthetic_pool.case(), rules, asked)
    counts, seconds = timed(lambda: preview(snapshot.records, engine, asked, rules))
    assert not counts.shortfalls
    return 1000 * seconds


@contextlib.asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    """An empty database with the schema."""
    engine = make_engine(url)
    await upgrade(engine)
    database = Database(engine, CIPHER)
    try:
        yield database
    finally:
        await database.dispose()


async def measure(engine: str, url: str, folder: Path, given: argparse.Namespace) -> list[list[object]]:
    """The lines of one database; its steps are printed on the way."""
    lines: list[list[object]] = []
    async with database_at(url) as database:
        one = await stage(database, folder, given.experts)
        await drawn(one, await one.project())  # warm
        for name in REQUESTS:
            one.scope = name
            steps = await by_step(one, max(3, given.draws // 4))
            print(
                f"{engine}, {name}, one at a time: milliseconds per step; preview {await preview_ms(one):.1f}"
            )
            own, nodes = (sum(pair[at] for pair in steps.values()) for at in (0, 1))
            steps["sum"] = (own, nodes)
            table(["step", "own", "nodes"], [[step, *pair] for step, pair in steps.items()])
            for width in AT_ONCE:
                found = await rates(one, given.draws, width)
                met = verdict(found.own, GOAL, at_least=True)
                figures = [found.own, found.whole, found.cpu_ms, found.empty]
                lines.append([engine, name, width, *figures, f"{found.own / found.empty:.3f}x", met])
    return lines


def main() -> None:
    """Measure each database in turn."""
    parser = argparse.ArgumentParser(description="Draws a second, the platform's own part")
    parser.add_argument("--draws", type=int, default=16, help="per line of the table")
    parser.add_argument("--experts", type=int, default=10_000)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    given = parser.parse_args()
    print(f"draws a second from a pool of {given.experts}; {machine()}\n")
    postgres.SETTINGS.update(DURABLE)
    lines: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="qiantong-bench-") as name, contextlib.ExitStack() as stack:
        for engine in given.engines:
            folder = Path(name) / engine
            folder.mkdir()
            url = f"sqlite:///{folder / 'platform.sqlite'}"
            if engine == "postgres":
                server = stack.enter_context(postgres.running_postgres())
                url = server.url(server.create())
            lines += asyncio.run(measure(engine, url, folder, given))
    head = [
        "database",
        "scope",
        "at once",
        "own/s",
        "with nodes/s",
        "own cpu ms",
        "empty/s",
        "own is",
        "own/s",
    ]
    table(head, lines)


if __name__ == "__main__":
    main()
