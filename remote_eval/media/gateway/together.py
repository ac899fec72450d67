"""Waiting for several calls at once, without losing a cancellation."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*calls: Coroutine[Any, Any, T]) -> list[T]:
    """What each call gives, in their order, once all have ended; raises the first failure.

    By itself `asyncio.gather` gives the failure of one call in the place of a cancellation that comes at that
    moment: whoever catches the failure goes on, and whoever cancelled waits for ever.
    """
    found = []
    for one in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(one, BaseException):
            raise one
        found.append(one)
    return found
