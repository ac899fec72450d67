"""A platform that is told to stop ends in bounded time and leaves nothing running, at whatever moment it is
told and whatever its worker waits for.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import serving
from app.composition import Installation, installation, open_database
from app.serving import address_of, listen, served
from app.settings import Settings
from migrations.upgrade import upgrade
from tests.support.cancelling import CancelledAt

pytestmark = pytest.mark.anyio
# Bounds the test, not the code: far more than either needs.
PATIENCE_SECONDS = 60
KIND = "test.waits"


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Installation]:
    settings = Settings(data=tmp_path, worker_seconds=0.05)
    database = open_database(settings)
    await upgrade(database.engine)
    await database.dispose()
    async with installation(settings) as found:
        yield found


class Job:
    """A timer's job that waits until `answered`: for a party that takes its time."""

    def __init__(self) -> None:
        self.begun, self.answered = asyncio.Event(), asyncio.Event()
        self.cut = self.done = False

    async def __call__(self, _context: object, _subject: str, _due_at: str) -> None:
        self.begun.set()
        try:
            await self.answered.wait()
        except asyncio.CancelledError:
            self.cut = True
            raise
        self.done = True


@pytest.fixture
async def job(one: Installation, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Due at once."""
    made = Job()
    monkeypatch.setattr(serving, "HANDLERS", {KIND: made})
    now = one.platform.now()
    await one.platform.database.transact(lambda uow: uow.timers.set(KIND, "subject", now))
    return made


async def serve_until(one: Installation, leave: asyncio.Event) -> None:
    with listen("127.0.0.1", 0) as listener:
        async with served(one, listener):
            await leave.wait()


async def others() -> set[str]:
    """The names of what runs beside this task."""
    return {repr(one.get_coro()) for one in asyncio.all_tasks() - {asyncio.current_task()}}


async def test_a_pass_under_way_is_finished_before_the_platform_stops(one: Installation, job: Job) -> None:
    leave = asyncio.Event()
    running = asyncio.create_task(serve_until(one, leave))
    await job.begun.wait()
    leave.set()
    await asyncio.sleep(0)
    assert not running.done()
    job.answered.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await running
    assert (job.done, job.cut) == (True, False)


async def test_a_pass_that_waits_for_somebody_who_never_answers_is_cut_off(
    one: Installation, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.5)
    leave, before = asyncio.Event(), await others()
    running = asyncio.create_task(serve_until(one, leave))
    await job.begun.wait()
    leave.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await running
    assert (job.done, job.cut) == (False, True)
    assert await others() == before


async def test_who_is_interrupted_again_while_waiting_for_the_pass_cuts_it_off(
    one: Installation, job: Job
) -> None:
    before = await others()
    running = asyncio.create_task(serve_until(one, asyncio.Event()))
    await job.begun.wait()
    for _time in range(2):
        running.cancel()
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert (job.done, job.cut) == (False, True)
    assert await others() == before


async def test_an_interrupt_at_any_moment_of_serving_and_writing_ends_everything(one: Installation) -> None:
    before, moment, interrupted = await others(), 0, True

    async def whole() -> None:
        with listen("127.0.0.1", 0) as listener:
            async with served(one, listener):
                await one.client.get(f"{address_of(listener)}/v1/log/checkpoint")
                await one.platform.database.transact(
                    lambda uow: uow.timers.set("test.moment", "subject", "2999-01-01T00:00:00Z")
                )

    while interrupted:
        moment += 1
        counted = CancelledAt(whole(), first=moment, times=1)

        async def awaited(counted: CancelledAt = counted) -> None:
            await counted

        async with asyncio.timeout(PATIENCE_SECONDS):
            ended = (await asyncio.gather(asyncio.create_task(awaited()), return_exceptions=True))[0]
        interrupted = moment <= counted.suspended
        assert isinstance(ended, asyncio.CancelledError) == interrupted
        assert await others() == before
        async with asyncio.timeout(PATIENCE_SECONDS), one.platform.database.write() as uow:
            await uow.timers.set("test.free", "subject", "2999-01-01T00:00:00Z")
    # Opening the connection, the answer, the write and the stop at the least.
    assert moment > 6
