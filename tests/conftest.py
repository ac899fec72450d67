"""Ground of all tests: they stay on this machine and get databases of their own; a missing browser is named.

Fixtures: `postgres_url` and `sqlite_url` (an empty database each), `database_url` (each of the two in turn),
`postgres_server` (templates), `chromium` (the program), `browser` (playwright's, for one module),
`namespaces` (a machine that lets tests make networks of their own).
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from tests.alone import FILES, ROOT
from tests.support.chromium import HOW_TO, find_chromium, is_demanded, launch_options
from tests.support.loopback import guard_sockets
from tests.support.networks_names import obstacle
from tests.support.postgres import PostgresServer, running_postgres

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The machine's load is no property of the code under test.
settings.register_profile("qiantong", deadline=None, print_blob=True)
settings.load_profile("qiantong")
guard_sockets()
# Thousands of collected tests are looked through by every full collection: a tenth of the time of a test.
gc.set_threshold(20_000, 20, 100)
# Pools of tests are frozen and drawn from at once, in this process and in those it starts.
os.environ["QIANTONG_POOL_AGE_HOURS"] = "0"

NO_BROWSER = f"NO CHROMIUM FOUND: every browser test is LEFT OUT of this run; {HOW_TO}"


def pytest_report_header() -> str | None:
    """Say before the run that a part of it will be missing."""
    return None if find_chromium() else NO_BROWSER


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say it once more beside the verdict."""
    if find_chromium() is None:
        terminalreporter.write_sep("!", NO_BROWSER, red=True, bold=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the machine for itself."""
    for item in items:
        if str(item.path.relative_to(ROOT)) in FILES:
            item.add_marker("alone")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Address of an empty PostgreSQL database that lives as long as the test."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Address of an SQLite database file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'qiantong.sqlite'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Address of an empty database on each engine in turn: a test that asks for it runs twice."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser program; without one the test is left out, on a CI machine it fails."""
    program = find_chromium()
    if program is not None:
        return program
    if is_demanded():
        pytest.fail(f"no Chromium on a CI machine; {HOW_TO}")
    pytest.skip(NO_BROWSER)


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Network namespaces; where the machine refuses them the test is left out, on a CI machine it fails."""
    reason = obstacle()
    if reason is None:
        return
    if is_demanded():
        pytest.fail(f"no network namespaces on a CI machine: {reason}")
    pytest.skip(f"NO NETWORK NAMESPACES: every test of isolated sites is LEFT OUT of this run; {reason}")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> "Iterator[Browser]":
    """A headless browser for one module. Playwright's loop runs meanwhile: keep async tests elsewhere."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**launch_options(chromium))  # type: ignore[arg-type]
        yield running
        running.close()
