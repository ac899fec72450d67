"""The worker as its own process, killed with SIGKILL in the middle of its work; the provider at a port."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from app.store.engine import make_engine
from app.store.field_cipher import load_or_create
from app.store.unit_of_work import Database
from app.times import to_text
from app.usecases.delivery.outbox import enqueue
from tests.support.delivery import message, phones_in

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]
MESSAGES = 300
PATIENCE_SECONDS = 60


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Killing a process tests leases, which run on both engines in `test_outbox`; here SQLite's file too."""
    folder: Path = request.getfixturevalue("tmp_path")
    template: Path = request.getfixturevalue("sqlite_template")
    copy = folder / "qiantong.sqlite"
    copy.write_bytes(template.read_bytes())
    return f"sqlite:///{copy}"


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[dict[str, str]]:
    people = tmp_path / "people.json"
    people.write_text(json.dumps({"others": {"does": "accept"}}))
    command = [sys.executable, "-m", "app.cli.main", "simulate", "gateway", "--port", "0"]
    command += [
        "--people",
        str(people),
        "--key",
        str(tmp_path / "sim.key"),
        "--reports",
        "http://127.0.0.1:9",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said: dict[str, str] = json.loads(process.stdout.readline())
    yield said
    process.terminate()
    process.wait(10)
    process.stdout.close()


def gateways(folder: Path, simulator: dict[str, str]) -> Path:
    file = folder / "gateways.toml"
    places = ("id", "to", "text", "expires_at")
    body = ", ".join(f'{place} = "{{{place}}}"' for place in places)
    file.write_text(
        f'[[gateway]]\nname = "sms.test"\nkind = "sms"\nurl = "{simulator["address"]}/sms.test/sms"\n'
        f'report_key = "{simulator["report_key"]}"\nbody = {{{body}}}\n'
        'answer = {pointer = "/code", delivered = [0], busy = [9]}\n'
    )
    return file


@pytest.fixture
def workers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are gone at the end of the test, whatever happened."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for one in started:
        one.kill()
        one.communicate()


def start_worker(folder: Path, url: str, file: Path) -> subprocess.Popen[bytes]:
    wanted = {
        "QIANTONG_DATA": str(folder),
        "QIANTONG_DATABASE": url,
        "QIANTONG_GATEWAYS": str(file),
        "QIANTONG_WORKER_SECONDS": "0.05",
        "QIANTONG_QUIET_HOURS": "00:00-00:00",
    }
    command = [sys.executable, "-m", "app.cli.main", "work"]
    return subprocess.Popen(command, env=os.environ | wanted, stderr=subprocess.PIPE)


def start_server(folder: Path, url: str) -> subprocess.Popen[bytes]:
    wanted = {"QIANTONG_DATA": str(folder), "QIANTONG_DATABASE": url}
    command = [sys.executable, "-m", "app.cli.main", "serve", "--port", "0"]
    return subprocess.Popen(command, env=os.environ | wanted, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def figures(simulator: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = httpx.get(f"{simulator['address']}/figures", trust_env=False).json()
    return found


def wait_for(simulator: dict[str, str], number: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while figures(simulator)["messages"] < number:
        assert time.monotonic() < end, figures(simulator)


async def test_killed_in_the_middle_a_second_process_finishes_and_nobody_is_told_twice(
    migrated_url: str,
    tmp_path: Path,
    simulator: dict[str, str],
    workers: list[subprocess.Popen[bytes]],
) -> None:
    settings = Settings(data=tmp_path, database=migrated_url)
    database = Database(make_engine(migrated_url), load_or_create(settings.keys / "fields.json"))
    now = datetime.now(UTC)
    times = {"not_before": to_text(now), "expires_at": to_text(now + timedelta(hours=2))}

    async def work(uow: Any) -> None:
        for number in range(MESSAGES):
            await enqueue(uow, message(number, **times))

    await database.transact(work)
    file = gateways(tmp_path, simulator)
    first = start_worker(tmp_path, migrated_url, file)
    workers.append(first)
    wait_for(simulator, 20)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert figures(simulator)["messages"] < MESSAGES
    await _let_leases_run_out(database)
    second = start_worker(tmp_path, migrated_url, file)
    workers.append(second)
    wait_for(simulator, MESSAGES)
    end = time.monotonic() + PATIENCE_SECONDS
    while (await _states(database)) != {"delivered": MESSAGES}:
        assert time.monotonic() < end
    second.send_signal(signal.SIGTERM)
    _, logged = second.communicate(timeout=10)
    assert second.returncode == 0
    assert phones_in(logged.decode()) == []
    found = figures(simulator)
    assert found["handed over"] - found.get("repeated", 0) == found["messages"] == MESSAGES
    await database.dispose()


async def test_a_server_works_its_outbox_too_and_ends_cleanly_when_told_to(
    migrated_url: str, tmp_path: Path, workers: list[subprocess.Popen[bytes]]
) -> None:
    settings = Settings(data=tmp_path, database=migrated_url)
    database = Database(make_engine(migrated_url), load_or_create(settings.keys / "fields.json"))
    now = datetime.now(UTC)
    times = {"not_before": to_text(now), "expires_at": to_text(now + timedelta(hours=2)), "urgent": True}
    await database.transact(lambda uow: enqueue(uow, message(1, **times)))
    server = start_server(tmp_path, migrated_url)
    workers.append(server)
    end = time.monotonic() + PATIENCE_SECONDS
    while await _states(database) != {"sent": 1}:
        assert time.monotonic() < end
    server.send_signal(signal.SIGTERM)
    said, logged = server.communicate(timeout=20)
    assert server.returncode == 0, logged
    assert said.startswith(b"http://127.0.0.1:")
    (spooled,) = (tmp_path / "spool").glob("*.json")
    assert spooled.stem == message(1).id
    await database.dispose()


async def _let_leases_run_out(database: Database) -> None:
    """Two minutes pass for the rows that the dead process held."""
    past = to_text(datetime.now(UTC) - timedelta(seconds=1))
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE outbox SET lease_until = ? WHERE lease_until IS NOT NULL", (past,)
        )


async def _states(database: Database) -> dict[str, int]:
    async with database.read() as uow:
        return (await uow.outbox.figures(to_text(datetime.now(UTC))))[0]
