"""Databases and log parties for integration tests: whoever asks for `database` runs on both engines."""

import asyncio
import json
import multiprocessing
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
import structlog

from app import logs
from app.store.engine import make_engine
from app.store.field_cipher import FieldCipher
from app.store.unit_of_work import Database
from app.usecases.log import LogIdentity
from crypto.signing import SigningKey
from migrations.upgrade import upgrade
from tests.support.arriving import Arriving, set_arriving
from tests.support.arriving_world import World, enter, make_world
from tests.support.calling import Calling, calling_over, set_calling
from tests.support.cosigner import InMemoryCosigner
from tests.support.grounds import GROUNDS, Set, Templates, stage_again
from tests.support.postgres import PostgresServer
from tests.support.rooms_served import Room, cast_of, served, set_seated
from tests.support.service import Ground, Service, beside, service, service_again
from tests.support.stage import Stage, set_stage
from tests.support.troubles import set_asked

Play = Callable[[Stage], Awaitable[Arriving]]
Copied = Callable[[str, Play], tuple[World, str]]
ORIGIN = "log.test.example"
CIPHER = FieldCipher(current="k1", keys={"k1": bytes(range(32))}, tags=bytes(range(1, 33)))


def migrate(url: str) -> None:
    async def work() -> None:
        engine = make_engine(url)
        await upgrade(engine)
        await engine.dispose()

    asyncio.run(work())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating once per test would be most of the time."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def templates() -> Templates:
    """SQLite files with grounds, and what else belongs to the copies of a ground."""
    return Templates()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated_url(
    request: pytest.FixtureRequest,
    templates: Templates,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Address of a migrated database of its own, on each engine in turn, with the ground of the fixture that
    asks for one.
    """
    ground = next((name for name in GROUNDS if name in request.fixturenames), "")
    key = f"{request.param} {ground}"
    if request.param == "sqlite":
        if key not in templates.files:
            file = tmp_path_factory.mktemp("ground") / "qiantong.sqlite"
            shutil.copy(request.getfixturevalue("sqlite_template"), file)
            templates.lay(key, ground, f"sqlite:///{file}", file.parent / "parties", CIPHER)
            templates.files[key] = file
        for file in templates.files[key].parent.glob("qiantong.sqlite*"):
            shutil.copy(file, tmp_path)
        yield templates.copied(key, f"sqlite:///{tmp_path / 'qiantong.sqlite'}")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")

    def fill(url: str) -> None:
        migrate(url)
        templates.lay(key, ground, url, tmp_path_factory.mktemp("ground") / "parties", CIPHER)

    name = server.create(template=server.template(f"ground {ground}", fill))
    yield templates.copied(key, server.url(name))
    server.drop(name)


@pytest.fixture
def service_ground(migrated_url: str, templates: Templates) -> Ground | None:
    """Of the database of a test that asks for `api`; None where a file makes databases of its own."""
    return templates.grounds.get(migrated_url)


@pytest.fixture
def stage_ground(migrated_url: str, templates: Templates) -> Set | None:
    """Of the database of a test that asks for `stage`; None where a file makes databases of its own."""
    return templates.grounds.get(migrated_url)


@pytest.fixture
def calling_ground(migrated_url: str, templates: Templates) -> Set | None:
    """Of the database of a test that asks for `calling`; None where a file makes databases of its own."""
    return templates.grounds.get(migrated_url)


@pytest.fixture
async def database(migrated_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """A migrated database."""
    one = Database(make_engine(migrated_url), CIPHER)
    yield one
    await one.dispose()


@pytest.fixture
async def second_server(migrated_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """The same database as another server process holds it: own connections, own lock."""
    one = Database(make_engine(migrated_url), CIPHER)
    yield one
    await one.dispose()


@pytest.fixture(scope="session")
def forks() -> ForkServerContext:
    """Processes that start from a clean one with the product's modules loaded: a real exec would take
    seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.preloaded"])
    return context


@pytest.fixture
def platform() -> SigningKey:
    return SigningKey.from_seed(b"P" * 32)


@pytest.fixture
def log_identity(platform: SigningKey) -> LogIdentity:
    return LogIdentity(origin=ORIGIN, key=platform)


@pytest.fixture
def cosigners(platform: SigningKey) -> list[InMemoryCosigner]:
    """Supervisor and cosigner, in the order of the signature lines."""
    return [
        InMemoryCosigner(name, SigningKey.from_seed(seed * 32), origin=ORIGIN, log_public=platform.public)
        for name, seed in (("supervisor.example", b"S"), ("cosigner.example", b"W"))
    ]


@pytest.fixture
async def api(database: Database, service_ground: Ground | None, tmp_path: Path) -> AsyncIterator[Service]:
    """The API over a platform with real party nodes; see `tests.support.service`."""
    folder = tmp_path / "parties"
    if service_ground is None:
        made = await service(database, folder)
    else:
        made = service_again(database, folder, service_ground)
    yield made
    await made.client.aclose()


@pytest.fixture
async def second_api(api: Service, second_server: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """A second server of the same installation."""
    made = beside(api, second_server, tmp_path / "second")
    yield made
    await made.client.aclose()


@pytest.fixture
async def stage(
    database: Database, stage_ground: Set | None, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Stage]:
    """A platform and its three nodes on one clock; see `tests.support.stage`."""
    if stage_ground is None:
        one = await set_stage(database, tmp_path)
    else:
        one = await stage_again(stage_ground, database, tmp_path)
    yield one
    await one.one.client.aclose()


@pytest.fixture
async def calling(database: Database, calling_ground: Set | None, tmp_path: Path) -> Calling:
    """A campaign on a stage; see `tests.support.calling`."""
    if calling_ground is not None:
        return calling_over(await stage_again(calling_ground, database, tmp_path))
    return await set_calling(await set_stage(database, tmp_path))


@pytest.fixture(scope="session")
def ocds_works() -> dict[str, object]:
    """A genuine OCDS release package (Open Government Licence)."""
    path = Path(__file__).parents[1] / "support" / "ocds-works.json"
    value: dict[str, object] = json.loads(path.read_bytes())
    return value


@pytest.fixture(scope="session")
def worlds() -> dict[str, World]:
    """People about to arrive, by engine; made when the first test asks."""
    return {}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def copied(
    request: pytest.FixtureRequest,
    worlds: dict[str, World],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Copied]:
    """Gives a world by its name, and the address of a copy of its database, on each engine in turn."""
    server: PostgresServer | None = None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
    made: list[str] = []

    def copy(name: str, play: Play) -> tuple[World, str]:
        key = f"{request.param} {name}"
        if server is None:
            if key not in worlds:
                file = tmp_path_factory.mktemp("world") / "qiantong.sqlite"
                shutil.copy(request.getfixturevalue("sqlite_template"), file)
                worlds[key] = make_world(f"sqlite:///{file}", file.parent / "parties", CIPHER, play)
            for file in worlds[key].folder.parent.glob("qiantong.sqlite*"):
                shutil.copy(file, tmp_path)
            return worlds[key], f"sqlite:///{tmp_path / 'qiantong.sqlite'}"

        def fill(url: str) -> None:
            migrate(url)
            worlds[key] = make_world(url, tmp_path_factory.mktemp("world") / "parties", CIPHER, play)

        made.append(server.create(template=server.template(name, fill)))
        return worlds[key], server.url(made[-1])

    yield copy
    for one in made:
        if server is not None:
            server.drop(one)


@pytest.fixture
def world_url(copied: Copied) -> tuple[World, str]:
    """The morning on which people arrive."""
    return copied("arriving", set_arriving)


@pytest.fixture
def asked_url(copied: Copied) -> tuple[World, str]:
    """The moment at which five experts were asked."""
    return copied("asked", set_asked)


@pytest.fixture
async def asked(asked_url: tuple[World, str], tmp_path: Path, anyio_backend: str) -> AsyncIterator[Arriving]:
    """Five experts were asked a moment ago; see `tests.support.troubles`."""
    async for one in _entered(asked_url, tmp_path):
        yield one


@pytest.fixture
async def beside_asked(
    asked: Arriving, asked_url: tuple[World, str], anyio_backend: str
) -> AsyncIterator[Database]:
    """The database of `asked` as another server process holds it."""
    one = Database(make_engine(asked_url[1]), CIPHER)
    yield one
    await one.dispose()


@pytest.fixture
async def arriving(
    world_url: tuple[World, str], tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Arriving]:
    """People about to arrive at two sites; see `tests.support.arriving`."""
    async for one in _entered(world_url, tmp_path):
        yield one


async def _entered(found: tuple[World, str], folder: Path) -> AsyncIterator[Arriving]:
    world, url = found
    database = Database(make_engine(url), CIPHER)
    made = await enter(world, database, folder / "parties")
    yield made
    await made.client.aclose()
    await database.dispose()


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the program writes to its logs, as it would."""
    written: list[str] = []

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        written.append(json.dumps(event, ensure_ascii=False, default=str))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, logs.censored, keep])
    yield written
    structlog.configure(**before)


@pytest.fixture
def seated_url(copied: Copied) -> tuple[World, str]:
    """The moment at which everybody of two sites sits."""
    return copied("seated", set_seated)


@pytest.fixture
async def room(seated_url: tuple[World, str], tmp_path: Path, anyio_backend: str) -> AsyncIterator[Room]:
    """A server on which an evaluation room may be opened; see `tests.support.rooms_served`."""
    async for arriving in _entered(seated_url, tmp_path):
        async with served(arriving, cast_of(seated_url[0].folder), tmp_path) as one:
            yield one


@pytest.fixture
async def beside_room(
    room: Room, seated_url: tuple[World, str], anyio_backend: str
) -> AsyncIterator[Database]:
    """The database of `room` as another server process holds it."""
    one = Database(make_engine(seated_url[1]), CIPHER)
    yield one
    # Whoever serves the room from this database ends before it does.
    await room.close()
    await one.dispose()
