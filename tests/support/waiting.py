"""Waiting with a limit, for tests and their clients."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(seconds: float, awaited: Awaitable[T]) -> T:
    """What is awaited, or TimeoutError after so many seconds.

    Until Python 3.12 `asyncio.wait_for` loses a cancellation that comes at the moment of the result, so a
    loop of short waits inside a long limit could turn for ever.
    """
    async with asyncio.timeout(seconds):
        return await awaited
