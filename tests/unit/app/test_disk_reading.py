"""Reading whole recordings beside everything else that wants a thread."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from app.usecases.room.disk_reading import read_whole

pytestmark = pytest.mark.anyio
# Bounds the test, not the code.
PATIENCE_SECONDS = 10
# More than asyncio's own threads on any machine.
MANY = 64


class Disk:
    """Reads until nobody waits for it any more."""

    def __init__(self) -> None:
        self.begun, self.left = threading.Event(), threading.Event()

    def __call__(self, ended: Callable[[], bool]) -> None:
        self.begun.set()
        while not ended():
            pass
        self.left.set()


async def test_whoever_asks_for_many_rooms_at_once_takes_nobodys_thread() -> None:
    disk, freed = threading.Event(), threading.Event()

    def slow(_ended: Callable[[], bool]) -> int:
        disk.set()
        freed.wait(PATIENCE_SECONDS)
        return 1

    reading = [asyncio.create_task(read_whole(slow)) for _ in range(MANY)]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.to_thread(disk.wait)
        assert not any(one.done() for one in reading)
    finally:
        freed.set()
    assert sum(await asyncio.gather(*reading)) == MANY


async def test_whoever_does_not_wait_any_more_ends_the_reading() -> None:
    disk = Disk()
    reading = asyncio.create_task(read_whole(disk))
    assert await asyncio.to_thread(disk.begun.wait, PATIENCE_SECONDS)
    assert not disk.left.is_set()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await asyncio.to_thread(disk.left.wait, PATIENCE_SECONDS)


async def test_what_the_reading_raises_is_told() -> None:
    def broken(_ended: Callable[[], bool]) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await read_whole(broken)
