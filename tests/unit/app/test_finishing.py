"""Whoever is cancelled in the middle of a room's work leaves it whole."""

import asyncio

import pytest

from app.usecases.room.finishing import finished

pytestmark = pytest.mark.anyio


async def test_a_cancelled_wait_ends_after_the_work() -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await go_on.wait()
        done.append(True)

    waiting = asyncio.create_task(finished(work()))
    await begun.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == [True]


async def test_a_failure_reaches_whoever_still_waits_and_nobody_else() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        raise ValueError("room")

    go_on.set()
    with pytest.raises(ValueError, match="room"):
        await finished(work())
    begun.clear()
    go_on.clear()
    waiting = asyncio.create_task(finished(work()))
    await begun.wait()
    waiting.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
