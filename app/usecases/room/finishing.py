"""Work that is brought to its end although whoever waits for it is cancelled.

A transaction that is cut off leaves a connection that nobody hands back, and a decision that is stored but
told to nobody. So a room's courses end between such works, never inside one.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def finished(work: Awaitable[T]) -> T:
    """The result of `work`; any cancellation waits until it has ended. Its failure is then nobody's."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()
        raise
