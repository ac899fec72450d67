"""Ctrl-C during the demonstration: whoever started it, whatever it is doing, and whatever its processes do,
it ends and leaves none of them.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.composition import installation, open_database
from app.demo.accounts import open_accounts
from app.demo.callers import Staff
from app.demo.children import Children
from app.demo.interrupts import heeding_interrupts
from app.demo.outside import Outside
from app.demo.run import Plan, _Around, _meet
from app.parties.keys import ROLES
from app.serving import address_of, listen
from app.settings import Settings
from migrations.upgrade import upgrade
from tests.support.demonstration import running

PROGRAM = (sys.executable, "-m", "app.cli.main")
PATIENCE_SECONDS = 60
# What a shell without job control does to what it puts into the background.
BACKGROUND = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
FOLDERS = (*ROLES, "carrier", "devices")


@pytest.fixture
def ignored() -> Iterator[None]:
    """As a process that inherited an ignored SIGINT."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignored")
def test_an_interrupt_that_the_parent_had_ignored_counts_and_is_ignored_again_afterwards() -> None:
    with pytest.raises(KeyboardInterrupt), heeding_interrupts():
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("ignored")
def test_an_ignored_interrupt_counts_inside_of_a_loop_too() -> None:
    async def whole() -> None:
        signal.raise_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt), heeding_interrupts():
        asyncio.run(whole())


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("parent", "steps"), [(BACKGROUND, 1), ((), 3), (BACKGROUND, 5)], ids=["before", "keys", "contacts"]
)
def test_an_interrupt_in_any_step_ends_all_processes(
    tmp_path: Path, parent: Sequence[str], steps: int
) -> None:
    process = subprocess.Popen(
        [*parent, *PROGRAM, "demo", "--out", str(tmp_path / "out"), "--port", "0", "--experts", "100"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if f"({steps}/" in line:
            break
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(PATIENCE_SECONDS) == 130
    finally:
        process.kill()
        process.stdout.close()
    assert running([str(tmp_path / "out" / one) for one in FOLDERS]) == []


class Heard(Children):
    """Says when somebody begins to listen."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self.listening = threading.Event()

    def identities(self) -> list[dict[str, Any]]:
        self.listening.set()
        return super().identities()


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_interrupt_ends_a_demonstration_whose_parties_never_say_a_word(tmp_path: Path) -> None:
    plan = Plan(out=tmp_path, experts=100, tender=None, request=None, serve=False, port=0)
    settings = Settings(data=tmp_path / "platform")

    async def whole(around: _Around, children: Heard) -> None:
        meeting = asyncio.create_task(_meet(plan, settings, around))
        await asyncio.to_thread(children.listening.wait)
        meeting.cancel()
        await meeting

    with (
        listen("127.0.0.1", 0) as listener,
        Heard(tmp_path) as children,
        Outside(tmp_path, reports=address_of(listener)) as outside,
    ):
        for party in children._processes._running.values():
            os.kill(party.pid, signal.SIGSTOP)
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(whole(_Around(children, outside, listener), children))
        assert running([str(tmp_path / one) for one in FOLDERS]) == []


@pytest.mark.anyio
async def test_accounts_are_opened_though_a_machine_takes_a_minute_between_two_looks_at_the_clock(
    tmp_path: Path,
) -> None:
    """The first code of a second factor was refused when a loaded machine let two of its steps go by."""
    settings = Settings(data=tmp_path)
    database = open_database(settings)
    await upgrade(database.engine)
    await database.dispose()
    seen = [datetime(2026, 1, 5, 1, tzinfo=UTC)]

    def slow() -> datetime:
        seen.append(seen[-1] + timedelta(seconds=60))
        return seen[-1]

    async with installation(settings) as one:
        slowly = replace(one, platform=replace(one.platform, clock=slow))
        (account,) = await open_accounts(slowly, [Staff(person="carol", role="operator")])
    assert account.login == "carol"
